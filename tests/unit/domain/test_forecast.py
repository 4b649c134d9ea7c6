"""Forecasts: intervals hold what they promise, limits are foreseen, and noise is not taken for a trend.

The simulations have fixed seeds; their bounds leave room for chance of that many runs, not for more.
"""

from collections.abc import Callable
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.forecast import (
    AHEAD,
    MAX_POINTS,
    MIN_POINTS,
    Course,
    Forecast,
    ahead,
    in_words,
    trend,
    until,
)

MINUTE = 60.0
Noise = Callable[[Random, int], list[float]]


def independent(rng: Random, n: int) -> list[float]:
    return [rng.gauss(0, 1) for _ in range(n)]


def correlated(rng: Random, n: int) -> list[float]:
    values, now = [], 0.0
    for _ in range(n):
        now = 0.7 * now + rng.gauss(0, sqrt(1 - 0.7**2))
        values.append(now)
    return values


def wild(rng: Random, n: int) -> list[float]:
    return [rng.gauss(0, 10 if rng.random() < 0.1 else 1) for _ in range(n)]


def wandering(rng: Random, n: int) -> list[float]:
    values, now = [], 0.0
    for _ in range(n):
        now += rng.gauss(0, 1)
        values.append(now)
    return values


def minutes(n: int) -> list[float]:
    return [MINUTE * i for i in range(n)]


def line(n: int, slope: float, noise: list[float] | None = None, start: float = 0.0) -> list[float]:
    return [start + slope * i + (noise[i] if noise else 0.0) for i in range(n)]


def foreseen(values: list[float], limit: float, *, rising: bool = True) -> Forecast:
    times = minutes(len(values))
    return until(times, values, limit, now=times[-1], rising=rising)


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize(
    ("noise", "at_least"), [(independent, 0.83), (correlated, 0.83), (wild, 0.83), (wandering, 0.7)]
)
def test_intervals_cover_what_comes(noise: Noise, at_least: float, slope: float) -> None:
    rng, runs, seen, later = Random(7), 150, 60, 40
    inside = 0
    for _ in range(runs):
        values = line(seen + later, slope, noise(rng, seen + later))
        interval = ahead(minutes(seen), values[:seen], MINUTE * later)
        assert interval is not None
        inside += interval.low <= values[-1] <= interval.high
    assert inside / runs >= at_least


@pytest.mark.parametrize(
    ("noise", "at_most"), [(independent, 0.1), (correlated, 0.12), (wild, 0.12), (wandering, 0.25)]
)
def test_noise_is_no_trend(noise: Noise, at_most: float) -> None:
    rng, runs = Random(11), 150
    found = [foreseen(noise(rng, 60), 1000.0).course for _ in range(runs)]
    assert sum(course in (Course.WILL_REACH, Course.NOT_SOON) for course in found) / runs <= at_most


@pytest.mark.parametrize("noise", [independent, correlated, wild])
def test_the_limit_is_reached_within_the_interval_told(noise: Noise) -> None:
    rng, seen, slope, limit = Random(13), 60, 0.5, 60.0
    told = [foreseen(line(seen, slope, [3 * v for v in noise(rng, seen)]), limit) for _ in range(80)]
    sure = [f for f in told if f.course is Course.WILL_REACH]
    truth = MINUTE * (limit / slope - (seen - 1))
    assert len(sure) >= 40
    inside = [f for f in sure if f.earliest_s is not None and f.earliest_s <= truth <= (f.latest_s or truth)]
    assert len(inside) / len(sure) >= 0.9


def test_a_steady_climb_to_the_minute() -> None:
    told = foreseen(line(60, 1.0), 100.0)
    assert told.course is Course.WILL_REACH
    assert told.in_s == pytest.approx(41 * MINUTE)
    assert told.earliest_s == told.latest_s == pytest.approx(41 * MINUTE)


def test_time_that_has_passed_since_the_last_value_counts() -> None:
    values = line(60, 1.0)
    told = until(minutes(60), values, 100.0, now=59 * MINUTE + 300)
    assert told.in_s == pytest.approx(36 * MINUTE)


