"""The metrics around a symptom: one request, one period, honest gaps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.observation_sources import service_metrics
from auto_repair.adapters.observation_sources.service_metrics import ServiceMetricsSource, wanted
from auto_repair.domain.citations import EvidenceItem, Window
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, ResourceSeries, Scope, Symptom
from auto_repair.domain.topology import Topology
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, FixedClock, RecordedClients

API = Resource("apigateway", "a1b2c3", "arn:aws:apigateway:us-east-1::/restapis/a1b2c3", "shop")
FUNCTION = Resource("lambda", "image-service")
BUCKET = Resource("s3", "images")
ROLE = Resource("iam", "image-role")
WINDOW = Window(NOW - timedelta(minutes=15), NOW)
REFERENCE = Window(NOW - timedelta(hours=3), WINDOW.start)
Point = tuple[datetime, float]


def scope(
    *resources: Resource, window: Window = WINDOW, reference: Window = REFERENCE, metric: str = "5XXError"
) -> Scope:
    symptom = Symptom(resources[0].id, MetricRole.AVAILABILITY, NOW - timedelta(minutes=3), metric)
    return Scope(symptom, Topology(resources), window, reference)


def minutes(*values: float, before: int) -> list[Point]:
    """One value a minute, the first `before` minutes ago."""
    return [(NOW - timedelta(minutes=before - i), value) for i, value in enumerate(values)]


def cloudwatch(data: dict[str, list[Point]]) -> Callable[..., dict[str, Any]]:
    """Answers with the data of `Metric Statistic`."""

    def answer(**asked: Any) -> dict[str, Any]:
        results = []
        for query in asked["MetricDataQueries"]:
            stat = query["MetricStat"]
            points = data.get(f"{stat['Metric']['MetricName']} {stat['Stat']}", [])
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": [at for at, _ in points],
                    "Values": [value for _, value in points],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results}

    return answer


def reading(
    data: dict[str, list[Point]], now: datetime = NOW
) -> tuple[ServiceMetricsSource, RecordedClients]:
    clients = RecordedClients({"cloudwatch.get_metric_data": cloudwatch(data)})
    return ServiceMetricsSource(clients, ConsoleLinks("us-east-1"), FixedClock(now)), clients


def series(found: Observation, metric: str) -> ResourceSeries:
    return next(s for s in found.series if s.metric == metric)


def item(found: Observation, item_id: str) -> EvidenceItem:
    return next(one for one in found.items if one.id == item_id)


def gaps(found: Observation) -> list[str]:
    assert {gap.source for gap in found.missing} <= {"service_metrics"}
    return [gap.reason for gap in found.missing]


class TestAgainstCloudWatch:
    def test_http_errors_and_a_table_behind(self, clients: Clients) -> None:
        table, api = Resource("dynamodb", "stock"), Resource("apigateway", "h4h5", "…/apis/h4h5")
        own = {"ApiId": "h4h5"}
        for ago, failed in ((100, 0), (100, 0), (5, 1), (5, 0), (4, 1)):
            put(clients, "AWS/ApiGateway", "5xx", NOW - timedelta(minutes=ago), failed, own)
            put(clients, "AWS/ApiGateway", "Count", NOW - timedelta(minutes=ago), 1, own)
        put(
            clients,
            "AWS/DynamoDB",
            "WriteThrottleEvents",
            NOW - timedelta(minutes=5),
            7,
            {"TableName": "stock"},
        )
        for operation, latency in (("GetItem", 2), ("PutItem", 8), ("PutItem", 8)):
            dimensions = {"TableName": "stock", "Operation": operation}
            put(
                clients,
                "AWS/DynamoDB",
                "SuccessfulRequestLatency",
                NOW - timedelta(minutes=5),
                latency,
                dimensions,
            )
        source = ServiceMetricsSource(clients, ConsoleLinks("us-east-1"), FixedClock(NOW))
        found = source.observe(scope(api, table, metric="5xx"))
        assert series(found, "5xx / Count").values == (1.0, 0.5, 0.0)
        assert series(found, "Count.SampleCount").values == (2, 2, 1)
        throttles = series(found, "WriteThrottleEvents")
        assert (throttles.resource, throttles.role, throttles.values) == (
            "dynamodb:stock",
            MetricRole.SATURATION,
            (7.0,),
        )
        assert throttles.times == ((NOW - timedelta(minutes=5)).timestamp(),)
        latency_and_calls = [s for s in found.series if s.metric.startswith("SuccessfulRequestLatency")]
        assert [(s.role, s.values) for s in latency_and_calls] == [
            (MetricRole.LATENCY, (6.0,)),
            (MetricRole.REQUESTS, (3.0,)),
        ]
        assert gaps(found) == []


def put(
    clients: Clients, namespace: str, name: str, at: datetime, value: float, dimensions: dict[str, str]
) -> None:
    datum = {
        "MetricName": name,
        "Timestamp": at,
        "Value": value,
        "Dimensions": [{"Name": key, "Value": of} for key, of in dimensions.items()],
    }
    clients.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


class TestSeries:
    def test_reference_and_window_are_one_series_of_one_period(self) -> None:
        source, clients = reading({"Duration Average": minutes(10, before=170) + minutes(40, before=5)})
        found = source.observe(scope(API, FUNCTION))
        duration = series(found, "Duration")
        assert duration.values == (10, 40)
        assert duration.times == tuple((NOW - timedelta(minutes=ago)).timestamp() for ago in (170, 5))
        assert (duration.period_s, duration.unit, duration.role) == (60, "ms", MetricRole.LATENCY)
        ((_, asked),) = clients.calls
        assert {query["MetricStat"]["Period"] for query in asked["MetricDataQueries"]} == {60}
        assert (asked["StartTime"], asked["EndTime"]) == (REFERENCE.start, NOW + timedelta(minutes=1))

    def test_availability_has_gaps_where_nobody_called(self) -> None:
        source, _ = reading(
            {
                "5XXError Sum": minutes(0, 0, 3, before=6),
                "Count SampleCount": minutes(4, 0, 4, before=6),
            }
        )
        share = series(source.observe(scope(API)), "5XXError / Count")
        assert share.values == (1.0, 0.25)
        assert share.role is MetricRole.AVAILABILITY

    def test_minutes_between_reference_and_window_are_not_kept(self) -> None:
        yesterday = Window(WINDOW.start - timedelta(hours=4), WINDOW.start - timedelta(hours=2))
        source, _ = reading(
            {"Duration Average": minutes(1, before=200) + minutes(2, before=60) + minutes(3, before=5)}
        )
        assert series(source.observe(scope(FUNCTION, reference=yesterday)), "Duration").values == (1, 3)

    def test_requests_of_a_minute_that_is_not_over_are_no_fall(self) -> None:
        half_past = Window(WINDOW.start, NOW + timedelta(seconds=30))
        source, _ = reading(
            {"Invocations Sum": minutes(60, 58, 2, before=2), "Errors Sum": minutes(0, 0, 1, before=2)}
        )
        found = source.observe(scope(FUNCTION, window=half_past))
        assert series(found, "Invocations").values == (60, 58)
        assert series(found, "Errors / Invocations").values == (1, 1, 0.5)

    def test_role_and_empty_surroundings_cost_no_request(self) -> None:
        source, clients = reading({})
        assert source.observe(scope(ROLE)) == Observation()
        assert clients.calls == []


class TestItems:
    def test_what_moved_and_what_failed(self) -> None:
        source, _ = reading(
            {
                "5XXError Sum": minutes(0, before=60) + minutes(6, 12, before=4),
                "Count SampleCount": minutes(12, before=60) + minutes(12, 12, before=4),
                "Latency Average": minutes(100, before=60) + minutes(102, 104, before=4),
            }
        )
        found = source.observe(scope(API))
        assert [one.id for one in found.items] == ["around.apigateway:a1b2c3.5XXError / Count"]
        failed = item(found, "around.apigateway:a1b2c3.5XXError / Count")
        assert failed.source == "service_metrics"
        assert failed.query == "AWS/ApiGateway 5XXError / Count Average, period 60 s, ApiName=shop"
        assert failed.observed == "0.0% of calls went well in the worst 60 s, 50.0% in the best"
        assert failed.baseline == (
            "165 min of reference: 100.0% of calls went well in the worst 60 s, 100.0% in the best"
        )
        assert failed.window == WINDOW

    def test_metric_of_the_alarm_is_shown_although_it_did_not_move(self) -> None:
        source, _ = reading({"Latency Average": minutes(100, before=60) + minutes(100, before=4)})
        found = source.observe(scope(API, metric="Latency"))
        assert [one.id for one in found.items] == ["around.apigateway:a1b2c3.Latency"]

    def test_function_links_to_its_page(self) -> None:
        source, _ = reading({"Throttles Sum": minutes(9, before=4)})
        throttled = item(source.observe(scope(API, FUNCTION)), "around.lambda:image-service.Throttles")
        assert throttled.observed == "9 in all, at most 9 in 60 s"
        assert throttled.baseline == ""
        assert "#/functions/image-service?tab=monitoring" in throttled.link


class TestGaps:
    def test_bucket_without_request_metrics_is_told(self) -> None:
        source, _ = reading({"Duration Average": minutes(1, before=5)})
        assert gaps(source.observe(scope(FUNCTION, BUCKET, ROLE))) == [
            "CloudWatch holds no metrics of s3:images: "
            "the bucket has no request metrics under the filter EntireBucket"
        ]

    def test_symptom_without_data_is_told_and_an_idle_neighbour_is_not(self) -> None:
        source, _ = reading({})
        assert gaps(source.observe(scope(FUNCTION, Resource("sqs", "jobs")))) == [
            "CloudWatch holds no metrics of lambda:image-service: nobody used it, or it does not exist"
        ]

    def test_state_machine_without_its_arn_is_told(self) -> None:
        source, _ = reading({"Duration Average": minutes(1, before=5)})
        assert gaps(source.observe(scope(FUNCTION, Resource("states", "ship")))) == [
            "it is not known under which name CloudWatch would measure states:ship"
        ]

    def test_answer_without_end_is_told(self) -> None:
        clients = RecordedClients(
            {"cloudwatch.get_metric_data": lambda **_: {"MetricDataResults": [], "NextToken": "t"}}
        )
        source = ServiceMetricsSource(clients, ConsoleLinks("us-east-1"), FixedClock(NOW), deadline_s=0)
        assert "CloudWatch's answer was longer than we read" in gaps(source.observe(scope(FUNCTION)))
        assert len(clients.calls) == 1

    def test_refusal_inside_the_answer_is_no_silence(self) -> None:
        refused = {"Id": "m0", "Timestamps": [], "Values": [], "StatusCode": "Forbidden"}
        clients = RecordedClients(
            {"cloudwatch.get_metric_data": lambda **_: {"MetricDataResults": [refused]}}
        )
        source = ServiceMetricsSource(clients, ConsoleLinks("us-east-1"), FixedClock(NOW))
        with pytest.raises(AwsCallFailed, match="Forbidden"):
            source.observe(scope(FUNCTION))


def many_functions() -> list[Resource]:
    return [Resource("lambda", f"f{i}") for i in range(20)]


def points_of(asked: dict[str, Any]) -> float:
    """At most how many data points the answer may hold."""
    return float(
        (asked["EndTime"] - asked["StartTime"]) / timedelta(minutes=1) * len(asked["MetricDataQueries"])
    )


class TestBounds:
    def test_twenty_resources_fit_one_request(self) -> None:
        tables = [Resource("dynamodb", f"t{i}") for i in range(5)]
        functions = [Resource("lambda", f"f{i}") for i in range(15)]
        source, clients = reading({})
        found = source.observe(scope(*functions, *tables))
        ((_, asked),) = clients.calls
        assert len(asked["MetricDataQueries"]) <= service_metrics.MAX_METRICS
        named = {
            dimension["Value"]
            for query in asked["MetricDataQueries"]
            for dimension in query["MetricStat"]["Metric"]["Dimensions"]
        }
        assert {resource.name for resource in (*functions, *tables)} <= named
        assert len({query["Id"] for query in asked["MetricDataQueries"]}) == len(asked["MetricDataQueries"])
        assert any("less telling metrics were not asked for" in gap for gap in gaps(found))

    def test_most_telling_measures_of_all_come_first(self) -> None:
        asked, left_out = wanted([FUNCTION, API, ROLE])
        assert [one.id for one in asked[:4]] == [
            "around.lambda:image-service.Errors / Invocations",
            "around.apigateway:a1b2c3.5XXError / Count",
            "around.lambda:image-service.Invocations",
            "around.apigateway:a1b2c3.Count.SampleCount",
        ]
        assert left_out == 0

    def test_metric_that_serves_two_series_is_asked_for_once(self) -> None:
        source, clients = reading({})
        source.observe(scope(FUNCTION))
        ((_, asked),) = clients.calls
        assert len(asked["MetricDataQueries"]) == 7

    def test_long_reference_is_cut_to_what_one_page_holds(self) -> None:
        month = Window(NOW - timedelta(days=14), WINDOW.start)
        source, clients = reading({})
        found = source.observe(scope(FUNCTION, reference=month))
        ((_, asked),) = clients.calls
        assert 100_000 < points_of(asked) <= 100_800
        assert gaps(found)[0] == f"the reference is read from {asked['StartTime']:%Y-%m-%d %H:%M} UTC on"

    def test_far_reference_and_window_are_read_one_by_one(self) -> None:
        last_week = Window(NOW - timedelta(days=7, hours=1), NOW - timedelta(days=7))
        source, clients = reading(
            {
                "Duration Average": minutes(10, before=7 * 24 * 60 + 30)
                + minutes(99, before=400)
                + minutes(40, before=5)
            }
        )
        found = source.observe(scope(FUNCTION, *many_functions(), reference=last_week))
        assert [(asked["StartTime"], asked["EndTime"]) for _, asked in clients.calls] == [
            (last_week.start, last_week.end + timedelta(minutes=1)),
            (WINDOW.start, NOW + timedelta(minutes=1)),
        ]
        assert all(points_of(asked) <= 100_800 for _, asked in clients.calls)
        assert all(len(asked["MetricDataQueries"]) <= 500 for _, asked in clients.calls)
        assert series(found, "Duration").values == (10, 40)
        assert not any("reference" in gap for gap in gaps(found))
        assert item(found, "around.lambda:image-service.Duration").baseline.startswith("60 min of reference")

    def test_what_a_page_holds_is_one_request_though_apart(self) -> None:
        yesterday = Window(NOW - timedelta(hours=20), NOW - timedelta(hours=19))
        source, clients = reading({})
        source.observe(scope(FUNCTION, reference=yesterday))
        ((_, asked),) = clients.calls
        assert (asked["StartTime"], asked["EndTime"]) == (yesterday.start, NOW + timedelta(minutes=1))

    @pytest.mark.parametrize(("days", "period_s"), [(0, 60), (14, 60), (15, 300), (62, 300), (63, 3600)])
    def test_what_cloudwatch_forgot_by_the_minute_is_read_coarser(self, days: int, period_s: int) -> None:
        source, clients = reading({}, now=NOW + timedelta(days=days))
        source.observe(scope(FUNCTION))
        ((_, asked),) = clients.calls
        assert {query["MetricStat"]["Period"] for query in asked["MetricDataQueries"]} == {period_s}
        assert asked["StartTime"].timestamp() % period_s == 0


def test_source_is_found_and_named_after_its_module(settings: Settings) -> None:
    assert service_metrics.source(settings, RecordedClients({})).name == "service_metrics"
