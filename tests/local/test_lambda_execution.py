"""Gaps 1, 2, 3 and 23, compared with the formats of AWS's documentation and of real logs."""

from __future__ import annotations

import json
import re
import time

import pytest

from local.instance import Instance
from tests.local.functions import Function, deploy, package, role, unique

SOURCE = """import json, logging, os, sys, time
from decimal import Decimal

logger = logging.getLogger("orders")
calls = 0

def handler(event, context):
    global calls
    calls += 1
    return globals()[event["do"]](event, context)

def count(event, context):
    return calls

def fail(event, context):
    raise ValueError("no such order")

def talk(event, context):
    logger.warning("two\\nlines")
    logging.info("below the level")
    print("plain")
    sys.stderr.write("unfinished")

def fill(event, context):
    block = bytearray(event["mb"] * 1024 * 1024)
    block[::4096] = b"x" * len(block[::4096])
    return len(block)

def sleep(event, context):
    print("before")
    time.sleep(event["seconds"])

def leave(event, context):
    os._exit(event["status"])

def answer(event, context):
    return {"set": {1}, "decimal": Decimal("1.5")}[event["kind"]]

def stop(event, context):
    print("caf\u00e9")
    exit(4)

def look(event, context):
    return {
        "environment": dict(os.environ),
        "remaining": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "stream": context.log_stream_name,
    }
"""

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
MS = r"\d+\.\d\d ms"
COLD_REPORT = re.compile(
    rf"REPORT RequestId: {ID}\tDuration: {MS}\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
    rf"Max Memory Used: \d+ MB\tInit Duration: {MS}\t\n"
)
WARM_REPORT = re.compile(
    rf"REPORT RequestId: {ID}\tDuration: {MS}\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
    r"Max Memory Used: \d+ MB\t\n"
)


@pytest.fixture(scope="module")
def function(embedded_aws: Instance) -> Function:
    return deploy(embedded_aws, SOURCE, Timeout=2)


def test_a_cold_and_a_warm_call_are_reported_in_one_stream(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, SOURCE)
    cold = function.invoke({"do": "count"})
    warm = function.invoke({"do": "count"})
    assert (cold.payload, warm.payload) == (1, 2)
    start, first, end, report = function.log()[:4]
    assert re.fullmatch(
        r"INIT_START Runtime Version: python:3\.13\.v\d+\tRuntime Version ARN: "
        r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n",
        start,
    )
    assert first == f"START RequestId: {cold.request_id} Version: $LATEST\n"
    assert end == f"END RequestId: {cold.request_id}\n"
    assert COLD_REPORT.fullmatch(report)
    assert WARM_REPORT.fullmatch(function.log()[-1])
    (stream,) = function.streams()
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert cold.tail == "".join(function.log()[:4])


def test_init_is_not_part_of_the_duration_but_of_the_billed_duration(embedded_aws: Instance) -> None:
    function = deploy(
        embedded_aws, "import time\ntime.sleep(1.2)\ndef handler(event, context): pass", Timeout=1
    )
    report = function.invoke().tail.splitlines()[-1]
    fields = dict(re.findall(r"([A-Z][A-Za-z ]+): ([\d.]+) ms", report))
    assert float(fields["Duration"]) < 500
    assert float(fields["Init Duration"]) > 1200
    assert int(fields["Billed Duration"]) >= 1200


def test_an_exception_has_its_own_type_and_leaves_the_environment_warm(function: Function) -> None:
    before = function.invoke({"do": "count"}).payload
    answer = function.invoke({"do": "fail"})
    assert answer.error == "Unhandled"
    assert answer.payload == {
        "errorMessage": "no such order",
        "errorType": "ValueError",
        "requestId": answer.request_id,
        "stackTrace": [
            '  File "/var/task/app.py", line 10, in handler\n'
            '    return globals()[event["do"]](event, context)\n',
            '  File "/var/task/app.py", line 16, in fail\n    raise ValueError("no such order")\n',
        ],
    }
    (event,) = [message for message in function.log() if message.startswith("[ERROR]")]
    assert event == (
        "[ERROR] ValueError: no such order\n"
        "Traceback (most recent call last):\n"
        '\u00a0\u00a0File "/var/task/app.py", line 10, in handler\n'
        '\u00a0\u00a0\u00a0\u00a0return globals()[event["do"]](event, context)\n'
        '\u00a0\u00a0File "/var/task/app.py", line 16, in fail\n'
        '\u00a0\u00a0\u00a0\u00a0raise ValueError("no such order")'
    )
    assert function.invoke({"do": "count"}).payload == before + 2


def test_the_root_logger_writes_one_event_per_record(function: Function) -> None:
    answer = function.invoke({"do": "talk"})
    logged = [message for message in function.log() if answer.request_id in message or "plain" in message]
    instant = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(rf"\[WARNING\]\t{instant}\t{answer.request_id}\ttwo\nlines\n", logged[1])
    assert logged[2] == "plain\n"
    assert "unfinished\n" in function.log()
    assert not any("below the level" in message for message in function.log())


