"""Lambda's real log lines, in every form that AWS and its runtimes write, become invocations and errors."""

import json
from datetime import UTC, datetime, timedelta
from math import isfinite

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Invocation, Status
from auto_repair.domain.log_lines import FunctionLog, LogLine, read_log, version_of

ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
OTHER = "5e8e1e2e-2f7b-41d6-8c6e-0d7f9a3b1c22"
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
STREAM = "2026/01/31/[$LATEST]f7108dfca11d48d8ba7321a9b4fe4b02"
INIT = "INIT_REPORT Init Duration: 229.22 ms\tPhase: {}\tStatus: error\tError Type: {}"
IMPORT_ERROR = (
    "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'daily'\r"
    "Traceback (most recent call last):"
)


def log(*messages: str, stream: str = STREAM) -> FunctionLog:
    """The messages, one second apart, as one environment's log."""
    return read_log(
        LogLine(START + timedelta(seconds=i), message, stream) for i, message in enumerate(messages)
    )


def only(*messages: str) -> Invocation:
    """The single invocation that these messages tell of."""
    invocations = log(*messages).invocations
    assert len(invocations) == 1
    return invocations[0]


def report(request_id: str = ID, size: int = 128, used: int = 64, tail: str = "") -> str:
    """A REPORT line as AWS writes it, tabs and all."""
    return (
        f"REPORT RequestId: {request_id}\tDuration: 12.34 ms\tBilled Duration: 310 ms\t"
        f"Memory Size: {size} MB\tMax Memory Used: {used} MB\t{tail}"
    )


def test_report_line_with_every_field() -> None:
    run = only(
        f"START RequestId: {ID} Version: 7\n",
        f"END RequestId: {ID}\n",
        report(tail="Init Duration: 297.10 ms\t\nXRAY TraceId: 1-5e3-8b\tSegmentId: 4f2\tSampled: true\t\n"),
    )
    assert (run.request_id, run.duration_ms, run.memory_size_mb, run.max_memory_used_mb, run.init_ms) == (
        ID,
        12.34,
        128,
        64,
        297.10,
    )
    assert (run.status, run.error_type, run.killed, run.timeout_s) == (Status.SUCCESS, "", False, None)
    assert run.ended_at == START + timedelta(seconds=2)
    assert run.started_at == run.ended_at - timedelta(milliseconds=12.34)
    assert run.log_stream == STREAM


def test_report_line_with_duration_only_as_managed_instances_write_it() -> None:
    run = only(f"REPORT RequestId: {ID}\tDuration: 812 ms\t")
    assert (run.duration_ms, run.memory_size_mb, run.memory_share, run.init_ms) == (812.0, 0, 0.0, None)


def test_restored_snapshot_counts_as_a_cold_start() -> None:
    run = only(report(tail="Restore Duration: 412.10 ms\tBilled Restore Duration: 10 ms\t"))
    assert (run.duration_ms, run.init_ms) == (12.34, 412.10)


@pytest.mark.parametrize(
    ("stream", "version"),
    [
        (STREAM, "$LATEST"),
        ("2026/01/31/[24]cd5d0140e6a448a2b1099ff2105f2c3e", "24"),
        ("2026/01/31/orders-api[7]cd5d0140e6a448a2b1099ff2105f2c3e", "7"),
        ("something-else", "$LATEST"),
    ],
)
def test_version_comes_from_the_stream(stream: str, version: str) -> None:
    assert version_of(stream) == version
    assert log(report(), stream=stream).invocations[0].version == version


class TestTimeouts:
    def test_line_names_the_limit(self) -> None:
        run = only(
            f"START RequestId: {ID} Version: $LATEST",
            f"2026-01-31T12:00:45.998Z {ID} Task timed out after 45.05 seconds\n\n",
            f"END RequestId: {ID}",
            report(),
        )
        assert (run.status, run.timeout_s) == (Status.TIMEOUT, 45.05)

    def test_line_may_follow_the_report(self) -> None:
        run = only(
            f"START RequestId: {ID} Version: $LATEST",
            report(),
            f"2026-01-31T12:00:45.998Z {ID} Task timed out after 3.00 seconds\n\n",
        )
        assert (run.status, run.timeout_s) == (Status.TIMEOUT, 3.0)

    def test_line_in_the_words_of_the_answer(self) -> None:
        run = only(f"RequestId: {ID} Error: Task timed out after 3.00 seconds", report())
        assert (run.status, run.timeout_s, run.killed) == (Status.TIMEOUT, 3.0, False)

    def test_status_on_the_report_alone(self) -> None:
        run = only(report(tail="Status: timeout"))
        assert (run.status, run.timeout_s) == (Status.TIMEOUT, None)

    def test_words_of_the_customer_do_not_count(self) -> None:
        assert only("the vendor says: Task timed out after 3.00 seconds", report()).status is Status.SUCCESS

    def test_they_form_one_signature(self) -> None:
        errors = log(f"2026-01-31T12:00:45.998Z {ID} Task timed out after 3.00 seconds", report()).errors
        assert [(e.error_type, e.message) for e in errors] == [
            ("Sandbox.Timedout", "Task timed out after 3.00 seconds")
        ]