def test_falling_towards_a_limit() -> None:
    told = foreseen(line(60, -1.0, start=100.0), 0.0, rising=False)
    assert told.in_s == pytest.approx(41 * MINUTE)
    assert foreseen(line(60, -1.0, start=59.0), 0.0, rising=False).course is Course.REACHED
    assert foreseen(line(60, 1.0, start=5.0), 0.0, rising=False).course is Course.NO_TREND


def test_reached() -> None:
    assert foreseen(line(60, 1.0), 59.0) == Forecast(Course.REACHED, "the limit is reached", 0.0, 0.0, 0.0)


def test_too_far_away_to_be_foreseen() -> None:
    told = foreseen(line(60, 1.0), 1000.0)
    assert told.course is Course.NOT_SOON
    assert told.horizon_s == AHEAD * 59 * MINUTE
    assert told.in_s is None


def test_what_has_levelled_off_is_no_trend() -> None:
    slower = [min(i, 60.0) + 0.1 * max(i - 60.0, 0.0) for i in range(100)]
    assert foreseen(slower, 80.0).reason == "it has levelled off"
    assert foreseen([min(i, 40.0) for i in range(80)], 60.0).course is Course.NO_TREND


def test_only_what_came_after_it_began_anew_counts() -> None:
    sawtooth = [10.0 * (i % 12) for i in range(4 * 12 + 9)]
    told = foreseen(sawtooth, 120.0)
    assert told.course is Course.WILL_REACH
    assert told.in_s == pytest.approx(4 * MINUTE)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "only 0 values"),
        ([1.0] * (MIN_POINTS - 1), f"only {MIN_POINTS - 1} values"),
        ([1.0] * 20 + [float("nan")], "no numbers"),
        ([*[10.0 * i for i in range(20)], 0.0, 10.0], "only 2 values since it began anew"),
    ],
)
def test_too_little_to_go_by(values: list[float], reason: str) -> None:
    told = until(minutes(len(values)), values, 500.0, now=MINUTE * max(len(values) - 1, 0))
    assert told.course is Course.CANNOT_TELL
    assert reason in told.reason


def test_old_values_tell_nothing_of_now() -> None:
    told = until(minutes(60), line(60, 1.0), 100.0, now=59 * MINUTE + 3600)
    assert (told.course, told.reason) == (Course.CANNOT_TELL, "the last value is 3600 s old")


def test_no_forecast_beyond_the_bound() -> None:
    assert ahead(minutes(5), line(5, 1.0), MINUTE) is None
    with pytest.raises(ValueError, match="is no forecast"):
        ahead(minutes(60), line(60, 1.0), AHEAD * 60 * MINUTE)


def test_long_series_are_thinned_without_losing_the_line() -> None:
    long = trend(minutes(10 * MAX_POINTS), line(10 * MAX_POINTS, 2.0))
    assert long is not None
    assert long.slope.value == pytest.approx(2.0 / MINUTE)


@given(
    st.lists(st.floats(-1e9, 1e9), max_size=40),
    st.floats(-1e9, 1e9),
    st.booleans(),
    st.floats(0, 1e5),
)
def test_any_series_has_an_answer_in_order(
    values: list[float], limit: float, rising: bool, since: float
) -> None:
    times = minutes(len(values))
    told = until(times, values, limit, now=(times[-1] if times else 0.0) + since, rising=rising)
    assert told.reason
    if told.course is Course.WILL_REACH:
        assert told.in_s is not None
        assert told.earliest_s is not None
        assert 0 <= told.earliest_s <= told.in_s <= (told.latest_s or float("inf"))
        assert told.in_s <= told.horizon_s


@given(st.lists(st.floats(-1e6, 1e6), min_size=MIN_POINTS, max_size=30), st.floats(-1e3, 1e3))
def test_units_do_not_matter(values: list[float], shift: float) -> None:
    one = trend(minutes(len(values)), values)
    other = trend([1000 * t for t in minutes(len(values))], [2 * v + shift for v in values])
    assert one is not None
    assert other is not None
    assert other.slope.value == pytest.approx(one.slope.value * 2 / 1000, abs=1e-6)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(20, "20 seconds"), (90, "2 minutes"), (2400, "40 minutes"), (7200, "2 hours"), (259200, "3 days")],
)
def test_spans_in_words(seconds: float, told: str) -> None:
    assert in_words(seconds) == told
