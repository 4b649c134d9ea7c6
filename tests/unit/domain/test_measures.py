"""How several metrics become one series, and what counts as having moved."""

from collections.abc import Sequence

import pytest

from auto_repair.domain.measures import (
    Measure,
    MetricSource,
    availability,
    has_moved,
    in_words,
    plain,
    total,
    weighted,
)
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, ResourceSeries

METRIC = MetricSource("AWS/Test", (("Name", "orders"),))
BAD, CALLS = METRIC("Errors", "Sum"), METRIC("Invocations", "Sum")
ORDERS = Resource("lambda", "orders")


def values(measure: Measure, *found: dict[float, float]) -> dict[float, float]:
    series = measure.series(ORDERS, found, 60)
    return dict(zip(series.times, series.values, strict=True))


class TestAvailability:
    measure = availability(bad=[BAD], calls=[CALLS])

    def test_is_the_share_of_good_calls(self) -> None:
        assert values(self.measure, {60: 1, 120: 0}, {60: 4, 120: 8}) == {60: 0.75, 120: 1.0}

    def test_is_a_gap_where_nobody_called(self) -> None:
        assert values(self.measure, {60: 0, 120: 0}, {60: 0, 180: 5}) == {180: 1.0}

    def test_missing_count_of_bad_calls_is_none(self) -> None:
        assert values(self.measure, {}, {60: 4}) == {60: 1.0}

    def test_calls_that_failed_before_they_were_counted_are_calls(self) -> None:
        assert values(self.measure, {60: 3, 120: 6}, {120: 4}) == {60: 0.0, 120: 0.0}

    def test_several_counts_are_added(self) -> None:
        late = METRIC("Timeouts", "Sum")
        both = availability(bad=[BAD, late], calls=[CALLS, BAD, late])
        assert values(both, {60: 1}, {60: 2}, {60: 1}, {60: 1}, {60: 2}) == {60: 0.25}
        assert both.name == "Errors / Invocations"
        assert both.formula == "(Errors + Timeouts) / (Invocations + Errors + Timeouts)"

    def test_says_what_it_is(self) -> None:
        series = self.measure.series(ORDERS, [{}, {60: 1}], 60)
        assert series == ResourceSeries(
            "lambda:orders",
            "Errors / Invocations",
            "Average",
            MetricRole.AVAILABILITY,
            times=(60,),
            values=(1.0,),
        )


def test_plain_metric_keeps_its_name_and_is_scaled() -> None:
    measure = plain(METRIC("Duration", "p99"), MetricRole.LATENCY, "ms", 1000)
    assert (measure.name, measure.formula, measure.statistic) == ("Duration.p99", "Duration", "p99")
    assert values(measure, {120: 0.5, 60: 0.25}) == {60: 250, 120: 500}


def test_times_ascend() -> None:
    series = plain(CALLS, MetricRole.REQUESTS).series(ORDERS, [{120: 2, 60: 1}], 60)
    assert (series.times, series.values) == ((60, 120), (1, 2))


def test_total_adds_what_there_is() -> None:
    measure = total((BAD, CALLS), MetricRole.REQUESTS)
    assert values(measure, {60: 1}, {60: 2, 120: 3}) == {60: 3, 120: 3}


def test_mean_is_weighted_by_the_calls_behind_each() -> None:
    reads = (METRIC("Read", "Average"), METRIC("Read", "SampleCount"))
    writes = (METRIC("Write", "Average"), METRIC("Write", "SampleCount"))
    measure = weighted([reads, writes], MetricRole.LATENCY, "ms", 1000)
    assert measure.queries == (reads[0], writes[0], reads[1], writes[1])
    found: Sequence[dict[float, float]] = ({60: 1, 120: 5}, {60: 4}, {60: 2, 120: 0}, {60: 1})
    assert values(measure, *found) == {60: 2000}


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        ([10, 12, 11], [11, 12], False),
        ([10, 12, 11], [12.5], False),
        ([10, 12, 11], [20], True),
        ([10, 12, 11], [2], True),
        ([0, 0], [0], False),
        ([0, 0], [1], True),
        ([5], [], True),
        ([], [3], True),
        ([], [0], False),
        ([], [], False),
    ],
)
def test_moved_means_clearly_outside_of_what_was_seen(
    before: list[float], now: list[float], moved: bool
) -> None:
    assert has_moved(before, now) is moved


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        (availability([BAD], [CALLS]), "50.0% of calls went well in the worst 60 s, 100.0% in the best"),
        (plain(CALLS, MetricRole.REQUESTS), "1.5 in all, at most 1 in 60 s"),
        (plain(METRIC("Free", "Minimum"), MetricRole.OTHER, "bytes"), "down to 0.5 bytes"),
        (plain(METRIC("Time", "p99"), MetricRole.LATENCY, "ms"), "mostly 0.75 ms, at most 1 ms"),
    ],
)
def test_values_in_words(measure: Measure, told: str) -> None:
    series = measure.series(ORDERS, [{} for _ in measure.queries], 60)
    assert in_words(series, (0.5, 1)) == told
    assert in_words(series, ()) == "no data points"
