"""Alarms are read with their metrics, whatever their kind, and their tags."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auto_repair.adapters.alarms import MOST_NAMES, CloudWatchAlarms
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import TransientError
from auto_repair.domain.incident import AlarmMetric
from tests.adapters.conftest import RecordedClients

PLACE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
AT = datetime(2026, 1, 31, 11, 58, tzinfo=UTC)


def put(clients: Clients, name: str, **facts: Any) -> None:
    """An alarm in state ALARM."""
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "orders"}],
        "Period": 60,
        "Statistic": "Sum",
    }
    cloudwatch = clients.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        **(facts or metric),
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="too many")


def described(name: str, **facts: Any) -> dict[str, Any]:
    """What AWS tells of an alarm of any kind."""
    return {
        "AlarmName": name,
        "AlarmArn": f"{PLACE}{name}",
        "StateValue": "ALARM",
        "StateReason": "too many",
        "StateUpdatedTimestamp": AT.replace(minute=59),
        "StateTransitionedTimestamp": AT,
        **facts,
    }


def test_metric_alarm_is_read_with_its_metric_and_state(clients: Clients) -> None:
    put(clients, "errors")
    put(clients, "other")
    (known,) = CloudWatchAlarms(clients).read(["errors", "gone"])
    assert known.joins is None
    assert (known.signal.name, known.signal.state, known.signal.reason) == ("errors", "ALARM", "too many")
    assert known.signal.arn == f"{PLACE}errors"
    assert known.signal.changed_at.tzinfo is UTC
    assert known.signal.metrics == (AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}, "Sum"),)


def test_metric_math_is_read_with_all_its_metrics(clients: Clients) -> None:
    queries = [
        {"Id": "rate", "Expression": "errors / calls", "ReturnData": True},
        *(
            {
                "Id": name.lower(),
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": name,
                        "Dimensions": [{"Name": "FunctionName", "Value": "orders"}],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for name in ("Errors", "Invocations")
        ),
    ]
    put(clients, "rate", Metrics=queries)
    (known,) = CloudWatchAlarms(clients).read(["rate"])
    assert [metric.name for metric in known.signal.metrics] == ["Errors", "Invocations"]
    assert known.signal.metrics[0].dimensions == {"FunctionName": "orders"}


def test_metric_of_another_account_is_not_taken_for_one_of_ours() -> None:
    queries = [
        {
            "Id": f"m{account}",
            "AccountId": account,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": account, "Dimensions": []},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for account in ("123456789012", "210987654321")
    ]
    alarm = described("both", Metrics=queries)
    clients = RecordedClients({"cloudwatch.describe_alarms": lambda **_: {"MetricAlarms": [alarm]}})
    (known,) = CloudWatchAlarms(clients).read(["both"])
    assert [metric.name for metric in known.signal.metrics] == ["123456789012"]


def test_percentile_is_the_statistic() -> None:
    alarm = described(
        "slow",
        Namespace="AWS/Lambda",
        MetricName="Duration",
        ExtendedStatistic="p99",
        Period=60,
        Dimensions=[],
    )
    clients = RecordedClients({"cloudwatch.describe_alarms": lambda **_: {"MetricAlarms": [alarm]}})
    (known,) = CloudWatchAlarms(clients).read(["slow"])
    assert known.signal.metrics == (AlarmMetric("AWS/Lambda", "Duration", {}, "p99"),)
    assert known.signal.changed_at == AT


def test_composite_alarm_is_read_with_what_it_joins() -> None:
    reason = {
        "triggeringAlarms": [
            {
                "arn": f"{PLACE}errors",
                "state": {"value": "ALARM", "timestamp": "2026-01-31T11:58:00.000+0000"},
            }
        ]
    }
    alarm = described("all", AlarmRule="ALARM(errors) OR ALARM(slow)", StateReasonData=json.dumps(reason))
    clients = RecordedClients({"cloudwatch.describe_alarms": lambda **_: {"CompositeAlarms": [alarm]}})
    (known,) = CloudWatchAlarms(clients).read(["all"])
    assert known.joins is not None
    assert known.joins.references == (f"{PLACE}errors", "errors", "slow")
    assert known.joins.triggers[0].at == AT
    assert known.signal.metrics == ()
    ((_, asked),) = clients.calls
    assert asked["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm"]


def test_many_alarms_are_read_in_calls_that_aws_allows() -> None:
    def answer(*, AlarmNames: list[str], NextToken: str = "", **_: Any) -> dict[str, Any]:
        half = len(AlarmNames) // 2
        page = AlarmNames[half:] if NextToken else AlarmNames[:half]
        return {"MetricAlarms": [described(name) for name in page]} | (
            {} if NextToken else {"NextToken": "more"}
        )

    clients = RecordedClients({"cloudwatch.describe_alarms": answer})
    names = [f"alarm-{n}" for n in range(150)]
    assert [known.signal.name for known in CloudWatchAlarms(clients).read(names)] == names
    assert [len(asked["AlarmNames"]) for _, asked in clients.calls] == [MOST_NAMES] * 2 + [50] * 2
    assert CloudWatchAlarms(clients).read([]) == []


def test_tags_are_read(clients: Clients) -> None:
    put(clients, "backlog")
    assert CloudWatchAlarms(clients).tags(f"{PLACE}backlog") == {}
    clients.client("cloudwatch").tag_resource(
        ResourceARN=f"{PLACE}backlog", Tags=[{"Key": "auto-repair:target", "Value": "sqs:orders"}]
    )
    assert CloudWatchAlarms(clients).tags(f"{PLACE}backlog") == {"auto-repair:target": "sqs:orders"}


def test_alarm_that_is_gone_has_no_tags(clients: Clients) -> None:
    assert CloudWatchAlarms(clients).tags(f"{PLACE}gone") == {}


def test_throttled_look_is_worth_a_retry(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(**_: Any) -> Any:
        raise clients.client("cloudwatch").exceptions.ClientError(
            {"Error": {"Code": "Throttling", "Message": "slow down"}}, "DescribeAlarms"
        )

    monkeypatch.setattr(clients.client("cloudwatch"), "describe_alarms", throttled)
    with pytest.raises(TransientError):
        CloudWatchAlarms(clients).read(["errors"])