class TestOutOfMemory:
    def test_kill_after_the_report(self) -> None:
        run = only(
            f"START RequestId: {ID} Version: $LATEST",
            f"END RequestId: {ID}",
            report(size=2688, used=2581),
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
        )
        assert (run.status, run.killed, run.error_type) == (Status.ERROR, True, "Runtime.ExitError")
        assert run.memory_share == pytest.approx(0.96, abs=0.001)

    def test_kill_before_the_report(self) -> None:
        run = only(
            f"START RequestId: {ID} Version: $LATEST",
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\rRuntime.ExitError",
            report(),
        )
        assert (run.status, run.killed) == (Status.ERROR, True)

    def test_error_type_on_the_report_is_more_telling_than_the_exit(self) -> None:
        run = only(
            report(used=128, tail="Init Duration: 551.73 ms\tStatus: error\tError Type: Runtime.OutOfMemory"),
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
        )
        assert (run.status, run.error_type, run.killed) == (Status.ERROR, "Runtime.OutOfMemory", True)

    def test_crawling_into_the_timeout_keeps_both_facts(self) -> None:
        run = only(report(used=128, tail="Status: timeout"))
        assert (run.status, run.memory_share) == (Status.TIMEOUT, 1.0)

    def test_exit_without_kill_is_not_a_kill(self) -> None:
        run = only(
            f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError", report()
        )
        assert (run.status, run.killed, run.error_type) == (Status.ERROR, False, "Runtime.ExitError")

    def test_old_words(self) -> None:
        run = only(report(), f"RequestId: {ID} Process exited before completing request")
        assert (run.status, run.killed) == (Status.ERROR, False)

    def test_memory_error_of_the_code(self) -> None:
        run = only(
            f"START RequestId: {ID} Version: $LATEST",
            "[ERROR] MemoryError\rTraceback (most recent call last):\r"
            '\xa0\xa0File "/var/task/app.py", line 9, in handler\r\xa0\xa0\xa0\xa0grow()',
            report(),
        )
        assert (run.status, run.error_type) == (Status.ERROR, "MemoryError")

    def test_retry_with_the_same_request_id_is_an_invocation_of_its_own(self) -> None:
        first, second = log(
            f"START RequestId: {ID} Version: $LATEST",
            report(tail="Status: error\tError Type: Runtime.OutOfMemory"),
            f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            f"START RequestId: {ID} Version: $LATEST",
            report(),
        ).invocations
        assert (first.status, first.killed) == (Status.ERROR, True)
        assert (second.status, second.killed) == (Status.SUCCESS, False)