@pytest.mark.parametrize(
    ("handler", "source", "error_type", "message"),
    [
        (
            "missing.handler",
            "",
            "ImportModuleError",
            "Unable to import module 'missing': No module named 'missing'",
        ),
        (
            "app.handler",
            "import daily",
            "ImportModuleError",
            "Unable to import module 'app': No module named 'daily'",
        ),
        (
            "app.handler",
            "import moto",
            "ImportModuleError",
            "Unable to import module 'app': No module named 'moto'",
        ),
        ("app.absent", "", "HandlerNotFound", "Handler 'absent' missing on module 'app'"),
        (
            "app.handler",
            "def (:",
            "UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
    ],
)
def test_a_failing_init_is_tried_twice_and_named(
    embedded_aws: Instance, handler: str, source: str, error_type: str, message: str
) -> None:
    function = deploy(embedded_aws, source, Handler=handler)
    answer = function.invoke()
    kind = f"Runtime.{error_type}"
    assert answer.payload["errorType"] == kind
    assert answer.payload["errorMessage"] == message
    log = function.log()
    errors = [event for event in log if event.startswith("[ERROR]")]
    assert len(errors) == 2
    assert errors[0].startswith(f"[ERROR] {kind}: {message}\nTraceback (most recent call last):")
    reports = [event for event in log if event.startswith("INIT_REPORT")]
    phases = [
        re.fullmatch(
            rf"INIT_REPORT Init Duration: {MS}\tPhase: (\w+)\tStatus: error\tError Type: {kind}\n", event
        )
        for event in reports
    ]
    assert [phase and phase[1] for phase in phases] == ["init", "invoke"]
    assert log[-1].endswith(f" MB\tStatus: error\tError Type: {kind}\n")


def test_an_answer_that_is_no_json_is_a_marshal_error(function: Function) -> None:
    answer = function.invoke({"do": "answer", "kind": "set"})
    assert answer.payload["errorType"] == "Runtime.MarshalError"
    text = "Unable to marshal response: Object of type set is not JSON serializable"
    assert answer.payload["errorMessage"] == text
    assert function.invoke({"do": "answer", "kind": "decimal"}).payload == 1.5


def test_a_function_that_exceeds_its_memory_is_killed(function: Function) -> None:
    started = time.monotonic()
    answer = function.invoke({"do": "fill", "mb": 300})
    assert time.monotonic() - started < 1
    assert answer.error == "Unhandled"
    message = f"RequestId: {answer.request_id} Error: Runtime exited with error: signal: killed"
    assert answer.payload == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert f"{message}\nRuntime.ExitError\n" in function.log()
    report = answer.tail.splitlines()[-1]
    assert report.endswith(
        "\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory"
    )


def test_the_next_call_after_a_kill_repeats_init_as_a_part_of_itself(function: Function) -> None:
    function.invoke({"do": "fill", "mb": 300})
    answer = function.invoke({"do": "count"})
    assert answer.payload == 1
    assert "INIT_START" not in answer.tail
    assert WARM_REPORT.fullmatch(answer.tail.splitlines(keepends=True)[-1])
    assert len(function.streams()) == 1


def test_memory_used_is_reported_and_more_memory_cures(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, SOURCE, MemorySize=512)
    answer = function.invoke({"do": "fill", "mb": 300})
    assert answer.payload == 300 * 1024 * 1024
    used = re.search(r"Memory Size: 512 MB\tMax Memory Used: (\d+) MB", answer.tail)
    assert used
    assert 300 <= int(used[1]) <= 350


def test_a_version_keeps_its_own_memory(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, SOURCE)
    published = function.lambda_.publish_version(FunctionName=function.name)["Version"]
    function.lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=published)
    function.update(MemorySize=512)
    assert function.invoke({"do": "fill", "mb": 300}).error is None
    by_alias = function.invoke({"do": "fill", "mb": 300}, Qualifier="live")
    assert by_alias.payload["errorType"] == "Runtime.ExitError"
    assert f"START RequestId: {by_alias.request_id} Version: {published}\n" in by_alias.tail
    assert any(f"[{published}]" in stream for stream in function.streams())


def test_a_function_that_exceeds_its_time_is_killed(function: Function) -> None:
    function.update(Timeout=1)
    answer = function.invoke({"do": "sleep", "seconds": 5})
    message = f"RequestId: {answer.request_id} Error: Task timed out after 1.00 seconds"
    assert answer.payload == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    instant = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    line = rf"{instant} {answer.request_id} Task timed out after 1\.00 seconds\n\n"
    log = function.log()
    assert any(re.fullmatch(line, event) for event in log)
    assert "before\n" in log
    assert re.search(r"\tDuration: 1000\.00 ms\t.*\tStatus: timeout\n$", log[-1])


