"""Incidents from fault to verified repair, on real functions that really fail.

Several incidents run at once, as they do in an account; each test looks at what became of its own.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import STATE_MACHINE, Deployment, now

AT_ONCE = 4
Document = dict[str, Any]


def call(
    deployment: Deployment, name: str, event: dict[str, Any], qualifier: str = "$LATEST"
) -> dict[str, Any]:
    """One synchronous call: the answer as boto3 gives it."""
    return dict(
        deployment.client("lambda").invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event))
    )


def broken(deployment: Deployment, name: str, event: Document, **traffic: Any) -> Document:
    """The incident of a function that fails under steady calls: its final state document."""
    since = now()
    with deployment.traffic(name, event, **traffic):
        return deployment.incident(name, since)


def outgrown_export(deployment: Deployment) -> Document:
    """The incident of work that has grown past its time limit, after a time of health."""
    # Far below the duration alarm's threshold (3.6 s): a busy machine must set off nothing too early.
    with deployment.traffic("fed-by-a-queue", {"seconds": 2.2}, per_second=3, callers=8):
        time.sleep(5)
    return broken(deployment, "fed-by-a-queue", {"seconds": 4.8}, per_second=3, callers=12)


STAGED: dict[str, Callable[[Deployment], Document]] = {
    "hog": lambda d: broken(d, "hog", {}),
    "fed-by-a-queue": outgrown_export,
    "needs-300-mb": lambda d: broken(d, "needs-300-mb", {"mb": 270}),
    "behind-an-alias": lambda d: broken(d, "behind-an-alias", {"mb": 200}, qualifier="live"),
    "leaks": lambda d: broken(d, "leaks", {}, per_second=6, callers=1),
    "raises": lambda d: broken(d, "raises", {"order": 7}),
    "watched-only": lambda d: broken(d, "watched-only", {"mb": 200}),
}


@dataclass(frozen=True)
class Staged:
    """An incident under way, and the function's configuration before it."""

    before: Document
    ending: "Future[Document]"

    @property
    def state(self) -> Document:
        """The state document with which it ended."""
        return self.ending.result()


@pytest.fixture(scope="module")
def incidents(deployment: Deployment) -> Iterator[dict[str, Staged]]:
    """All staged incidents by the name of their function."""
    before = {name: deployment.configuration(name) for name in STAGED}
    alias_users_gain_nothing_from_latest(deployment)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: Staged(before[name], pool.submit(stage, deployment)) for name, stage in STAGED.items()}