class TestStartUp:
    def test_error_line_beats_the_vague_type_of_init_report(self) -> None:
        found = log(
            "INIT_START Runtime Version: python:3.11.v39\tRuntime Version ARN: arn:aws:lambda:us-east-1::x",
            IMPORT_ERROR,
            INIT.format("init", "Runtime.Unknown"),
            IMPORT_ERROR,
            INIT.format("invoke", "Runtime.Unknown"),
            f"START RequestId: {ID} Version: $LATEST",
            "Unknown application error occurred\nRuntime.Unknown",
            f"END RequestId: {ID}",
            report(),
        )
        run = found.invocations[0]
        assert (run.status, run.error_type) == (Status.ERROR, "Runtime.ImportModuleError")
        assert [e.error_type for e in found.errors] == [
            "Runtime.ImportModuleError",
            "Runtime.ImportModuleError",
            "Runtime.Unknown",
        ]

    def test_init_report_alone_tells_the_type(self) -> None:
        run = only(
            INIT.format("init", "Runtime.HandlerNotFound"),
            report(tail="Status: error"),
        )
        assert (run.status, run.error_type) == (Status.ERROR, "Runtime.HandlerNotFound")

    def test_slow_start_that_succeeds_within_the_invoke_is_no_failure(self) -> None:
        found = log(
            "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout",
            f"START RequestId: {ID} Version: $LATEST",
            report(),
        )
        assert found.invocations[0].status is Status.SUCCESS
        assert [e.message for e in found.errors] == ["start-up failed, phase init: timeout"]

    def test_start_that_fails_once_and_then_works_is_no_failure(self) -> None:
        run = only(
            IMPORT_ERROR,
            INIT.format("init", "Runtime.Unknown"),
            f"START RequestId: {ID} Version: $LATEST",
            report(),
        )
        assert (run.status, run.error_type) == (Status.SUCCESS, "")

    def test_missing_library_ends_with_the_exit_error(self) -> None:
        run = only(
            "./func: /lib64/libc.so.6: version `GLIBC_2.32' not found (required by ./func)",
            INIT.format("init", "Runtime.ExitError"),
            INIT.format("invoke", "Runtime.ExitError"),
            f"START RequestId: {ID} Version: $LATEST",
            f"RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError",
            report(),
        )
        assert (run.status, run.error_type, run.killed) == (Status.ERROR, "Runtime.ExitError", False)

    def test_syntax_error(self) -> None:
        found = log(
            "[ERROR] Runtime.UserCodeSyntaxError: Syntax error in module 'app': invalid syntax"
            "\rTraceback (most recent call last):"
            '\r\xa0\xa0File "/var/task/app.py" Line 3\r\xa0\xa0\xa0\xa0def f(:',
            report(),
        )
        assert found.invocations[0].error_type == "Runtime.UserCodeSyntaxError"
        assert '"/var/task/app.py" Line 3' in found.errors[0].stack


