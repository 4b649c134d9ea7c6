"""Where a metric is going: a bounded forecast with an interval, and when it will reach a limit.

A straight line through the recent values by the estimator of Theil and Sen (Sen, 1968), the median of all
pairwise slopes, which a quarter of wild values does not move. The interval of the slope comes from the order
of those slopes, with the variance of Kendall's statistic. Where neighbouring values resemble each other, that
variance is widened by (1 + r) / (1 - r) for a correlation of r (as in Hamed and Rao, 1998; r freed from its
bias in short series as by Marriott and Pope, 1954), so that a wandering metric is not taken for a trend. The
line starts at the recent level; the scatter around it and, for a wandering metric, a random walk widen it.

Nothing is said about more than three times as long as was observed, and nothing of a slope that may be zero
or that has levelled off.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, hypot, isfinite, pi, sqrt

COVERAGE = 0.9  # share of futures that lie within a forecast's interval
_Z = 1.645  # of a normal distribution, for COVERAGE
_NORMAL = 1.4826  # of a normal distribution: standard deviation by the median absolute deviation
MIN_POINTS = 8
MAX_POINTS = 120  # more are put together: the work grows with their square
AHEAD = 3.0  # times the observed span
STALE_PERIODS = 10  # of the series: after so long without a value nothing is said of the present
MOST_CORRELATED = 0.95
STILL_GOING = 0.5  # of the slope must be possible lately
RECENT = (2, 3)  # the last half and the last third must still go on
RESET = 0.5  # of the range lost from one value to the next: it began anew,
RESET_STEPS = 6.0  # unless it often moves about that much


class Course(StrEnum):
    """What can be said about a metric and its limit."""

    REACHED = "reached"
    WILL_REACH = "will_reach"
    NOT_SOON = "not_soon"  # it goes there, but not within what can be foreseen
    NO_TREND = "no_trend"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Interval:
    """A value to expect, and within which bounds, for `COVERAGE` of all futures."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Trend:
    """A line from the last point on; `slope` is per second. `scatter` is around it, `level` being its value:
    how far values lie below and above; `wander` is how far it drifts off in the square root of a second."""

    slope: Interval
    scatter: Interval
    wander: float
    at: float
    span_s: float

    def after(self, seconds: float) -> Interval:
        """The value to expect so long after the last point."""
        slope, scatter, drift = self.slope, self.scatter, self.wander * sqrt(seconds)
        below = hypot((slope.value - slope.low) * seconds, scatter.value - scatter.low, drift)
        above = hypot((slope.high - slope.value) * seconds, scatter.high - scatter.value, drift)
        middle = scatter.value + slope.value * seconds
        return Interval(middle, middle - below, middle + above)


@dataclass(frozen=True)
class Forecast:
    """When a limit will be reached, in seconds from now; `latest_s` is None when it may as well be never.

    `horizon_s` is how far could be looked.
    """

    course: Course
    reason: str
    in_s: float | None = None
    earliest_s: float | None = None
    latest_s: float | None = None
    horizon_s: float = 0.0


def ahead(times: Sequence[float], values: Sequence[float], seconds: float) -> Interval | None:
    """The value to expect `seconds` after the last one; None where there is too little to go by.

    Raises ValueError for a time further ahead than `AHEAD` times the observed span.
    """
    line = trend(times, values)
    if line is None:
        return None
    if not 0 <= seconds <= AHEAD * line.span_s:
        raise ValueError(f"{seconds} s ahead of {line.span_s} s of observations is no forecast")
    return line.after(seconds)


def until(
    times: Sequence[float], values: Sequence[float], limit: float, *, now: float, rising: bool = True
) -> Forecast:
    """When the series will reach `limit`, from below or (not `rising`) from above. `times` ascend."""
    if not rising:
        return until(times, [-value for value in values], -limit, now=now)
    if problem := _problem(times, values, now):
        return Forecast(Course.CANNOT_TELL, problem)
    if values[-1] >= limit:
        return Forecast(Course.REACHED, "the limit is reached", 0.0, 0.0, 0.0)
    start = _last_reset(values)
    line = trend(times[start:], values[start:])
    if line is None:
        return Forecast(Course.CANNOT_TELL, f"only {len(values) - start} values since it began anew")
    if reason := _no_trend(times[start:], values[start:], line):
        return Forecast(Course.NO_TREND, reason, horizon_s=AHEAD * line.span_s)
    return _crossing(line, limit, now - line.at)


def trend(times: Sequence[float], values: Sequence[float]) -> Trend | None:
    """The line through a series; None below `MIN_POINTS` or when all lie at one time."""
    xs, ys = _thinned(times, values)
    if len(xs) < MIN_POINTS or xs[0] == xs[-1]:
        return None
    slopes = sorted(
        (ys[j] - ys[i]) / (xs[j] - xs[i])
        for i in range(len(xs))
        for j in range(i + 1, len(xs))
        if xs[j] != xs[i]
    )
    middle = _median(slopes)
    flat = [y - middle * (x - xs[-1]) for x, y in zip(xs, ys, strict=True)]
    r = _correlation(flat)
    steps = [abs(later - earlier) for earlier, later in pairwise(flat)]
    return Trend(
        slope=_slope_interval(slopes, middle, ys, r),
        scatter=_scatter(flat, r),
        wander=_Z * r * r * _NORMAL * _median(steps) / sqrt((xs[-1] - xs[0]) / len(steps)),
        at=times[-1],
        span_s=xs[-1] - xs[0],
    )


