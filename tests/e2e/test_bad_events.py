"""Events that nobody can act on: refused in words, on record, told once, and nothing else happens."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import ACCOUNT, REGION, STATE_MACHINE, Deployment, attribute, now
from tests.recorded_events import text_of

BYSTANDER = "undisturbed"
UNTOUCHED = ("healthy", "not-onboarded")
LONG = "n" * 200_000  # an execution takes 262,144 characters
BUS = "lambda-auto-repair-local"


def event(name: str, function: str = "healthy") -> Any:
    """A recorded event as it would arrive here and now."""
    text = text_of(name).replace("orders", function)
    document = json.loads(text.replace("123456789012", ACCOUNT).replace("eu-central-1", REGION))
    if "state" in document.get("detail", {}):
        document["detail"]["state"]["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
    return document


def changed(document: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """The document with another value at the end of that path."""
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return document


def without(document: dict[str, Any], *path: str) -> dict[str, Any]:
    """The document without what is at the end of that path."""
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return document


def alarm() -> Any:
    """An alarm of a healthy function."""
    return event("alarm_single_metric")


# What arrives → what people are told about it.
BAD = {
    "a text": ("please repair healthy", "a JSON str, not an object"),
    "a list": ([alarm()], "a JSON list, not an object"),
    "a number": (42, "a JSON int, not an object"),
    "null": (None, "a JSON NoneType, not an object"),
    "no field we know": ({"name": "healthy"}, "neither a CloudWatch alarm event"),
    "no detail": (without(alarm(), "detail"), "`detail`"),
    "no alarm name": (without(alarm(), "detail", "alarmName"), "`alarmName`"),
    "no state": (without(alarm(), "detail", "state"), "`state`"),
    "state is a list": (changed(alarm(), "detail", "state", to=["ALARM"]), "`$.detail.state`"),
    "metrics is a text": (
        changed(alarm(), "detail", "configuration", "metrics", to="Errors"),
        "`$.detail.configuration.metrics`",
    ),
    "time is a word": (changed(alarm(), "detail", "state", "timestamp", to="soon"), "'soon' is not a time"),
    "function name is a number": ({"functionName": 7, "manual": True}, "`$.functionName`"),
    "function name is a path": ({"functionName": "../healthy"}, "'../healthy' is not a Lambda function"),
    "alarm of a function that is not there": (
        event("alarm_single_metric", "no-such-function"),
        "there is no Lambda function 'no-such-function'",
    ),
    "manual start of a function that is not there": (
        {"functionName": "no-such-function", "alarmName": "x", "manual": True},
        "there is no Lambda function 'no-such-function'",
    ),
    "composite alarm of alarms that are not there": (
        event("alarm_composite", "no-such-function"),
        "lambda-errors-alarm-no-such-function is not there any more",
    ),
    "alarm on a metric of one's own": (
        changed(
            alarm(),
            *("detail", "configuration", "metrics", 0, "metricStat", "metric"),
            to={"namespace": "Shop", "name": "Backlog", "dimensions": {}},
        ),
        "Key=auto-repair:target,Value=my-function",
    ),
    "alarm that is over": (event("alarm_back_to_ok"), "only ALARM starts an incident"),
    "alarm of another region": (json.loads(text_of("alarm_single_metric")), "deploy one"),
    "200 KB of a state": (changed(alarm(), "detail", "state", "value", to=LONG), "only ALARM starts"),
}


@dataclass(frozen=True)
class Aftermath:
    """How everything ended."""

    ends: dict[str, dict[str, Any]]  # executions by the name of the bad event
    bystander: dict[str, Any]  # the execution of an incident that ran at the same time
    revisions: tuple[list[str], list[str]]  # of functions that must not change, before and after


@pytest.fixture(scope="module")
def aftermath(deployment: Deployment) -> Aftermath:
    """All bad events at once, while another function has a real incident."""
    before = revisions(deployment)
    with deployment.traffic(BYSTANDER, {"mb": 200}) as calls:
        wait_until(lambda: calls.tally.failed >= 5, seconds=30, what="failing runs")
        bystander = deployment.start({"functionName": BYSTANDER, "alarmName": "by hand", "manual": True})
        # A few at a time: each of them keeps its Lambda workers, and the next one finds them warm.
        with ThreadPoolExecutor(3) as pool:
            ended = pool.map(lambda bad: deployment.end_of(deployment.start(bad[0])), BAD.values())
            ends = dict(zip(BAD, ended, strict=True))
        end = deployment.end_of(bystander)
    return Aftermath(ends, end, (before, revisions(deployment)))


def revisions(deployment: Deployment) -> list[str]:
    """What changes with every change of the functions."""
    return [deployment.configuration(name)["RevisionId"] for name in UNTOUCHED]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_event_is_refused_in_words_on_record_and_told_once(
    deployment: Deployment, aftermath: Aftermath, name: str
) -> None:
    execution, (_, words) = aftermath.ends[name], BAD[name]
    assert execution["status"] == "SUCCEEDED", execution
    state = json.loads(execution["output"])
    incident = state["incident"]
    assert incident["disposition"] == "rejected"
    assert words in incident["problem"]

    (record,) = [
        item
        for item in deployment.diagnoses(incident["function_name"])
        if item["incidentId"]["S"] == incident["id"]
    ]
    assert record["diagnosisResult"]["S"] == "INVALID_EVENT"
    assert words in record["summary"]["S"]
    messages = [m for m in deployment.mail() if attribute(m, "incidentId") == incident["id"]]
    (message,) = messages
    assert words in message["Message"]
    assert len(message["Message"]) < 10_000
    assert state["notice"]["report"].startswith("s3://")


def test_nothing_is_changed_by_bad_events(deployment: Deployment, aftermath: Aftermath) -> None:
    before, after = aftermath.revisions
    assert before == after
    assert not deployment.repairs("unknown")
    assert not deployment.repairs("no-such-function")


def test_an_incident_of_another_function_is_repaired_meanwhile(
    deployment: Deployment, aftermath: Aftermath
) -> None:
    state = json.loads(aftermath.bystander["output"])
    assert state["verification"]["outcome"] == "repaired", state
    assert deployment.configuration(BYSTANDER)["MemorySize"] >= 256
    first, last = aftermath.bystander["startDate"], aftermath.bystander["stopDate"]
    assert any(first < end["stopDate"] < last for end in aftermath.ends.values())


def test_an_alarm_with_a_very_long_description_is_an_alarm_like_any_other(deployment: Deployment) -> None:
    document = changed(alarm(), "detail", "configuration", "description", to=LONG)
    execution = deployment.end_of(deployment.start(document))
    assert execution["status"] == "SUCCEEDED", execution
    state = json.loads(execution["output"])
    assert state["incident"]["disposition"] == "opened"
    assert state["plan"]["decision"] == "nothing"
    assert len(execution["output"]) < 20_000


def test_other_alarms_and_other_events_start_nothing(deployment: Deployment) -> None:
    cloudwatch, events = deployment.client("cloudwatch"), deployment.client("events")
    cloudwatch.put_metric_alarm(
        AlarmName="server-is-busy",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": "i-0123456789abcdef0"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=90,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName="shop-is-down", AlarmRule='ALARM("server-is-busy")')
    since = now()
    for name in ("server-is-busy", "shop-is-down"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="set by hand")
    answer = events.put_events(
        Entries=[
            entry("orders.service", json.dumps(alarm()["detail"])),
            entry("aws.cloudwatch", json.dumps(alarm()["detail"])),
            entry("orders.service", "[1]"),
        ]
    )
    errors = [result.get("ErrorCode") for result in answer["Entries"]]
    assert errors == [None, "NotAuthorizedForSourceException", "MalformedDetail"]

    # What comes after all that starts an incident, and nothing before it did.
    cloudwatch.set_alarm_state(
        AlarmName="lambda-errors-alarm-healthy", StateValue="ALARM", StateReason="set by hand"
    )
    deployment.end_of(deployment.execution("healthy", since))
    started = inputs(deployment, since)
    assert [text for text in started if "lambda-errors-alarm-healthy" in text] == started


def entry(source: str, detail: str) -> dict[str, str]:
    """An event for our own bus."""
    kind = "CloudWatch Alarm State Change"
    return {"Source": source, "DetailType": kind, "Detail": detail, "EventBusName": BUS}


def inputs(deployment: Deployment, since: datetime) -> list[str]:
    """What executions were started with."""
    machine = deployment.client("stepfunctions")
    executions = machine.list_executions(stateMachineArn=STATE_MACHINE)["executions"]
    recent = [e["executionArn"] for e in executions if e["startDate"] >= since]
    return [machine.describe_execution(executionArn=arn)["input"] for arn in recent]


def test_alarm_of_another_service_is_looked_into_and_changes_nothing(deployment: Deployment) -> None:
    alarm_of_a_server = event("alarm_of_another_service")
    ended = deployment.end_of(deployment.start(alarm_of_a_server))
    assert ended["status"] == "SUCCEEDED", ended
    state = json.loads(ended["output"])
    server = state["incident"]["function_name"]
    assert server.startswith("ec2:i-")
    assert state["diagnosis"]["verdict"] == "CANNOT_TELL"
    assert state["plan"]["decision"] == "nothing"
    assert len(deployment.diagnoses(server)) == 1
    assert deployment.repairs(server) == []
    assert len(deployment.messages(server)) == 1