def test_a_function_that_needs_more_memory_gets_it_and_people_are_told(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name, event = "needs-300-mb", {"mb": 270}
    state = incidents[name].state
    assert state["verification"]["outcome"] == "repaired"
    memory = deployment.configuration(name)["MemorySize"]
    assert 300 <= memory <= 900
    assert all("FunctionError" not in call(deployment, name, event) for _ in range(20))

    last = deployment.repairs(name)[-1]
    assert last["status"]["S"] == "VERIFIED"
    assert int(last["previousMemory"]["N"]) < int(last["newMemory"]["N"]) == memory
    assert last["executedBy"]["S"]
    bucket, _, key = state["notice"]["report"].removeprefix("s3://").partition("/")
    page = deployment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert name in page
    assert f"{memory} MB" in page
    (message,) = wait_until(lambda: deployment.messages(name), seconds=10, what="the message")
    assert f"{memory} MB" in message["Message"]
    assert "128 MB" in message["Message"]


def alias_users_gain_nothing_from_latest(deployment: Deployment) -> None:
    """What a repair of `$LATEST` alone does for callers of an alias: nothing."""
    name, functions = "behind-an-alias", deployment.client("lambda")
    for memory in (512, 128):
        functions.update_function_configuration(FunctionName=name, MemorySize=memory)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
        answer = call(deployment, name, {"mb": 200}, "live")
        assert "Runtime.ExitError" in answer["Payload"].read().decode()


def test_callers_of_an_alias_are_helped_by_a_new_version(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name = "behind-an-alias"
    state = incidents[name].state
    assert state["verification"]["outcome"] == "repaired", state
    version = deployment.client("lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    assert version == state["repair"]["published_version"] != "1"
    assert deployment.configuration(name, version)["MemorySize"] >= 256
    assert "FunctionError" not in call(deployment, name, {"mb": 200}, "live")


def test_a_longer_timeout_moves_the_queue_with_it(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name = "fed-by-a-queue"
    state = incidents[name].state
    sqs = deployment.client("sqs")
    queue = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert state["verification"]["outcome"] == "repaired", state
    timeout = deployment.configuration(name)["Timeout"]
    assert timeout > 4.8
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    assert int(visibility["Attributes"]["VisibilityTimeout"]) >= 6 * timeout


def test_a_repair_that_does_not_help_goes_back_to_exactly_what_was(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name = "hog"
    state, before = incidents[name].state, incidents[name].before
    assert state["rollback"]["status"] == "done", state
    after = deployment.configuration(name)
    changing = ("RevisionId", "LastModified", "ResponseMetadata")
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert {item["status"]["S"] for item in deployment.repairs(name)} == {"ROLLED_BACK"}
    (message,) = wait_until(lambda: deployment.messages(name), seconds=10, what="the message")
    assert "128 MB" in message["Message"]


def test_a_leak_is_not_repaired_with_memory(deployment: Deployment, incidents: dict[str, Staged]) -> None:
    name = "leaks"
    state = incidents[name].state
    assert state["plan"]["decision"] == "advise", state
    assert state["diagnosis"]["hypotheses"][0]["failure_mode"] == "memory_leak"
    assert deployment.configuration(name)["MemorySize"] == 128


def test_an_exception_in_the_code_changes_nothing_and_says_why(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name = "raises"
    state, before = incidents[name].state, incidents[name].before["RevisionId"]
    assert state["diagnosis"]["hypotheses"][0]["failure_mode"] == "code_error"
    assert deployment.configuration(name)["RevisionId"] == before
    assert not [i for i in deployment.repairs(name) if i["status"]["S"] in ("EXECUTED", "VERIFIED")]
    (message,) = wait_until(lambda: deployment.messages(name), seconds=10, what="the message")
    assert "ValueError" in message["Message"]


def test_an_alarm_set_by_hand_on_a_healthy_function_ends_as_nothing_wrong(deployment: Deployment) -> None:
    name = "healthy"
    with deployment.traffic(name, {}):
        time.sleep(2)
    before, since = deployment.configuration(name)["RevisionId"], now()
    deployment.client("cloudwatch").set_alarm_state(
        AlarmName=f"lambda-errors-alarm-{name}", StateValue="ALARM", StateReason="set by hand"
    )
    state = deployment.incident(name, since)
    assert state["diagnosis"]["verdict"] == "NOTHING_WRONG"
    assert deployment.configuration(name)["RevisionId"] == before
    assert deployment.diagnoses(name)[-1]["diagnosisResult"]["S"] == "NOTHING_WRONG"


def test_mode_observe_changes_nothing_but_says_what_it_would_have_done(
    deployment: Deployment, incidents: dict[str, Staged]
) -> None:
    name = "watched-only"
    state = incidents[name].state
    assert state["plan"]["decision"] == "observe"
    assert deployment.configuration(name)["MemorySize"] == 128
    (item,) = deployment.repairs(name)
    assert item["status"]["S"] == "OBSERVED"
    assert int(item["newMemory"]["N"]) > 128


def test_one_alarm_event_delivered_five_times_is_one_incident_and_one_repair(deployment: Deployment) -> None:
    name, event = "five-times", {"mb": 200}
    events = deployment.client("events")
    machine = deployment.client("stepfunctions")
    since = now()
    # The alarm's own rule is held back, so that the five deliveries below are all there are.
    rule = {"Name": f"lambda-auto-repair-alarm-rule-{name}", "EventBusName": "lambda-auto-repair-local"}
    events.disable_rule(**rule)
    with deployment.traffic(name, event):
        alarm = wait_until(
            lambda: deployment.client("cloudwatch").describe_alarms(
                AlarmNames=[f"lambda-errors-alarm-{name}"], StateValue="ALARM"
            )["MetricAlarms"],
            seconds=60,
            what="the alarm",
        )[0]
        events.enable_rule(**rule)
        document = json.dumps(alarm_event(alarm))
        arns: list[str] = []

        def deliver() -> None:
            started = machine.start_execution(stateMachineArn=STATE_MACHINE, input=document)
            arn = started["executionArn"]
            arns.append(arn)

        threads = [threading.Thread(target=deliver) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ends = [json.loads(deployment.end_of(arn)["output"]) for arn in arns]
    dispositions = sorted(e["incident"]["disposition"] for e in ends)
    assert dispositions == ["duplicate"] * 4 + ["opened"]
    assert len({e["incident"]["id"] for e in ends}) == 1
    assert len({item["incidentId"]["S"] for item in deployment.repairs(name)}) == 1
    assert [i["status"]["S"] for i in deployment.repairs(name)].count("VERIFIED") == 1
    assert deployment.execution(name, since)


def alarm_event(alarm: dict[str, Any]) -> dict[str, Any]:
    """The event of that alarm, as EventBridge delivers it."""
    dimensions = {"FunctionName": alarm["AlarmName"].removeprefix("lambda-errors-alarm-")}
    metric = {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": dimensions}
    stamp = alarm["StateUpdatedTimestamp"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    return {
        "version": "0",
        "id": "2bde4d91-9d5c-4b4e-a8a7-7b1c0f2f9f10",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "000000000000",
        "time": alarm["StateUpdatedTimestamp"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [alarm["AlarmArn"]],
        "detail": {
            "alarmName": alarm["AlarmName"],
            "state": {"value": "ALARM", "reason": alarm["StateReason"], "timestamp": stamp},
            "previousState": {"value": "OK", "timestamp": stamp},
            "configuration": {
                "metrics": [
                    {
                        "id": "e1",
                        "metricStat": {"metric": metric, "period": 60, "stat": "Sum"},
                        "returnData": True,
                    }
                ]
            },
        },
    }
