"""Whether the resource that an alarm is on does worse than it used to."""

from datetime import UTC, datetime
from statistics import median

from auto_repair.domain.surroundings import MetricRole, ResourceSeries, Surroundings

LOST_SHARE = 0.01  # availability that must be missing against the usual
WORSE_BY = 1.5  # times the worst of the reference
UNUSUAL = {MetricRole.LATENCY: "takes", MetricRole.SATURATION: "shows"}


def suffering(surroundings: Surroundings) -> list[str]:
    """What the alarmed resource suffers from, in words; empty when its metrics are as usual."""
    scope = surroundings.scope
    name = scope.topology.resource(scope.symptom.resource) or scope.symptom.resource
    own = [s for s in surroundings.series if s.resource == scope.symptom.resource]
    start, end = scope.window.start.timestamp(), scope.window.end.timestamp()
    found = []
    for series in own:
        now = _values(series, start, end)
        before = _values(series, scope.reference.start.timestamp(), scope.reference.end.timestamp())
        if series.role is MetricRole.AVAILABILITY and now:
            lost = (median(before) if before else 1.0) - min(now)
            if lost >= LOST_SHARE:
                found.append(f"{name} fails up to {100 * (1 - min(now)):.0f} % of its calls in a period")
        elif series.role in UNUSUAL and before and now and max(now) > WORSE_BY * max(before) > 0:
            verb = UNUSUAL[series.role]
            found.append(
                f"{name} {verb} up to {max(now):g} {series.unit} ({series.metric}), {max(before):g} before"
            )
    return found


def well_until(surroundings: Surroundings) -> datetime | None:
    """Until when the alarmed resource did well before its present trouble; None where nobody knows.

    What was logged before, and not since, belongs to an earlier trouble that is over.
    """
    scope = surroundings.scope
    series = next(
        (
            s
            for s in surroundings.series
            if s.resource == scope.symptom.resource and s.role is MetricRole.AVAILABILITY and s.times
        ),
        None,
    )
    if series is None:
        return None
    usual = 1.0 - LOST_SHARE
    points = list(zip(series.times, series.values, strict=True))
    ill = [t for t, v in points if v < usual]
    well = [t for t, v in points if v >= usual and ill and t < ill[-1]]
    began = next((t for t in ill if well and t > well[-1]), None)
    return datetime.fromtimestamp(began, UTC) if began is not None else None


def unusual_since(surroundings: Surroundings) -> datetime | None:
    """When the alarmed resource first took clearly longer, or was clearly fuller, than ever in the reference;
    None where its alarm is about something else, or nobody knows."""
    scope = surroundings.scope
    start, end = scope.window.start.timestamp(), scope.window.end.timestamp()
    times: list[float] = []
    for series in surroundings.series:
        if series.resource != scope.symptom.resource or series.role is not scope.symptom.role:
            continue
        before = _values(series, scope.reference.start.timestamp(), scope.reference.end.timestamp())
        if before and series.role in UNUSUAL:
            points = zip(series.times, series.values, strict=True)
            times += [t for t, v in points if start <= t < end and v > WORSE_BY * max(before)]
    return datetime.fromtimestamp(min(times), UTC) if times else None


def worst_loss(surroundings: Surroundings) -> float:
    """The largest share of calls, 0..1, that the alarmed resource failed in a period of the window."""
    scope = surroundings.scope
    start, end = scope.window.start.timestamp(), scope.window.end.timestamp()
    good = [
        value
        for series in surroundings.series
        if series.resource == scope.symptom.resource and series.role is MetricRole.AVAILABILITY
        for value in _values(series, start, end)
    ]
    return 1.0 - min(good, default=1.0)


def _values(series: ResourceSeries, start: float, end: float) -> list[float]:
    return [v for t, v in zip(series.times, series.values, strict=True) if start <= t < end]
