"""Gap 7: alarms on the running instance, against the shapes CloudWatch documents."""

from __future__ import annotations

import io
import json
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.instance import Instance

ACCOUNT = "000000000000"
REGION = "us-east-1"
AWS_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


@dataclass(frozen=True)
class Inbox:
    """A queue that receives alarm events from EventBridge and alarm messages from a topic."""

    sqs: Any
    url: str
    topic_arn: str

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first body that `wanted` accepts; others are dropped."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in received.get("Messages", []):
                body: dict[str, Any] = json.loads(message["Body"])
                if wanted(body):
                    return body
        raise AssertionError("The awaited message did not come.")

    def event(self, alarm: str, state: str) -> dict[str, Any]:
        return self.wait_for(
            lambda body: (
                body.get("detail", {}).get("alarmName") == alarm and body["detail"]["state"]["value"] == state
            )
        )

    def notification(self, alarm: str) -> dict[str, Any]:
        return self.wait_for(lambda body: f'"{alarm}"' in body.get("Subject", ""))


@pytest.fixture
def cloudwatch(embedded_aws: Instance) -> Any:
    return embedded_aws.client("cloudwatch")


@pytest.fixture
def inbox(embedded_aws: Instance) -> Iterator[Inbox]:
    name = f"alarms-{uuid.uuid4().hex[:8]}"
    sqs, sns, events = (embedded_aws.client(service) for service in ("sqs", "sns", "events"))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield Inbox(sqs, url, topic)
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=url)


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def put_errors(cloudwatch: Any, function: str, count: float) -> None:
    datum = {
        "MetricName": "Errors",
        "Value": count,
        "Unit": "Count",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }
    cloudwatch.put_metric_data(Namespace="Test/Lambda", MetricData=[datum])


def put_errors_alarm(cloudwatch: Any, function: str, **changes: Any) -> str:
    name = unique("errors")
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "AlarmDescription": "Runs fail.",
            "Namespace": "Test/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": function}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            **changes,
        }
    )
    return name


def described(cloudwatch: Any, name: str) -> dict[str, Any]:
    alarm: dict[str, Any] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return alarm


def wait_for_state(cloudwatch: Any, name: str, state: str) -> dict[str, Any]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        alarm = described(cloudwatch, name)
        if alarm["StateValue"] == state:
            return alarm
        time.sleep(0.2)
    raise AssertionError(f"{name} did not become {state}: {alarm}")


def test_an_alarm_fires_for_its_own_dimensions_and_recovers(cloudwatch: Any, inbox: Inbox) -> None:
    broken, healthy = unique("broken"), unique("healthy")
    alarm = put_errors_alarm(cloudwatch, broken, AlarmActions=[inbox.topic_arn], OKActions=[inbox.topic_arn])
    bystander = put_errors_alarm(cloudwatch, healthy)
    wait_for_state(cloudwatch, alarm, "OK")
    put_errors(cloudwatch, broken, 2)
    fired = wait_for_state(cloudwatch, alarm, "ALARM")

    assert re.fullmatch(
        r"Threshold Crossed: 1 out of the last 1 datapoints \[2\.0 \(.{17}\)\] was greater than the "
        r"threshold \(0\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.",
        fired["StateReason"],
    )
    assert json.loads(fired["StateReasonData"])["recentDatapoints"] == [2.0]
    assert described(cloudwatch, bystander)["StateValue"] != "ALARM"
    wait_for_state(cloudwatch, alarm, "OK")
    items = history(cloudwatch, alarm)
    updates = [item["HistorySummary"] for item in items if item["HistoryItemType"] == "StateUpdate"]
    assert updates == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]
    assert f"Successfully executed action {inbox.topic_arn}" in [item["HistorySummary"] for item in items]


