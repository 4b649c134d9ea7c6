"""How CloudWatch's metrics become series that mean the same for every service.

Latencies are milliseconds, availability is a share of good calls (0..1) with a gap where nobody called.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, ResourceSeries

Points = dict[float, float]  # start of the period, seconds since the epoch → value
CLEARLY = 0.1  # share of a reference's size by which a value has to leave it
_USUAL_STATISTICS = ("Average", "Maximum", "Minimum", "Sum")


@dataclass(frozen=True)
class MetricQuery:
    """One statistic of one CloudWatch metric, under exactly these dimensions."""

    namespace: str
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MetricSource:
    """Where a resource's metrics lie: namespace and dimensions. Called, it names one of them."""

    namespace: str
    dimensions: tuple[tuple[str, str], ...]

    def __call__(self, metric: str, statistic: str) -> MetricQuery:
        return MetricQuery(self.namespace, metric, statistic, self.dimensions)


@dataclass(frozen=True)
class Measure:
    """One series of a resource and how it comes from what CloudWatch holds."""

    name: str  # unique within the resource: `Duration`, `Duration.p99`, `5XXError / Count`
    formula: str  # the same in full
    statistic: str
    role: MetricRole
    unit: str
    queries: tuple[MetricQuery, ...]
    combine: Callable[[Sequence[Points]], Points]  # the queries' points in their order → the series'

    def series(self, resource: Resource, found: Sequence[Points], period_s: int) -> ResourceSeries:
        """The series of what was found for each of the queries."""
        points = sorted(self.combine(found).items())
        return ResourceSeries(
            resource=resource.id,
            metric=self.name,
            statistic=self.statistic,
            role=self.role,
            unit=self.unit,
            period_s=period_s,
            times=tuple(time for time, _ in points),
            values=tuple(value for _, value in points),
        )


@dataclass(frozen=True)
class ServiceMetrics:
    """What can be measured of one service's resources, the most telling measures first."""

    service: str
    measures: Callable[[Resource], tuple[Measure, ...]]
    silence: str = ""  # what it means that CloudWatch holds nothing, empty where it only means no use


def plain(query: MetricQuery, role: MetricRole, unit: str = "", scale: float = 1.0) -> Measure:
    """The metric as it is, times `scale` (1000 makes seconds milliseconds)."""
    return Measure(
        _name(query),
        query.metric,
        query.statistic,
        role,
        unit,
        (query,),
        lambda found: {time: scale * value for time, value in found[0].items()},
    )


def total(queries: Iterable[MetricQuery], role: MetricRole, unit: str = "") -> Measure:
    """The sum of several metrics; a metric without data counts nothing where another has some."""
    asked = tuple(queries)
    return Measure(_name(asked[0]), _plus(asked), asked[0].statistic, role, unit, asked, _sums)


def availability(bad: Iterable[MetricQuery], calls: Iterable[MetricQuery]) -> Measure:
    """The share of calls that went well, a gap in periods without calls. A missing count of bad calls is
    zero: several services send it only when there are some."""
    failed, made = tuple(bad), tuple(calls)

    def combine(found: Sequence[Points]) -> Points:
        failures, counts = _sums(found[: len(failed)]), _sums(found[len(failed) :])
        # Calls that fail early are not counted as calls by some services (a load balancer without targets).
        all_calls = {t: max(counts.get(t, 0.0), failures.get(t, 0.0)) for t in {*counts, *failures}}
        return {t: 1 - failures.get(t, 0.0) / count for t, count in all_calls.items() if count > 0}

    return Measure(
        f"{failed[0].metric} / {made[0].metric}",
        f"{_term(failed)} / {_term(made)}",
        "Average",
        MetricRole.AVAILABILITY,
        "",
        (*failed, *made),
        combine,
    )


def weighted(
    pairs: Iterable[tuple[MetricQuery, MetricQuery]], role: MetricRole, unit: str = "", scale: float = 1.0
) -> Measure:
    """The mean of several averages, each weighted by the count it comes with, times `scale`."""
    averages, counts = zip(*pairs, strict=True)
    half = len(averages)

    def combine(found: Sequence[Points]) -> Points:
        products = [
            {t: value * counts_of.get(t, 0.0) for t, value in values.items()}
            for values, counts_of in zip(found[:half], found[half:], strict=True)
        ]
        weights = _sums(found[half:])
        return {t: scale * value / weights[t] for t, value in _sums(products).items() if weights.get(t)}

    first, formula = averages[0], _plus(averages)
    return Measure(_name(first), formula, "Average", role, unit, (*averages, *counts), combine)


def has_moved(before: Sequence[float], now: Sequence[float]) -> bool:
    """Whether the window's values leave the reference's clearly, or come or go altogether."""
    if not before or not now:
        return any(before) or any(now)
    low, high = min(before), max(before)
    margin = CLEARLY * max(high - low, abs(low), abs(high))
    return max(now) > high + margin or min(now) < low - margin


def in_words(series: ResourceSeries, values: Sequence[float]) -> str:
    """Some of the series' values in a few words."""
    if not values:
        return "no data points"
    low, high = min(values), max(values)
    unit = f" {series.unit}" if series.unit else ""
    if series.role is MetricRole.AVAILABILITY:
        return f"{low:.1%} of calls went well in the worst {series.period_s} s, {high:.1%} in the best"
    if series.statistic in ("Sum", "SampleCount"):
        return f"{sum(values):g}{unit} in all, at most {high:g} in {series.period_s} s"
    if series.statistic == "Minimum":
        return f"down to {low:g}{unit}"
    return f"mostly {median(values):g}{unit}, at most {high:g}{unit}"


def _name(query: MetricQuery) -> str:
    is_usual = query.statistic in _USUAL_STATISTICS
    return query.metric if is_usual else f"{query.metric}.{query.statistic}"


def _plus(queries: Iterable[MetricQuery]) -> str:
    return " + ".join(dict.fromkeys(query.metric for query in queries))


def _term(queries: Iterable[MetricQuery]) -> str:
    named = _plus(queries)
    return f"({named})" if " + " in named else named


def _sums(found: Iterable[Points]) -> Points:
    sums: Points = {}
    for points in found:
        for time, value in points.items():
            sums[time] = sums.get(time, 0.0) + value
    return sums
