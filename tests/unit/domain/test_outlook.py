"""What runs out, and when: each limit that is watched, and nothing where nothing can be said."""

from dataclasses import replace

import pytest

from auto_repair.domain.evidence import Concurrency, Evidence, Invocation, Window
from auto_repair.domain.forecast import Course, Forecast
from auto_repair.domain.outlook import Statement, outlook
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import (
    GROWTH,
    RETENTION,
    MetricRole,
    ResourceSeries,
    Scope,
    Surroundings,
    Symptom,
)
from auto_repair.domain.topology import Edge, Topology
from tests.builders import NOW, a_kill, a_life, a_run, a_series, a_window, ago, evidence, in_turn

HOUR = 60


def series(resource: str, metric: str, *values: float, period_s: int = 60) -> ResourceSeries:
    """The last value begins one period before NOW."""
    end = NOW.timestamp()
    times = tuple(end - period_s * (len(values) - i) for i in range(len(values)))
    return ResourceSeries(
        resource, metric, "Maximum", MetricRole.OTHER, period_s=period_s, times=times, values=values
    )


def with_series(*known: ResourceSeries) -> Evidence:
    scope = Scope(
        Symptom("lambda:orders", MetricRole.AVAILABILITY, ago(minutes=5)),
        Topology((Resource("lambda", "orders"),)),
        a_window(30),
        Window(ago(hours=3), ago(minutes=30)),
    )
    return evidence(concurrency=None, surroundings=Surroundings(scope, known))


def only(seen: Evidence) -> Statement:
    (statement,) = outlook(seen)
    return statement


def steps(first: float, step: float, n: int) -> tuple[float, ...]:
    return tuple(first + step * i for i in range(n))


class TestMemory:
    def runs(self, current: int) -> tuple[Invocation, ...]:
        """Two environments that died of their memory, and one that has made `current` runs, one a minute."""
        dead = [
            run
            for stream in ("one", "two")
            for run in in_turn(
                a_life(*range(20, 121, 10), stream=stream, killed=True), until=ago(hours=1), every_s=60
            )
        ]
        alive = a_life(*range(20, 20 + 5 * current, 5), stream="three")
        return (*dead, *in_turn(alive, every_s=60))

    def test_when_the_living_environment_will_be_full(self) -> None:
        statement = only(evidence(concurrency=None, invocations=self.runs(12)))
        # 75 MB a minute ago, 5 MB a minute more, 128 MB in all.
        assert statement.forecast.course is Course.WILL_REACH
        assert statement.forecast.in_s == pytest.approx((128 - 75) / 5 * 60 - 60, abs=1)
        assert statement.text.startswith(
            "memory of an execution environment of lambda:orders reaches 128 MB in about 10 minutes ("
        )

    def test_a_young_environment_tells_too_little(self) -> None:
        statement = only(evidence(concurrency=None, invocations=self.runs(4)))
        assert statement.forecast.course is Course.CANNOT_TELL
        assert "climbs by about 10 MB a run" in statement.text

    def test_memory_that_is_simply_too_small_has_no_trend(self) -> None:
        kills = in_turn([a_kill(log_stream=f"stream-{i}") for i in range(10)])
        assert only(evidence(concurrency=None, invocations=kills)).forecast.course is Course.NO_TREND

    def test_no_figures(self) -> None:
        runs = in_turn([a_run(0, memory_size_mb=0)] * 10)
        statement = only(evidence(concurrency=None, invocations=runs))
        assert statement.text == (
            "nobody can tell whether memory of an execution environment of lambda:orders will reach its "
            "limit: the platform reports no memory figures"
        )


