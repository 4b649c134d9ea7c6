"""Incidents from fault to verified repair, on real functions that really fail."""

import json
import threading
import time
from typing import Any

from local.scenarios.stage import wait_until
from tests.e2e.deployment import STATE_MACHINE, Deployment, now


def call(
    deployment: Deployment, name: str, event: dict[str, Any], qualifier: str = "$LATEST"
) -> dict[str, Any]:
    """One synchronous call: the answer as boto3 gives it."""
    return dict(
        deployment.client("lambda").invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event))
    )


def test_a_function_that_needs_more_memory_gets_it_and_people_are_told(deployment: Deployment) -> None:
    name, event = "needs-300-mb", {"mb": 270}
    first = call(deployment, name, event)
    assert "Runtime.ExitError" in first["Payload"].read().decode()
    since = now()
    with deployment.traffic(name, event):
        state = deployment.incident(name, since)
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


def test_callers_of_an_alias_are_helped_by_a_new_version_and_only_by_that(deployment: Deployment) -> None:
    name, event = "behind-an-alias", {"mb": 200}
    functions = deployment.client("lambda")
    # What a repair of $LATEST alone would have done for them: nothing.
    functions.update_function_configuration(FunctionName=name, MemorySize=512)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    assert "FunctionError" in call(deployment, name, event, "live")
    functions.update_function_configuration(FunctionName=name, MemorySize=128)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    before = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    since = now()
    with deployment.traffic(name, event, qualifier="live"):
        state = deployment.incident(name, since)
    assert state["verification"]["outcome"] == "repaired", state
    after = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    assert after != before
    assert deployment.configuration(name, after)["MemorySize"] >= 256
    assert "FunctionError" not in call(deployment, name, event, "live")


def test_a_longer_timeout_moves_the_queue_with_it(deployment: Deployment) -> None:
    name = "fed-by-a-queue"
    sqs = deployment.client("sqs")
    queue = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    with deployment.traffic(name, {"seconds": 1.5}, per_second=3, callers=6):
        time.sleep(5)
    since = now()
    with deployment.traffic(name, {"seconds": 2.6}, per_second=3, callers=6):
        state = deployment.incident(name, since)
    assert state["verification"]["outcome"] == "repaired", state
    timeout = deployment.configuration(name)["Timeout"]
    assert timeout >= 4
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    assert int(visibility["Attributes"]["VisibilityTimeout"]) >= 6 * timeout


def test_a_repair_that_does_not_help_goes_back_to_exactly_what_was(deployment: Deployment) -> None:
    name = "hog"
    before = deployment.configuration(name)
    since = now()
    with deployment.traffic(name, {}):
        state = deployment.incident(name, since)
    assert state["rollback"]["status"] == "done", state
    after = deployment.configuration(name)
    changing = ("RevisionId", "LastModified", "ResponseMetadata")
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert {item["status"]["S"] for item in deployment.repairs(name)} == {"ROLLED_BACK"}
    (message,) = wait_until(lambda: deployment.messages(name), seconds=10, what="the message")
    assert "128 MB" in message["Message"]


def test_a_leak_is_not_repaired_with_memory(deployment: Deployment) -> None:
    name = "leaks"
    since = now()
    with deployment.traffic(name, {}, per_second=6, callers=1):
        state = deployment.incident(name, since)
    assert state["plan"]["decision"] == "advise", state
    assert state["diagnosis"]["hypotheses"][0]["failure_mode"] == "memory_leak"
    assert deployment.configuration(name)["MemorySize"] == 128


def test_an_exception_in_the_code_changes_nothing_and_says_why(deployment: Deployment) -> None:
    name = "raises"
    before = deployment.configuration(name)["RevisionId"]
    since = now()
    with deployment.traffic(name, {"order": 7}):
        state = deployment.incident(name, since)
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


def test_mode_observe_changes_nothing_but_says_what_it_would_have_done(deployment: Deployment) -> None:
    name = "watched-only"
    since = now()
    with deployment.traffic(name, {"mb": 200}):
        state = deployment.incident(name, since)
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