class TestErrorsOfTheCode:
    def test_unhandled_exception_in_python(self) -> None:
        found = log(
            f"START RequestId: {ID} Version: $LATEST",
            "[ERROR] ValueError: two\nlines: here\rTraceback (most recent call last):\r"
            '\xa0\xa0File "/var/task/app.py", line 3, in handler\r\xa0\xa0\xa0\xa0raise ValueError',
            f"END RequestId: {ID}",
            report(),
        )
        assert (found.invocations[0].status, found.invocations[0].error_type) == (Status.ERROR, "ValueError")
        assert (found.errors[0].message, found.errors[0].handled) == ("two\nlines: here", False)
        assert "app.py" in found.errors[0].stack

    def test_logged_error_does_not_fail_the_invocation(self) -> None:
        found = log(
            f"START RequestId: {ID} Version: $LATEST",
            f"[ERROR]\t2026-01-31T12:00:00.161Z\t{ID}\tcould not reach the ledger\n",
            report(),
        )
        assert found.invocations[0].status is Status.SUCCESS
        assert [(e.message, e.request_id, e.handled) for e in found.errors] == [
            ("could not reach the ledger", ID, True)
        ]

    def test_logged_exception_tells_its_type(self) -> None:
        found = log(
            f"[ERROR]\t2026-01-31T12:00:00.161Z\t{ID}\tit failed\nTraceback (most recent call last):\n"
            '  File "/var/task/app.py", line 7, in handler\n    f()\nValueError: boom 42',
            report(),
        )
        assert (found.errors[0].error_type, found.errors[0].message) == ("ValueError", "boom 42")
        assert found.invocations[0].status is Status.SUCCESS

    def test_denied_call_that_the_handler_swallows(self) -> None:
        found = log(
            "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied", report()
        )
        assert (found.errors[0].error_type, found.errors[0].handled) == ("AccessDenied", True)

    def test_info_lines_that_mention_errors_are_no_errors(self) -> None:
        lines = (
            f"[INFO]\t2026-01-31T12:00:00.161Z\t{ID}\tfound 0 ERROR records",
            f"2026-01-31T12:00:00.161Z\t{ID}\tINFO\tERROR budget is fine",
            "[WARNING]\t2026-01-31T12:00:00.161Z\tx\tERROR page rendered",
        )
        assert log(*lines, report()).errors == ()

    def test_unhandled_rejection_in_node(self) -> None:
        error = {
            "errorType": "AssertionError",
            "errorMessage": "id is a mandatory field",
            "stack": ["AssertionError: id", "    at handler (/var/task/src/product.js:7:23)"],
        }
        found = log(
            f"2026-01-31T12:00:00.376Z\t{ID}\tERROR\tInvoke Error \t{json.dumps(error)}\n",
            report(),
        )
        run = found.invocations[0]
        assert (run.status, run.error_type) == (Status.ERROR, "AssertionError")
        assert found.errors[0].stack.endswith("(/var/task/src/product.js:7:23)")

    def test_syntax_error_in_node_names_no_request(self) -> None:
        error = {
            "errorType": "Runtime.UserCodeSyntaxError",
            "errorMessage": "SyntaxError: Unexpected end of input",
        }
        line = f"2026-01-31T12:00:00.463Z\tundefined\tERROR\tUncaught Exception \t{json.dumps(error)}"
        kind = error["errorType"]
        run = only(line, INIT.format("init", kind), line, INIT.format("invoke", kind), report())
        assert (run.status, run.error_type) == (Status.ERROR, "Runtime.UserCodeSyntaxError")

    def test_console_error_in_node_is_only_logged(self) -> None:
        found = log(f"2026-01-31T12:00:00.376Z\t{ID}\tERROR\tcould not parse the order", report())
        assert (found.invocations[0].status, found.errors[0].handled) == (Status.SUCCESS, True)

    def test_unhandled_exception_in_java(self) -> None:
        found = log(
            f"START RequestId: {ID} Version: $LATEST",
            "No such order: java.lang.IllegalStateException\njava.lang.IllegalStateException: No such order\n"
            "\tat com.example.Orders.handleRequest(Orders.java:17)\n"
            "\tat java.base/java.lang.Thread.run(Thread.java:1)",
            report(),
        )
        assert found.invocations[0].error_type == "java.lang.IllegalStateException"
        assert (found.errors[0].message, found.errors[0].handled) == ("No such order", False)

    def test_logged_exception_in_java_does_not_fail_the_invocation(self) -> None:
        found = log(
            "2026-01-31 12:00:00 ERROR Orders - giving up\njava.io.IOException: broken pipe\n"
            "\tat com.example.Orders.send(Orders.java:40)",
            report(),
        )
        assert found.invocations[0].status is Status.SUCCESS
        assert (found.errors[0].error_type, found.errors[0].handled) == ("java.io.IOException", True)

    def test_error_belongs_to_the_next_report_of_its_own_environment(self) -> None:
        lines = [
            LogLine(START, "[ERROR] ValueError: a\rTraceback (most recent call last):", "2026/01/31/[1]aa"),
            LogLine(START + timedelta(seconds=1), report(OTHER), "2026/01/31/[1]bb"),
            LogLine(START + timedelta(seconds=2), report(ID), "2026/01/31/[1]aa"),
        ]
        by_id = {run.request_id: run.status for run in read_log(lines).invocations}
        assert by_id == {OTHER: Status.SUCCESS, ID: Status.ERROR}


def platform(kind: str, **record: object) -> str:
    """A system event of the JSON log format."""
    return json.dumps({"time": "2026-01-31T12:00:00.581Z", "type": f"platform.{kind}", "record": record})