def _slope_interval(slopes: list[float], middle: float, ys: list[float], r: float) -> Interval:
    """Sen's: as many slopes away from the middle as Kendall's statistic may be away from zero by chance."""
    n, tied = len(ys), Counter(ys).values()
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in tied)) / 18
    reach = _Z * sqrt(variance * (1 + r) / (1 - r))
    low = max(floor((len(slopes) - reach) / 2), 0)
    high = min(ceil((len(slopes) + reach) / 2), len(slopes) - 1)
    return Interval(middle, slopes[low], slopes[high])


def _scatter(flat: list[float], r: float) -> Interval:
    """The recent level, and where the next value may lie around it: the level is not known exactly either."""
    lately = flat[-max(len(flat) // 4, 4) :]
    level, usual = _median(lately), _median(flat)
    rest = sorted(value - usual for value in flat)
    rank = min(ceil((len(rest) + 1) * (1 + COVERAGE) / 2), len(rest))  # of the next value among those seen
    wider = sqrt(1 + pi / 2 / len(lately) * (1 + r) / (1 - r))
    return Interval(level, level + wider * rest[-rank], level + wider * rest[rank - 1])


def _correlation(values: list[float]) -> float:
    """How much each value resembles the one before, 0 … `MOST_CORRELATED`."""
    mean = sum(values) / len(values)
    away = [value - mean for value in values]
    total = sum(a * a for a in away)
    if not total:
        return 0.0
    r = sum(a * b for a, b in pairwise(away)) / total
    return min(max(r + (2 + 4 * r) / len(values), 0.0), MOST_CORRELATED)


def _thinned(times: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """At most `MAX_POINTS` points: medians of as many neighbours each as needed."""
    size = ceil(len(values) / MAX_POINTS)
    starts = range(len(values) % size if size else 0, len(values), size or 1)  # the newest are all kept
    return (
        [times[i + size - 1] for i in starts],
        [_median(values[i : i + size]) for i in starts],
    )


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _problem(times: Sequence[float], values: Sequence[float], now: float) -> str:
    if len(values) < MIN_POINTS:
        return f"only {len(values)} values, {MIN_POINTS} are needed"
    if not all(map(isfinite, values)):
        return "some values are no numbers"
    period = _median([later - earlier for earlier, later in pairwise(times)])
    if now - times[-1] > STALE_PERIODS * period:
        return f"the last value is {now - times[-1]:.0f} s old"
    return ""


def _last_reset(values: Sequence[float]) -> int:
    """Where it last fell back by most of its range and stayed there: a new process, a cleared queue."""
    usual = _median([abs(b - a) for a, b in pairwise(values)])
    drop = max(RESET * (max(values) - min(values)), RESET_STEPS * usual)
    falls = [
        i
        for i in range(1, len(values))
        # Three values each side, so that a single wild one is no beginning.
        if values[i - 1] - values[i] > drop
        and _median(values[max(i - 3, 0) : i]) - _median(values[i : i + 3]) > drop
    ]
    return falls[-1] if falls else 0


def _no_trend(times: Sequence[float], values: Sequence[float], line: Trend) -> str:
    """Why the line must not be drawn on; empty when it may."""
    if line.slope.high <= 0:
        return "it goes the other way, or nowhere"
    if line.slope.low <= 0:
        return "it varies more than it rises or falls"
    for part in RECENT:
        start = len(values) - len(values) // part
        lately = trend(times[start:], values[start:])
        if lately and lately.slope.high < STILL_GOING * line.slope.value:
            return "it has levelled off"
    return ""


def _crossing(line: Trend, limit: float, since_last: float) -> Forecast:
    horizon = AHEAD * line.span_s
    middle = _first(lambda s: line.after(s).value >= limit, horizon)
    if middle is None:
        return Forecast(
            Course.NOT_SOON,
            f"not within the next {in_words(horizon)}, as far as can be foreseen",
            earliest_s=_from_now(_first(lambda s: line.after(s).high >= limit, horizon), since_last),
            horizon_s=horizon,
        )
    earliest = _first(lambda s: line.after(s).high >= limit, horizon)
    latest = _first(lambda s: line.after(s).low >= limit, horizon)
    return Forecast(
        Course.WILL_REACH,
        "it goes on like this",
        in_s=_from_now(middle, since_last),
        earliest_s=_from_now(earliest, since_last),
        latest_s=_from_now(latest, since_last),
        horizon_s=horizon,
    )


def _first(holds: Callable[[float], bool], horizon: float) -> float | None:
    """The first moment within the horizon from which on it holds; None when it does not even at its end."""
    if not holds(horizon):
        return None
    low, high = 0.0, horizon
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _from_now(seconds: float | None, since_last: float) -> float | None:
    return None if seconds is None else max(seconds - since_last, 0.0)


def in_words(seconds: float) -> str:
    """`40 minutes`, `3 hours`, `2 days`."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds < 60 else f"{seconds / 60:.0f} minutes"
