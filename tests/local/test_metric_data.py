"""Gap 8: GetMetricData and GetMetricStatistics on the scaled clock (a period of 60 s covers 3 s)."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from local.instance import Instance

START = int(time.time()) // 3600 * 3600 - 600  # on a period boundary


@pytest.fixture
def cloudwatch(embedded_aws: Instance) -> Any:
    return embedded_aws.client("cloudwatch")


@pytest.fixture
def function(cloudwatch: Any) -> str:
    """A name whose errors were 1, 2 and 5, and invocations 10, 10 and 10, in three subsequent periods."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    for index, errors in enumerate((1, 2, 5)):
        at = datetime.fromtimestamp(START + 3 * index, UTC)
        for metric, value in (("Errors", errors), ("Invocations", 10)):
            datum = {
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
                "Timestamp": at,
                "Value": value,
                "Unit": "Count",
            }
            cloudwatch.put_metric_data(Namespace="Test/Lambda", MetricData=[datum])
    return name


def query(name: str, metric: str, function: str, **changes: Any) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": function}]
    stat = {
        "Metric": {"Namespace": "Test/Lambda", "MetricName": metric, "Dimensions": dimensions},
        "Period": 60,
        "Stat": "Sum",
    }
    return {"Id": name, "MetricStat": stat, **changes}


def results(cloudwatch: Any, *queries: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=datetime.fromtimestamp(START, UTC),
        EndTime=datetime.fromtimestamp(START + 9, UTC),
        **options,
    )
    found: list[dict[str, Any]] = answer["MetricDataResults"]
    return found


def test_newest_first_by_default_with_the_metrics_name_as_label(cloudwatch: Any, function: str) -> None:
    (result,) = results(cloudwatch, query("m1", "Errors", function))
    assert result["Label"] == "Errors"
    assert result["Values"] == [5.0, 2.0, 1.0]
    assert [int(at.timestamp()) for at in result["Timestamps"]] == [START + 6, START + 3, START]
    (ascending,) = results(cloudwatch, query("m1", "Errors", function), ScanBy="TimestampAscending")
    assert ascending["Values"] == [1.0, 2.0, 5.0]


def test_expressions_over_hidden_metrics(cloudwatch: Any, function: str) -> None:
    (rate,) = results(
        cloudwatch,
        {"Id": "rate", "Expression": "100 * errors / FILL(calls, 1)", "Label": "Error rate"},
        query("errors", "Errors", function, ReturnData=False),
        query("calls", "Invocations", function, ReturnData=False),
    )
    assert (rate["Id"], rate["Label"], rate["StatusCode"]) == ("rate", "Error rate", "Complete")
    assert rate["Values"] == [50.0, 20.0, 10.0]


def test_a_bad_expression_is_a_validation_error(cloudwatch: Any) -> None:
    with pytest.raises(cloudwatch.exceptions.ClientError, match="ValidationError"):
        results(cloudwatch, {"Id": "e1", "Expression": "unknown + 1"})


def test_only_the_metric_with_exactly_these_dimensions(cloudwatch: Any, function: str) -> None:
    bare = query("m1", "Errors", function)
    bare["MetricStat"]["Metric"]["Dimensions"] = []
    (result,) = results(cloudwatch, bare)
    assert result["Values"] == []


def test_statistics_of_one_metric(cloudwatch: Any, function: str) -> None:
    answer = cloudwatch.get_metric_statistics(
        Namespace="Test/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=datetime.fromtimestamp(START, UTC),
        EndTime=datetime.fromtimestamp(START + 6, UTC),
        Period=60,
        Statistics=["Sum", "Maximum"],
    )
    assert answer["Label"] == "Errors"
    assert [(point["Sum"], point["Maximum"], point["Unit"]) for point in answer["Datapoints"]] == [
        (1.0, 1.0, "Count"),
        (2.0, 2.0, "Count"),
    ]
    percentile = cloudwatch.get_metric_statistics(
        Namespace="Test/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=datetime.fromtimestamp(START - 60, UTC),
        EndTime=datetime.fromtimestamp(START + 60, UTC),
        Period=1200,
        ExtendedStatistics=["p50"],
    )
    assert [point["ExtendedStatistics"] for point in percentile["Datapoints"]] == [{"p50": 2.0}]