def test_the_event_has_cloudwatchs_shape(cloudwatch: Any, inbox: Inbox) -> None:
    function = unique("broken")
    alarm = put_errors_alarm(cloudwatch, function, TreatMissingData="missing")
    put_errors(cloudwatch, function, 1)
    event = inbox.event(alarm, "ALARM")

    assert event["version"] == "0"
    assert event["source"] == "aws.cloudwatch"
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["account"] == ACCOUNT
    assert event["resources"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}"]
    detail = event["detail"]
    assert set(detail) == {"alarmName", "state", "previousState", "configuration"}
    assert set(detail["state"]) == {"value", "reason", "reasonData", "timestamp"}
    assert AWS_TIME.fullmatch(detail["state"]["timestamp"])
    assert set(json.loads(detail["state"]["reasonData"])) == {
        "version",
        "queryDate",
        "startDate",
        "statistic",
        "period",
        "recentDatapoints",
        "threshold",
        "evaluatedDatapoints",
    }
    previous = detail["previousState"]
    assert AWS_TIME.fullmatch(previous.pop("timestamp"))
    assert previous == {"value": "INSUFFICIENT_DATA", "reason": "Unchecked: Initial alarm creation"}
    (metric,) = detail["configuration"]["metrics"]
    assert uuid.UUID(metric.pop("id"))
    assert detail["configuration"]["description"] == "Runs fail."
    assert metric == {
        "metricStat": {
            "metric": {
                "namespace": "Test/Lambda",
                "name": "Errors",
                "dimensions": {"FunctionName": function},
            },
            "period": 60,
            "stat": "Sum",
        },
        "returnData": True,
    }


def test_a_metric_math_alarm_is_stored_and_judged(cloudwatch: Any, inbox: Inbox) -> None:
    function, name = unique("broken"), unique("rate")
    errors = {
        "Namespace": "Test/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }
    queries = [
        {"Id": "rate", "Expression": "errors / 4 * 100", "Label": "Error rate", "ReturnData": True},
        {
            "Id": "errors",
            "MetricStat": {"Metric": errors, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        },
    ]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Metrics=queries,
        EvaluationPeriods=1,
        Threshold=20,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarm = described(cloudwatch, name)
    assert alarm["Metrics"] == queries
    assert not {"MetricName", "Namespace", "Statistic", "Period", "Dimensions"} & set(alarm)
    put_errors(cloudwatch, function, 1)
    detail = inbox.event(name, "ALARM")["detail"]
    assert "[25.0 (" in detail["state"]["reason"]
    assert "statistic" not in json.loads(detail["state"]["reasonData"])
    assert detail["configuration"]["metrics"][0] == {
        "id": "rate",
        "expression": "errors / 4 * 100",
        "label": "Error rate",
        "returnData": True,
    }
    assert detail["configuration"]["metrics"][1]["returnData"] is False


def test_an_alarm_on_an_unknown_metric_id_is_refused(cloudwatch: Any) -> None:
    queries = [{"Id": "e1", "Expression": "nothing * 2"}]
    with pytest.raises(cloudwatch.exceptions.ClientError, match="ValidationError"):
        cloudwatch.put_metric_alarm(
            AlarmName=unique("bad"),
            Metrics=queries,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )


def test_set_alarm_state_is_told_and_lasts_until_the_next_evaluation(cloudwatch: Any, inbox: Inbox) -> None:
    alarm = put_errors_alarm(cloudwatch, unique("idle"))
    wait_for_state(cloudwatch, alarm, "OK")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by hand")
    detail = inbox.event(alarm, "ALARM")["detail"]
    assert detail["state"]["reason"] == "by hand"
    assert "reasonData" not in detail["state"]
    assert detail["previousState"]["value"] == "OK"
    assert "reasonData" in detail["previousState"]
    assert inbox.event(alarm, "OK")["detail"]["previousState"]["reason"] == "by hand"


def test_a_composite_alarm_follows_its_children(cloudwatch: Any, inbox: Inbox) -> None:
    child = put_errors_alarm(cloudwatch, unique("idle"))
    wait_for_state(cloudwatch, child, "OK")
    name = unique("composite")
    rule = f'ALARM("{child}")'
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule, AlarmActions=[inbox.topic_arn])
    cloudwatch.set_alarm_state(AlarmName=child, StateValue="ALARM", StateReason="by hand")
    child_arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{child}"

    detail = inbox.event(name, "ALARM")["detail"]
    assert detail["configuration"] == {"alarmRule": rule}
    assert detail["previousState"]["value"] == "OK"
    (trigger,) = json.loads(detail["state"]["reasonData"])["triggeringAlarms"]
    assert trigger["arn"] == child_arn
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_composite_alarms_are_described_and_follow_each_other(cloudwatch: Any, inbox: Inbox) -> None:
    first, second = (put_errors_alarm(cloudwatch, unique("idle")) for _ in range(2))
    for child in (first, second):
        wait_for_state(cloudwatch, child, "OK")
    inner, outer = unique("inner"), unique("outer")
    cloudwatch.put_composite_alarm(AlarmName=inner, AlarmRule=f"ALARM({first}) AND ALARM({second})")
    cloudwatch.put_composite_alarm(AlarmName=outer, AlarmRule=f"ALARM({inner})")
    for child in (first, second):
        cloudwatch.set_alarm_state(AlarmName=child, StateValue="ALARM", StateReason="by hand")
    detail = inbox.event(outer, "ALARM")["detail"]
    (trigger,) = json.loads(detail["state"]["reasonData"])["triggeringAlarms"]
    assert trigger["arn"].endswith(f":alarm:{inner}")

    names = [first, inner, outer]
    assert [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]] == [
        first
    ]
    told = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [alarm["AlarmName"] for alarm in told["CompositeAlarms"]] == sorted([inner, outer])
    (described_inner,) = (alarm for alarm in told["CompositeAlarms"] if alarm["AlarmName"] == inner)
    assert described_inner["AlarmRule"] == f"ALARM({first}) AND ALARM({second})"
    assert described_inner["StateValue"] == "ALARM"
    assert described_inner["StateTransitionedTimestamp"].tzinfo
    triggers = json.loads(described_inner["StateReasonData"])["triggeringAlarms"]
    assert {one["state"]["value"] for one in triggers} == {"ALARM"}
    for name in (outer, inner):
        cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_function_is_called_if_it_permits_the_alarm(embedded_aws: Instance, cloudwatch: Any) -> None:
    archive, function = io.BytesIO(), unique("action")
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "import json\ndef handler(event, _): print(json.dumps(event))\n")
    lambda_, iam = embedded_aws.client("lambda"), embedded_aws.client("iam")
    arn = lambda_.create_function(
        FunctionName=function,
        Runtime="python3.13",
        Handler="index.handler",
        Role=iam.create_role(RoleName=function, AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.2})
    alarm = put_errors_alarm(cloudwatch, unique("idle"), AlarmActions=[arn])
    wait_for_state(cloudwatch, alarm, "OK")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="not permitted")
    summaries = [item["HistorySummary"] for item in history(cloudwatch, alarm)]
    assert f"Failed to execute action {arn}" in summaries

    wait_for_state(cloudwatch, alarm, "OK")
    lambda_.add_permission(
        FunctionName=function,
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}",
    )
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by hand")
    event = printed(embedded_aws, function)
    assert AWS_TIME.fullmatch(event.pop("time"))
    data = event.pop("alarmData")
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}",
        "accountId": ACCOUNT,
        "region": REGION,
    }
    assert (data["alarmName"], data["state"]["reason"]) == (alarm, "by hand")
    assert data["previousState"]["value"] == "OK"
    assert data["configuration"]["metrics"][0]["metricStat"]["stat"] == "Sum"


