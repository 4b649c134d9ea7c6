"""Gaps 9 and 10 on the running instance: filtering logs, and metrics from them."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.instance import Instance

PRINTING = """
import json
def handler(event, context):
    print(json.dumps({
        "_aws": {"Timestamp": event["now"], "CloudWatchMetrics": [{
            "Namespace": event["namespace"], "Dimensions": [["service"], ["service", "kind"]],
            "Metrics": [{"Name": "Repairs", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}],
        }]},
        "service": "tests", "kind": "memory", "Repairs": 1, "Latency": [10, 30],
    }))
"""


@pytest.fixture
def logs(embedded_aws: Instance) -> Any:
    return embedded_aws.client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    name = f"group-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="stream")
    return name


def write(logs: Any, group: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=events)


def measured(
    aws: Instance, namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Sum"
) -> float | None:
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7 * 86400,
        Statistics=[statistic],
    )["Datapoints"]
    return sum(point[statistic] for point in points) if points else None


def test_events_are_filtered(logs: Any, group: str) -> None:
    write(logs, group, "[ERROR] first", "[WARN] second", '{"level": "ERROR", "code": 7}')

    def filtered(pattern: str) -> list[str]:
        found = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        return [event["message"] for event in found]

    assert filtered('"[ERROR]"') == ["[ERROR] first"]
    assert filtered("?first ?second") == ["[ERROR] first", "[WARN] second"]
    assert filtered('{ $.level = "ERROR" && $.code > 5 }') == ['{"level": "ERROR", "code": 7}']
    with pytest.raises(logs.exceptions.InvalidParameterException):
        filtered("{ $.level = }")


def test_a_metric_filter_counts_and_measures(embedded_aws: Instance, logs: Any, group: str) -> None:
    namespace = f"Test/{group}"
    transformations = {
        "metricName": "Slow",
        "metricNamespace": namespace,
        "metricValue": "$.ms",
        "unit": "Milliseconds",
        "dimensions": {"Function": "$.function"},
    }
    logs.put_metric_filter(
        logGroupName=group,
        filterName="slow",
        filterPattern="{ $.ms > 100 }",
        metricTransformations=[transformations],
    )
    logs.put_metric_filter(
        logGroupName=group,
        filterName="errors",
        filterPattern="ERROR",
        metricTransformations=[
            {"metricName": "Errors", "metricNamespace": namespace, "metricValue": "1", "defaultValue": 0}
        ],
    )
    lines = [json.dumps({"function": "f", "ms": ms}) for ms in (50, 150, 250)]
    write(logs, group, *lines, "ERROR one", "ERROR two")
    write(logs, group, "fine")
    assert measured(embedded_aws, namespace, "Slow", {"Function": "f"}) == 400
    assert measured(embedded_aws, namespace, "Errors", {}) == 2
    assert measured(embedded_aws, namespace, "Errors", {}, "SampleCount") == 3


def test_embedded_metrics_of_a_function(embedded_aws: Instance) -> None:
    archive, name = io.BytesIO(), f"emitter-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", PRINTING)
    lambda_, iam = embedded_aws.client("lambda"), embedded_aws.client("iam")
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    event = {"namespace": f"Test/{name}", "now": int(time.time() * 1000)}
    answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer
    time.sleep(0.2)
    for dimensions in ({"service": "tests"}, {"service": "tests", "kind": "memory"}):
        assert measured(embedded_aws, f"Test/{name}", "Repairs", dimensions) == 1
        assert measured(embedded_aws, f"Test/{name}", "Latency", dimensions) == 40
