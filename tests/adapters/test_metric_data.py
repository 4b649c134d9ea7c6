"""GetMetricData in batches of what AWS takes at once."""

from datetime import timedelta
from typing import Any

from auto_repair.adapters.metric_data import MetricData, metric_query
from auto_repair.domain.citations import Window
from tests.adapters.conftest import NOW, RecordedClients

SPAN = Window(NOW - timedelta(minutes=5), NOW)


def queries(count: int) -> list[dict[str, Any]]:
    return [
        metric_query(f"m{i}", "AWS/Lambda", "Errors", "Sum", [("FunctionName", f"f{i}")], 60)
        for i in range(count)
    ]


def answer(**asked: Any) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {"Id": query["Id"], "Timestamps": [NOW], "Values": [1.0], "StatusCode": "Complete"}
            for query in asked["MetricDataQueries"]
        ]
    }


def test_query_is_in_cloudwatchs_form() -> None:
    assert queries(1) == [
        {
            "Id": "m0",
            "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "FunctionName", "Value": "f0"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
    ]


def test_more_than_500_series_take_further_requests() -> None:
    clients = RecordedClients({"cloudwatch.get_metric_data": answer})
    found, complete = MetricData(clients, deadline_s=15).read(queries(1001), SPAN)
    assert [len(asked["MetricDataQueries"]) for _, asked in clients.calls] == [500, 500, 1]
    assert len(found) == 1001
    assert found["m1000"] == {NOW: 1.0}
    assert complete


def test_spans_are_read_one_after_the_other_and_joined() -> None:
    clients = RecordedClients(
        {
            "cloudwatch.get_metric_data": lambda **asked: {
                "MetricDataResults": [
                    {
                        "Id": "m0",
                        "Timestamps": [asked["StartTime"]],
                        "Values": [1.0],
                        "StatusCode": "Complete",
                    }
                ]
            }
        }
    )
    earlier = Window(SPAN.start - timedelta(days=7), SPAN.end - timedelta(days=7))
    found, complete = MetricData(clients, deadline_s=15).read(queries(1), earlier, SPAN)
    assert [(asked["StartTime"], asked["EndTime"]) for _, asked in clients.calls] == [
        (earlier.start, earlier.end),
        (SPAN.start, SPAN.end),
    ]
    assert found == {"m0": {earlier.start: 1.0, SPAN.start: 1.0}}
    assert complete


def test_pages_without_end_are_left() -> None:
    clients = RecordedClients(
        {"cloudwatch.get_metric_data": lambda **_: {"MetricDataResults": [], "NextToken": "t"}}
    )
    assert MetricData(clients, deadline_s=15).read(queries(1), SPAN) == ({}, False)
    assert len(clients.calls) == 5
