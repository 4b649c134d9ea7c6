"""What was measured of each resource around an alarm: the reference, the window, and when it was changed.

All charts share one time axis. The resources on the impact path come first, and of each the series that
moved; a resource none of whose series has data has no charts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from auto_repair.domain.measures import has_moved, in_words
from auto_repair.domain.surroundings import MetricRole, ResourceSeries, Surroundings
from auto_repair.reports.charts import Chart
from auto_repair.reports.culprit import culprit
from auto_repair.reports.escaping import one_line
from auto_repair.reports.impact_path import impact_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.plot import LEFT, RIGHT, WIDTH, Drawing, Mark, TimeAxis, draw

MOST_RESOURCES = 12
MOST_OF_ONE = 4  # charts of one resource
MOST_CHARTS = 24
MOST_POINTS = WIDTH - LEFT - RIGHT  # of one curve: more than one a pixel cannot be told apart

_ROLES = (  # the most telling ones first
    MetricRole.AVAILABILITY,
    MetricRole.SATURATION,
    MetricRole.LATENCY,
    MetricRole.REQUESTS,
    MetricRole.OTHER,
)

_KEYS = (("curve", "measured"), ("reference", "reference"))


@dataclass(frozen=True)
class MeasuredResource:
    """The charts of one resource."""

    resource: str  # its id
    charts: tuple[Chart, ...]


def resource_charts(report: IncidentReport) -> tuple[MeasuredResource, ...]:
    """The charts by resource, in reading order."""
    around = report.surroundings
    if around is None:
        return ()
    marks = _marks(report, around)
    axis = TimeAxis.over([around.scope.reference.start, around.scope.window.end])
    measured = []
    left = MOST_CHARTS
    for number, resource in enumerate(_in_order(report, around)[:MOST_RESOURCES], 1):
        chosen = _telling(resource, around)[: min(MOST_OF_ONE, left)]
        keys = (*_KEYS, *((_sign(mark), mark.label) for mark in marks))
        drawings = [_drawing(s, f"around-{number}-{n}", around, keys) for n, s in enumerate(chosen, 1)]
        charts = tuple(Chart(d.name, d.title, d.lines, d.keys, draw(d, axis, marks)) for d in drawings)
        left -= len(charts)
        if charts:
            measured.append(MeasuredResource(resource, charts))
    return tuple(measured)


def _marks(report: IncidentReport, around: Surroundings) -> list[Mark]:
    """The change held responsible, and the alarm."""
    change = culprit(report.cause, around)
    known = [Mark(change.at, "change")] if change else []
    known.append(Mark(around.scope.symptom.at, "alarm", is_alarm=True))
    shown = (around.scope.reference.start, around.scope.window.end)
    return sorted((m for m in known if shown[0] <= m.at <= shown[1]), key=lambda m: m.at)


def _in_order(report: IncidentReport, around: Surroundings) -> list[str]:
    """Ids: the impact path, then the affected, then the others as they were found."""
    path = impact_path(report)
    affected = [one.resource for one in report.impact.affected] if report.impact else []
    first = [s.resource for s in path.stations] if path else [around.scope.symptom.resource]
    return list(dict.fromkeys((*first, *affected, *(s.resource for s in around.series))))


def _telling(resource: str, around: Surroundings) -> list[ResourceSeries]:
    """Its series with data: those that moved first, then by what they mean."""
    known = [s for s in around.series if s.resource == resource and s.times]
    return sorted(known, key=lambda s: (not has_moved(*_split(s, around)), _ROLES.index(s.role)))


def _split(series: ResourceSeries, around: Surroundings) -> tuple[list[float], list[float]]:
    """The values of the reference, and those of the window."""
    start = around.scope.window.start.timestamp()
    points = list(zip(series.times, series.values, strict=True))
    return [v for t, v in points if t < start], [v for t, v in points if t >= start]


def _sign(mark: Mark) -> str:
    return "alarm" if mark.is_alarm else "change"


def _drawing(
    series: ResourceSeries, name: str, around: Surroundings, keys: tuple[tuple[str, str], ...]
) -> Drawing:
    before, now = _split(series, around)
    is_share = series.role is MetricRole.AVAILABILITY
    lines = (f"Now: {in_words(series, now)}", f"Reference: {in_words(series, before)}")
    return Drawing(
        name,
        one_line("Calls that went well" if is_share else _title(series), 80),
        tuple(one_line(line, 200) for line in lines),
        "%" if is_share else "",
        keys,
        curve=tuple(_points(series, 100.0 if is_share else 1.0)),
        reference_until=around.scope.window.start,
        period_s=_period(series),
    )


def _title(series: ResourceSeries) -> str:
    """`Latency (Average, ms)`; beside the axis a long unit would find no room."""
    return f"{series.metric} ({', '.join(filter(None, (series.statistic, series.unit)))})"


def _points(series: ResourceSeries, scale: float) -> Iterator[tuple[datetime, float]]:
    step = _step(series)
    for i in range(0, len(series.times), step):
        part = series.values[i : i + step]
        # Of what shares a pixel, the trouble is kept.
        value = min(part) if series.role is MetricRole.AVAILABILITY else max(part)
        yield datetime.fromtimestamp(series.times[i], UTC), scale * value


def _period(series: ResourceSeries) -> float:
    return float(series.period_s * _step(series))


def _step(series: ResourceSeries) -> int:
    return -(-len(series.times) // MOST_POINTS)