class TestJsonFormat:
    def test_report(self) -> None:
        metrics = {
            "durationMs": 693.92,
            "billedDurationMs": 694,
            "memorySizeMB": 128,
            "maxMemoryUsedMB": 84,
            "initDurationMs": 397.68,
        }
        run = only(
            platform("start", requestId=ID, version="$LATEST"),
            platform("report", requestId=ID, metrics=metrics, status="success"),
        )
        assert (run.duration_ms, run.memory_size_mb, run.max_memory_used_mb, run.init_ms) == (
            693.92,
            128,
            84,
            397.68,
        )
        assert run.status is Status.SUCCESS

    def test_report_without_status_or_memory(self) -> None:
        run = only(platform("report", requestId=ID, metrics={"durationMs": 12}))
        assert (run.status, run.memory_size_mb, run.duration_ms) == (Status.SUCCESS, 0, 12.0)

    def test_timeout(self) -> None:
        run = only(
            platform("runtimeDone", requestId=ID, status="timeout", metrics={"durationMs": 5001.182}),
            platform("report", requestId=ID, metrics={"durationMs": 5000.0}, status="timeout"),
        )
        assert (run.status, run.timeout_s) == (Status.TIMEOUT, None)

    def test_out_of_memory(self) -> None:
        run = only(
            platform(
                "report",
                requestId=ID,
                metrics={"durationMs": 800.1, "memorySizeMB": 128, "maxMemoryUsedMB": 128},
                status="error",
                errorType="Runtime.OutOfMemory",
            )
        )
        assert (run.status, run.error_type) == (Status.ERROR, "Runtime.OutOfMemory")

    def test_kill_told_by_the_fault_event(self) -> None:
        fault = {
            "time": "2026-01-31T12:00:00.581Z",
            "type": "platform.fault",
            "record": f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
        }
        run = only(json.dumps(fault), platform("report", requestId=ID, metrics={"durationMs": 1}))
        assert (run.status, run.killed, run.error_type) == (Status.ERROR, True, "Runtime.ExitError")

    def test_type_told_by_runtime_done_only(self) -> None:
        run = only(
            platform("runtimeDone", requestId=ID, status="error", errorType="Runtime.ExitError"),
            platform("report", requestId=ID, metrics={"durationMs": 1}),
        )
        assert (run.status, run.error_type) == (Status.ERROR, "Runtime.ExitError")

    def test_unhandled_exception_in_python(self) -> None:
        error = {
            "timestamp": "2026-01-31T12:00:00Z",
            "level": "ERROR",
            "errorMessage": "boom 42",
            "errorType": "ValueError",
            "requestId": ID,
            "stackTrace": ['  File "/var/task/app.py", line 7, in handler\n    f()\n'],
        }
        found = log(json.dumps(error), platform("report", requestId=ID, metrics={"durationMs": 1}))
        assert (found.invocations[0].status, found.invocations[0].error_type) == (Status.ERROR, "ValueError")
        assert (found.errors[0].message, found.errors[0].handled) == ("boom 42", False)

    def test_logged_exception_in_python_does_not_fail_the_invocation(self) -> None:
        record = {
            "level": "ERROR",
            "message": "it failed",
            "logger": "orders",
            "stackTrace": ["x"],
            "errorType": "ValueError",
            "errorMessage": "boom 42",
            "requestId": ID,
        }
        found = log(json.dumps(record), platform("report", requestId=ID, metrics={"durationMs": 1}))
        assert (found.invocations[0].status, found.errors[0].error_type) == (Status.SUCCESS, "ValueError")

    def test_unhandled_exception_in_node(self) -> None:
        record = {
            "timestamp": "2026-01-31T12:00:00.376Z",
            "level": "ERROR",
            "requestId": ID,
            "message": "Invoke Error Error: boom\n    at handler",
            "errorType": "Error",
            "errorMessage": "boom",
            "stackTrace": ["Error: boom", "    at handler (file:///var/task/index.mjs:3:9)"],
        }
        found = log(json.dumps(record), platform("report", requestId=ID, metrics={"durationMs": 1}))
        assert (found.invocations[0].status, found.errors[0].message) == (Status.ERROR, "boom")

    def test_error_object_as_the_message(self) -> None:
        record = {
            "level": "ERROR",
            "requestId": ID,
            "message": {
                "errorType": "TypeError",
                "errorMessage": "x is undefined",
                "stackTrace": ["TypeError"],
            },
        }
        error = log(json.dumps(record), platform("report", requestId=ID, metrics={"durationMs": 1})).errors[0]
        assert (error.error_type, error.message, error.stack) == ("TypeError", "x is undefined", "TypeError")

    def test_powertools_record_in_a_text_log(self) -> None:
        record = {
            "level": "ERROR",
            "message": "payment refused",
            "exception": 'Traceback (most recent call last):\n  File "/var/task/pay.py", line 4, in pay',
            "exception_name": "PaymentError",
            "function_request_id": ID,
        }
        found = log(json.dumps(record), report())
        assert (found.errors[0].error_type, found.errors[0].request_id) == ("PaymentError", ID)
        assert found.invocations[0].status is Status.SUCCESS

    def test_failed_start(self) -> None:
        found = log(
            platform("initReport", phase="init", status="timeout", metrics={"durationMs": 10000.487}),
            platform("report", requestId=ID, metrics={"durationMs": 1}, status="success"),
        )
        assert found.invocations[0].status is Status.SUCCESS
        assert found.errors[0].message == "start-up failed, phase init: timeout"

    def test_dropped_logs_are_counted(self) -> None:
        assert (
            log(platform("logsDropped", droppedBytes=12345, droppedRecords=123, reason="slow")).dropped == 123
        )

    @pytest.mark.parametrize(
        "line",
        ["{not json", "{}", '{"type":"platform.report"}', '{"type":"platform.report","record":{}}', "[1]"],
    )
    def test_broken_records_are_passed_over(self, line: str) -> None:
        found = log(line, report())
        assert len(found.invocations) == 1
        assert found.errors == ()