class TestConcurrency:
    def test_of_the_account_and_of_the_reservation(self) -> None:
        seen = evidence(
            concurrency=Concurrency(reserved=50, account_limit=1000, account_unreserved=950),
            series=(
                a_series("ConcurrentExecutions", *steps(20, 1, 15)),
                a_series("AccountConcurrentExecutions", *steps(100, 0, 15)),
            ),
        )
        own, everyone = outlook(seen)
        assert own.forecast.in_s == pytest.approx(15 * 60)
        assert "concurrency of lambda:orders reaches the 50 reserved in about 15 minutes" in own.text
        assert (everyone.resource, everyone.forecast.course) == ("the account", Course.NO_TREND)

    def test_nothing_without_a_reservation_or_figures(self) -> None:
        assert outlook(evidence(series=(a_series("ConcurrentExecutions", *steps(20, 1, 15)),))) == ()
        assert outlook(evidence(concurrency=None)) == ()


class TestResourcesAround:
    @pytest.mark.parametrize(
        ("known", "minutes"),
        [
            # One more minute of age each minute: consumption has stopped, 24 hours are 1440 minutes.
            (series("lambda:orders", "IteratorAge", *steps(1380 * 60e3, 60e3, 30)), 30),
            (series("kinesis:s", "GetRecords.IteratorAgeMilliseconds", *steps(1390 * 60e3, 60e3, 30)), 20),
            (series("sqs:q", "ApproximateAgeOfOldestMessage", *steps(5700 * 60, 60, 30)), 30),
            (series("rds:db", "FreeStorageSpace", *steps(60e9, -1e9, 30)), 30),
            (series("elasticache:c", "DatabaseMemoryUsagePercentage", *steps(60, 0.5, 30)), 50),
            (series("ec2:i-1", "CPUCreditBalance", *steps(100, -2, 30)), 20),
        ],
        ids=lambda value: value.metric if isinstance(value, ResourceSeries) else "",
    )
    def test_limits(self, known: ResourceSeries, minutes: float) -> None:
        statement = only(with_series(known))
        assert statement.resource == known.resource
        assert statement.forecast.course is Course.WILL_REACH
        assert statement.forecast.in_s == pytest.approx(minutes * 60, abs=61)

    def test_what_is_assumed_is_said(self) -> None:
        told = only(with_series(series("rds:db", "FreeStorageSpace", *steps(60e9, -1e9, 30)))).text
        assert told.startswith("free storage of rds:db reaches zero in about 30 minutes")
        assert told.endswith("if it goes on like this (unless storage autoscaling is on)")

    def test_a_queues_own_retention_counts(self) -> None:
        age = series("sqs:q", "ApproximateAgeOfOldestMessage", *steps(1800, 60, 30))
        kept = series("sqs:q", RETENTION, 2 * 3600)
        assert only(with_series(age, kept)).text == (
            "the age of the oldest message of sqs:q reaches 2 hours in about 60 minutes "
            "(60 minutes to 60 minutes), if it goes on like this (what is older is lost)"
        )

    def test_a_function_reads_from_a_stream_that_keeps_records_longer(self) -> None:
        age = series("lambda:orders", "IteratorAge", *steps(1380 * 60e3, 60e3, 30))
        kept = (series("kinesis:clicks", RETENTION, 7 * 86400), series("sqs:jobs", RETENTION, 86400))
        seen = with_series(age, *kept)  # how long a queue keeps its messages is nothing to a stream's records
        assert seen.surroundings
        around = seen.surroundings
        reads = tuple(Edge(one.resource, "lambda:orders", "event source mapping") for one in kept)
        scope = replace(around.scope, topology=replace(around.scope.topology, edges=reads))
        statement = only(replace(seen, surroundings=replace(around, scope=scope)))
        assert (statement.limit, statement.forecast.course) == ("7 days", Course.NOT_SOON)

    @pytest.mark.parametrize(
        ("growth", "assumption"),
        [(0, ""), (100 * 2**30, "storage autoscaling may add 100 GiB")],
    )
    def test_whether_a_disk_may_grow(self, growth: float, assumption: str) -> None:
        disk = series("rds:db", "FreeStorageSpace", *steps(60e9, -1e9, 30))
        assert only(with_series(disk, series("rds:db", GROWTH, growth))).assumption == assumption

    def test_capacity_is_counted_by_the_second(self) -> None:
        consumed = series("dynamodb:t", "ConsumedWriteCapacityUnits", *steps(60 * 60, 60, 30))
        provisioned = series("dynamodb:t", "ProvisionedWriteCapacityUnits", 100)
        statement = only(with_series(consumed, provisioned))
        assert "reaches the 100 units provisioned in about 10 minutes" in statement.text

    def test_a_table_on_demand_has_no_such_limit(self) -> None:
        consumed = series("dynamodb:t", "ConsumedWriteCapacityUnits", *steps(60 * 60, 60, 30))
        assert outlook(with_series(consumed)) == ()
        none = series("dynamodb:t", "ProvisionedWriteCapacityUnits", 0)
        assert outlook(with_series(consumed, none)) == ()

    def test_a_period_that_is_not_over_hides_no_reached_limit(self) -> None:
        end = NOW.timestamp() - 20  # the last minute has run for twenty seconds
        times = tuple(end - 60 * (29 - i) for i in range(30))
        values = (*steps(60 * 60, 90, 29), 500.0)
        consumed = replace(series("dynamodb:t", "ConsumedReadCapacityUnits", *values), times=times)
        statement = only(with_series(consumed, series("dynamodb:t", "ProvisionedReadCapacityUnits", 100)))
        assert statement.text == (
            "consumed read capacity of dynamodb:t has reached the 100 units provisioned "
            "(unless auto scaling raises it)"
        )

    def test_what_the_incident_began_is_seen_although_all_was_quiet_before(self) -> None:
        age = series("sqs:q", "ApproximateAgeOfOldestMessage", *[5.0] * 150, *steps(5700 * 60, 60, 30))
        assert only(with_series(age)).forecast.course is Course.WILL_REACH

    def test_what_is_slow_is_seen_in_the_hours_before(self) -> None:
        wobble = [2e8 * ((i * 7) % 5 - 2) for i in range(180)]
        disk = series("rds:db", "FreeStorageSpace", *(8e9 - 2e7 * i + wobble[i] for i in range(180)))
        forecast = only(with_series(disk)).forecast
        assert forecast.course is Course.WILL_REACH
        assert forecast.in_s == pytest.approx((8e9 / 2e7 - 180) * 60, rel=0.1)

    def test_no_trend_and_nothing_to_go_by(self) -> None:
        quiet = only(with_series(series("sqs:q", "ApproximateAgeOfOldestMessage", *[3.0] * 60)))
        assert quiet.text.startswith("the age of the oldest message of sqs:q shows no trend towards 4 days")
        few = only(with_series(series("sqs:q", "ApproximateAgeOfOldestMessage", 3.0, 4.0)))
        assert few.forecast.course is Course.CANNOT_TELL

    def test_the_most_urgent_first(self) -> None:
        told = outlook(
            with_series(
                series("rds:late", "FreeStorageSpace", *steps(60e9, -1e9, 30)),
                series("rds:quiet", "FreeStorageSpace", *[60e9] * 30),
                series("rds:full", "FreeStorageSpace", *steps(29e9, -1e9, 30)),
                series("rds:soon", "FreeStorageSpace", *steps(40e9, -1e9, 30)),
            )
        )
        assert [s.resource for s in told] == ["rds:full", "rds:soon", "rds:late", "rds:quiet"]
        assert told[0].text == (
            "free storage of rds:full has reached zero (unless storage autoscaling is on)"
        )


def test_an_open_end_is_said() -> None:
    forecast = Forecast(Course.WILL_REACH, "it goes on like this", 2400, 1800, None)
    statement = Statement("sqs:q", "message_age", "the age", "4 days", forecast)
    assert statement.text == (
        "the age of sqs:q reaches 4 days in about 40 minutes (30 minutes at the earliest), "
        "if it goes on like this"
    )
    closed = replace(statement, forecast=replace(forecast, latest_s=3900))
    assert "about 40 minutes (30 minutes to 65 minutes)" in closed.text
    distant = replace(statement, forecast=Forecast(Course.NOT_SOON, "not within the next 3 hours"))
    assert distant.text == "the age of sqs:q goes towards 4 days: not within the next 3 hours"