def history(cloudwatch: Any, alarm: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = cloudwatch.describe_alarm_history(AlarmName=alarm)["AlarmHistoryItems"]
    return items


def printed(aws: Instance, function: str) -> dict[str, Any]:
    """The JSON that the function's first run printed."""
    logs, deadline = aws.client("logs"), time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            found = logs.filter_log_events(
                logGroupName=f"/aws/lambda/{function}", filterPattern="{ $.source = aws.cloudwatch }"
            )["events"]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if found:
            event: dict[str, Any] = json.loads(found[0]["message"])
            return event
        time.sleep(0.1)
    raise AssertionError(f"{function} has printed nothing.")


def test_the_message_to_a_topic_has_cloudwatchs_shape(cloudwatch: Any, inbox: Inbox) -> None:
    function = unique("idle")
    alarm = put_errors_alarm(cloudwatch, function, AlarmActions=[inbox.topic_arn])
    wait_for_state(cloudwatch, alarm, "OK")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="by hand")
    notification = inbox.notification(alarm)
    assert notification["Subject"] == f'ALARM: "{alarm}" in US East (N. Virginia)'
    message = json.loads(notification["Message"])
    for field in ("AlarmConfigurationUpdatedTimestamp", "StateChangeTime"):
        assert AWS_TIME.fullmatch(message.pop(field))
    assert message == {
        "AlarmName": alarm,
        "AlarmDescription": "Runs fail.",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "NewStateReason": "by hand",
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}",
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": [inbox.topic_arn],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "Test/Lambda",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": function, "name": "FunctionName"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