def test_order_of_arrival_does_not_matter() -> None:
    lines = [
        LogLine(START + timedelta(seconds=2), report(), STREAM),
        LogLine(START, f"START RequestId: {ID} Version: $LATEST", STREAM),
        LogLine(
            START + timedelta(seconds=1),
            f"2026-01-31T12:00:01Z {ID} Task timed out after 1.00 seconds",
            STREAM,
        ),
    ]
    assert read_log(lines).invocations[0].status is Status.TIMEOUT


def reported(**metrics: object) -> str:
    return json.dumps({"type": "platform.report", "record": {"requestId": ID, "metrics": metrics}})


@pytest.mark.parametrize(
    "line",
    [
        reported(durationMs=1, memorySizeMB=float("nan")),
        reported(durationMs=float("inf")),
        reported(durationMs=10**400),
        json.dumps({"type": "platform.logsDropped", "record": {"droppedRecords": float("inf")}}),
        '{"message":' + '{"a":' * 60_000 + "1" + "}" * 60_001,
        '{"level":"ERROR","message":' + "[" * 90_000,
        '{"level":"ERROR","errorType":"Bad\\ud800","message":"half a \\ud83d"}',
        f"REPORT RequestId: {ID}\tDuration: 1.2.3 ms\tMemory Size: 128 MB",
        f"REPORT RequestId: {ID}\tDuration: {'9' * 400} ms\tMemory Size: 128 MB",
        f"REPORT RequestId: {ID}\tDuration: 1.50 ms\tMemory Size: {'9' * 5_000} MB",
        f"2026-01-31T12:00:00Z {ID} Task timed out after 3.0.0 seconds",
        f'2026-01-31T12:00:00Z\t{ID}\tERROR\tInvoke Error\t{{"errorType":"E","stack":5}}',
    ],
    ids=str,
)
def test_no_line_that_code_prints_keeps_the_others_from_being_read(line: str) -> None:
    real = f"REPORT RequestId: {OTHER}\tDuration: 2.50 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
    told = log(line, real)
    assert told.invocations[-1].request_id == OTHER
    assert all(isfinite(run.duration_ms) for run in told.invocations)
    assert kept(told) == told


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"level": "ERROR", "errorType": "password=hunter2 " + "A" * 90_000, "message": "boom"}),
        platform("initReport", status="error", phase="init", errorType="password=hunter2" + "A" * 90_000),
    ],
    ids=("logged", "start-up"),
)
def test_what_is_called_the_type_of_an_error_tells_no_secret_and_is_short(line: str) -> None:
    (error,) = log(line).errors
    assert "hunter2" not in error.error_type
    assert 0 < len(error.error_type) <= 120


def kept(told: FunctionLog) -> FunctionLog:
    """As it is after it was stored."""
    return msgspec.json.decode(msgspec.json.encode(told), type=FunctionLog)


KEYS = st.sampled_from(
    [
        "type",
        "record",
        "metrics",
        "durationMs",
        "memorySizeMB",
        "maxMemoryUsedMB",
        "initDurationMs",
        "status",
        "requestId",
        "errorType",
        "errorMessage",
        "message",
        "level",
        "stackTrace",
        "droppedRecords",
        "phase",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
KINDS = ("start", "report", "runtimeDone", "initReport", "restoreReport", "logsDropped", "fault")


@given(st.dictionaries(KEYS, ANYTHING, max_size=8), st.sampled_from(KINDS), st.booleans())
def test_any_record_is_read_and_can_be_stored(
    record: dict[str, object], kind: str, is_platform: bool
) -> None:
    line = json.dumps(record | ({"type": f"platform.{kind}"} if is_platform else {"level": "ERROR"}))
    told = log(line)
    assert kept(told) == told