@pytest.mark.parametrize(
    ("status", "reason"),
    [(3, "Runtime exited with error: exit status 3"), (0, "Runtime exited without providing a reason")],
)
def test_a_function_that_ends_its_process(function: Function, status: int, reason: str) -> None:
    answer = function.invoke({"do": "leave", "status": status})
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"] == f"RequestId: {answer.request_id} Error: {reason}"
    assert answer.tail.endswith("\tStatus: error\tError Type: Runtime.ExitError\n")


def test_the_builtins_and_encodings_of_an_ordinary_interpreter(function: Function) -> None:
    answer = function.invoke({"do": "stop"})
    assert answer.payload["errorMessage"].endswith("Runtime exited with error: exit status 4")
    assert "caf\u00e9\n" in answer.tail


def test_state_machine_tasks_have_request_ids_of_their_own(
    embedded_aws: Instance, function: Function
) -> None:
    direct = function.invoke({"do": "look"})
    task = {"Type": "Task", "Resource": function.arn, "ResultPath": "$.seen", "Next": "Second"}
    second = {**task, "ResultPath": "$.again", "End": True}
    del second["Next"]
    definition = {"StartAt": "First", "States": {"First": task, "Second": second}}
    states = embedded_aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=unique("machine"),
        definition=json.dumps(definition),
        roleArn=role(embedded_aws),
        type="EXPRESS",
    )
    output = json.loads(
        states.start_sync_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps({"do": "look"})
        )["output"]
    )
    assert direct.payload["request_id"] == direct.request_id
    ids = {direct.request_id, output["seen"]["request_id"], output["again"]["request_id"]}
    assert len(ids) == 3


def test_a_function_sees_what_lambda_documents_and_nothing_of_the_server(function: Function) -> None:
    function.update(Environment={"Variables": {"TABLE": "orders"}}, Timeout=2)
    answer = function.invoke({"do": "look"}).payload
    environment = answer["environment"]
    assert environment["TABLE"] == "orders"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == function.log_group
    assert environment["AWS_LAMBDA_LOG_STREAM_NAME"] == answer["stream"]
    assert environment["_HANDLER"] == "app.handler"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["TZ"] == ":UTC"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"AUTH", "GATEWAY_PORT", "LOCAL_PERIOD_SCALE", "CLOUDTRAIL_RECORDING"} & set(environment)
    assert answer["memory"] == "128"
    assert answer["arn"] == function.arn
    assert 1500 < answer["remaining"] <= 2000


def test_a_json_log_has_platform_records(embedded_aws: Instance) -> None:
    function = deploy(embedded_aws, SOURCE, LoggingConfig={"LogFormat": "JSON"})
    answer = function.invoke({"do": "talk"})
    records = [json.loads(message) for message in function.log() if message.startswith("{")]
    kinds = [record.get("type") or record["message"] for record in records]
    assert kinds == ["platform.initStart", "platform.start", "two\nlines", "platform.report"]
    start, logged, report = records[1:]
    assert start["record"] == {"requestId": answer.request_id, "version": "$LATEST"}
    assert (logged["level"], logged["logger"], logged["requestId"]) == (
        "WARNING",
        "orders",
        answer.request_id,
    )
    metrics = report["record"]["metrics"]
    assert set(metrics) == {
        "durationMs",
        "billedDurationMs",
        "memorySizeMB",
        "maxMemoryUsedMB",
        "initDurationMs",
    }
    assert report["record"]["status"] == "success"


def test_a_json_log_of_a_kill(embedded_aws: Instance) -> None:
    logging = {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    function = deploy(embedded_aws, SOURCE, LoggingConfig=logging)
    function.invoke({"do": "fill", "mb": 300})
    done, report = map(json.loads, function.log())
    assert (done["type"], report["type"]) == ("platform.runtimeDone", "platform.report")
    assert report["record"]["status"] == "error"
    assert report["record"]["errorType"] == "Runtime.OutOfMemory"


def test_layers_are_importable_and_the_last_one_wins(embedded_aws: Instance) -> None:
    client = embedded_aws.client("lambda")
    layers = [
        client.publish_layer_version(LayerName=unique("layer"), Content={"ZipFile": package("", **files)})
        for files in (
            {
                "python/tools.py": "NAME = 'first'",
                "python/lib/python3.13/site-packages/deep.py": "NAME = 'deep'",
            },
            {"python/tools.py": "NAME = 'second'"},
        )
    ]
    function = deploy(
        embedded_aws,
        "import deep, tools\ndef handler(event, context): return [deep.NAME, tools.NAME]",
        Layers=[layer["LayerVersionArn"] for layer in layers],
    )
    assert function.invoke().payload == ["deep", "second"]


def test_a_silent_call_is_quick(function: Function) -> None:
    function.invoke({"do": "count"})
    times = []
    for _ in range(20):
        started = time.monotonic()
        function.lambda_.invoke(FunctionName=function.name, Payload=b'{"do": "count"}')
        times.append(time.monotonic() - started)
    assert min(times) < 0.04  # the emulator alone waits 50 ms for a line that never comes
