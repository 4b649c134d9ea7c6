"""The metrics source: one request for everything, exact windows, honest gaps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources.lambda_metrics import LambdaMetricsSource
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.evidence import Evidence, Window
from auto_repair.ports import Target
from tests.adapters.conftest import NOW, RecordedClients

WINDOW = Window(NOW - timedelta(minutes=15, seconds=30), NOW)


def reading(*pages: dict[str, Any], **options: Any) -> tuple[LambdaMetricsSource, RecordedClients]:
    left = list(pages)
    clients = RecordedClients({"cloudwatch.get_metric_data": lambda **_: left.pop(0)})
    return LambdaMetricsSource(clients, ConsoleLinks("us-east-1"), **options), clients


def result(query_id: str, *points: tuple[datetime, float], status: str = "Complete") -> dict[str, Any]:
    return {
        "Id": query_id,
        "Label": query_id,
        "Timestamps": [t for t, _ in points],
        "Values": [v for _, v in points],
        "StatusCode": status,
    }


def observed(evidence: Evidence, item_id: str) -> tuple[str, str]:
    return next((found.observed, found.baseline) for found in evidence.items if found.id == item_id)


class TestAgainstCloudWatch:
    def put(self, clients: Clients, name: str, at: datetime, value: float, **dimensions: str) -> None:
        clients.client("cloudwatch").put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": name,
                    "Timestamp": at,
                    "Value": value,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                }
            ],
        )

    def test_window_and_baseline(self, clients: Clients) -> None:
        for minutes, value in ((1200, 3), (20, 1), (10, 2), (5, 4)):
            self.put(clients, "Errors", NOW - timedelta(minutes=minutes), value, FunctionName="orders")
        self.put(clients, "Errors", NOW - timedelta(minutes=5), 99, FunctionName="payments")
        self.put(clients, "ConcurrentExecutions", NOW - timedelta(minutes=5), 7)
        source = LambdaMetricsSource(clients, ConsoleLinks("us-east-1"))
        found = source.collect(Target("orders", WINDOW))
        assert found.metric("Errors").values == (2.0, 4.0)
        assert found.metric("Errors").times[-1] == NOW - timedelta(minutes=5)
        assert found.normal("Errors").values == (3.0, 1.0)
        assert found.metric("AccountConcurrentExecutions").peak == 7
        assert found.metric("Throttles").values == ()
        assert observed(found, "metrics.Errors") == (
            "6 in all, at most 4 in 60 s",
            "24 h before: 4 in all, at most 3 in 300 s",
        )
        assert observed(found, "metrics.Throttles") == ("no data points", "")


class TestRequests:
    def test_everything_in_one_request(self) -> None:
        source, clients = reading({"MetricDataResults": []})
        source.collect(Target("orders", WINDOW, alias="live"))
        ((_, asked),) = clients.calls
        stats = [
            (q["MetricStat"]["Metric"]["MetricName"], q["MetricStat"]["Stat"], q["MetricStat"]["Period"])
            for q in asked["MetricDataQueries"]
        ]
        assert ("Duration", "p99", 60) in stats
        assert ("Duration", "p50", 300) in stats
        assert ("Duration", "Maximum", 60) in stats
        assert ("UnreservedConcurrentExecutions", "Maximum", 60) in stats
        dimensions = [q["MetricStat"]["Metric"]["Dimensions"] for q in asked["MetricDataQueries"]]
        assert [] in dimensions
        assert [
            {"Name": "FunctionName", "Value": "orders"},
            {"Name": "Resource", "Value": "orders:live"},
        ] in dimensions
        assert len({q["Id"] for q in asked["MetricDataQueries"]}) == len(stats) == 22
        assert asked["StartTime"] == datetime(2026, 1, 30, 11, 40, tzinfo=UTC)
        assert asked["EndTime"] == NOW + timedelta(minutes=1)

    def test_without_history_no_baseline_is_asked_for(self) -> None:
        source, clients = reading({"MetricDataResults": []})
        source.collect(Target("orders", WINDOW, history=False))
        ((_, asked),) = clients.calls
        assert {q["MetricStat"]["Period"] for q in asked["MetricDataQueries"]} == {60}
        assert asked["StartTime"] == datetime(2026, 1, 31, 11, 40, tzinfo=UTC)

    def test_order_of_the_answer_does_not_matter(self) -> None:
        newest_first = result("w1", (NOW - timedelta(minutes=1), 2.0), (NOW - timedelta(minutes=3), 1.0))
        source, _ = reading({"MetricDataResults": [newest_first]})
        assert source.collect(Target("orders", WINDOW)).metric("Errors").values == (1.0, 2.0)

    def test_minute_in_which_the_window_begins_belongs_to_it(self) -> None:
        first = datetime(2026, 1, 31, 11, 44, tzinfo=UTC)
        source, _ = reading({"MetricDataResults": [result("w1", (first, 5.0))]})
        assert source.collect(Target("orders", WINDOW)).metric("Errors").total == 5.0

    def test_pages_are_joined(self) -> None:
        source, clients = reading(
            {
                "MetricDataResults": [result("w1", (NOW - timedelta(minutes=3), 1.0), status="PartialData")],
                "NextToken": "t",
            },
            {"MetricDataResults": [result("w1", (NOW - timedelta(minutes=2), 2.0))]},
        )
        found = source.collect(Target("orders", WINDOW))
        assert found.metric("Errors").values == (1.0, 2.0)
        assert found.missing == ()
        assert clients.calls[1][1]["NextToken"] == "t"

    def test_answer_without_end_is_told(self) -> None:
        source, clients = reading({"MetricDataResults": [], "NextToken": "t"}, deadline_s=0)
        found = source.collect(Target("orders", WINDOW))
        assert found.lacks("lambda_metrics")
        assert len(clients.calls) == 1

    def test_failure_inside_the_answer_is_no_silence(self) -> None:
        source, _ = reading({"MetricDataResults": [result("w1", status="InternalError")]})
        with pytest.raises(TransientError, match="InternalError"):
            source.collect(Target("orders", WINDOW))
        source, _ = reading({"MetricDataResults": [result("w1", status="Forbidden")]})
        with pytest.raises(AwsCallFailed, match="Forbidden"):
            source.collect(Target("orders", WINDOW))
