"""CloudWatch's metrics of everything around a symptom, over the reference and the window.

One request, or one each where they lie so far apart that an answer cannot hold all between them; the most
telling metrics of the nearest resources first. A series has one period throughout.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.metric_data import MAX_POINTS, MetricData, floor, metric_query
from auto_repair.domain.citations import EvidenceItem, MissingEvidence, Window
from auto_repair.domain.measures import Measure, MetricQuery, Points, has_moved, in_words
from auto_repair.domain.resources import Resource
from auto_repair.domain.service_metrics import all_service_metrics
from auto_repair.domain.surroundings import MetricRole, Observation, ResourceSeries, Scope
from auto_repair.ports import Clock, ObservationSource
from auto_repair.settings import Settings

MAX_METRICS = 150  # each is paid for: together less than a fifth of a cent
# CloudWatch forgets minutes after 15 days and five minutes after 63.
PERIODS_S = ((timedelta(days=15), 60), (timedelta(days=63), 300))
OLDEST_PERIOD_S = 3600


@dataclass(frozen=True)
class Asked:
    """One series of one resource that we ask for."""

    resource: Resource
    measure: Measure

    @property
    def id(self) -> str:
        """The evidence item's."""
        return f"around.{self.resource.id}.{self.measure.name}"


class ServiceMetricsSource:
    """One request for all resources, further ones only where CloudWatch pages its answer."""

    name = "service_metrics"

    def __init__(self, clients: Clients, links: ConsoleLinks, clock: Clock, deadline_s: float = 15.0) -> None:
        self._data = MetricData(clients, deadline_s)
        self._links = links
        self._clock = clock

    def observe(self, scope: Scope) -> Observation:
        """Raises `TransientError` when CloudWatch fails within."""
        asked, left_out = wanted(scope.resources)
        if not asked:
            return Observation(missing=self._gaps(scope, {}))
        queries = dict.fromkeys(query for one in asked for query in one.measure.queries)
        period_s = self._period_s(scope)
        spans = _spans(scope, period_s, len(queries))
        found, complete = self._read(queries, spans, scope, period_s)
        series = {one: _series(one, found, period_s, scope) for one in asked}
        notes = {
            "CloudWatch's answer was longer than we read": not complete,
            f"{left_out} less telling metrics were not asked for": left_out > 0,
            f"the reference is read from {spans[0].start:%Y-%m-%d %H:%M} UTC on": spans[0].start
            > scope.reference.start,
        }
        return Observation(
            series=tuple(s for s in series.values() if s.times),
            items=tuple(
                self._item(one, s, scope, spans[0]) for one, s in series.items() if _matters(one, s, scope)
            ),
            missing=(
                *(MissingEvidence(self.name, note, partly=True) for note, holds in notes.items() if holds),
                *self._gaps(scope, series),
            ),
        )

    def _period_s(self, scope: Scope) -> int:
        age = self._clock() - min(scope.reference.start, scope.window.start)
        return next((period_s for kept, period_s in PERIODS_S if age < kept), OLDEST_PERIOD_S)

    def _read(
        self, queries: Iterable[MetricQuery], spans: Iterable[Window], scope: Scope, period_s: int
    ) -> tuple[dict[MetricQuery, Points], bool]:
        """Data points by query, of the reference and the window only."""
        ids = {query: f"m{i}" for i, query in enumerate(queries)}
        found, complete = self._data.read(
            [
                metric_query(
                    query_id, query.namespace, query.metric, query.statistic, query.dimensions, period_s
                )
                for query, query_id in ids.items()
            ],
            *spans,
        )
        parts = [Window(floor(part.start, period_s), part.end) for part in (scope.reference, scope.window)]
        return {
            query: {
                at.timestamp(): value
                for at, value in found.get(query_id, {}).items()
                if any(at in part for part in parts)
            }
            for query, query_id in ids.items()
        }, complete

    def _item(self, one: Asked, series: ResourceSeries, scope: Scope, first_span: Window) -> EvidenceItem:
        before, now = _split(series, scope)
        since = max(first_span.start, scope.reference.start)
        minutes = round((scope.reference.end - since).total_seconds() / 60)
        first = one.measure.queries[0]
        metric = f"{first.namespace} {one.measure.formula} {series.statistic}"
        dimensions = ", ".join(f"{name}={value}" for name, value in first.dimensions)
        is_function = one.resource.service == "lambda"
        return EvidenceItem(
            id=one.id,
            source=self.name,
            query=f"{metric}, period {series.period_s} s, {dimensions}",
            window=scope.window,
            observed=in_words(series, now),
            baseline=f"{minutes} min of reference: {in_words(series, before)}" if before else "",
            link=self._links.function(one.resource.name, "monitoring") if is_function else "",
        )

    def _gaps(self, scope: Scope, series: dict[Asked, ResourceSeries]) -> tuple[MissingEvidence, ...]:
        """Resources of which CloudWatch should hold something, and does not."""
        asked = {one.resource.id for one in series}
        heard = {s.resource for s in series.values() if s.times}
        gaps = []
        for resource in scope.resources:
            known = all_service_metrics().get(resource.service)
            if known is None or resource.id in heard:
                continue
            if not known.measures(resource):
                gaps.append(f"it is not known under which name CloudWatch would measure {resource.id}")
            elif resource.id in asked and (known.silence or resource.id == scope.symptom.resource):
                reason = known.silence or "nobody used it, or it does not exist"
                gaps.append(f"CloudWatch holds no metrics of {resource.id}: {reason}")
        return tuple(MissingEvidence(self.name, gap) for gap in gaps)


def wanted(resources: Iterable[Resource]) -> tuple[list[Asked], int]:
    """What to ask for, and how many series were left out for the bound on metrics: the most telling
    measure of every resource comes first, then everybody's second."""
    services = all_service_metrics()
    measures = [
        [Asked(resource, measure) for measure in services[resource.service].measures(resource)]
        for resource in resources
        if resource.service in services
    ]
    in_turn = [one for rank in zip_longest(*measures) for one in rank if one is not None]
    asked: list[Asked] = []
    queries: set[MetricQuery] = set()
    for one in in_turn:
        if len(queries | set(one.measure.queries)) <= MAX_METRICS:
            asked.append(one)
            queries |= set(one.measure.queries)
    return asked, len(in_turn) - len(asked)


def _spans(scope: Scope, period_s: int, queries: int) -> tuple[Window, ...]:
    """What to read, in whole periods, oldest first; of each span, the newest part that fits a page.

    Reference and window in one span, for every request is paid for; in two where they lie apart and a page
    cannot hold what is between them.
    """
    longest = timedelta(seconds=period_s * (MAX_POINTS // queries))
    reference, window = (_whole_periods(part, period_s) for part in (scope.reference, scope.window))
    both = Window(min(reference.start, window.start), window.end)
    is_apart = reference.end < window.start and both.end - both.start > longest
    spans = (reference, window) if is_apart else (both,)
    return tuple(Window(max(span.start, span.end - longest), span.end) for span in spans)


def _whole_periods(part: Window, period_s: int) -> Window:
    end = floor(part.end + timedelta(seconds=period_s), period_s)
    return Window(floor(part.start, period_s), end)


def _series(one: Asked, found: dict[MetricQuery, Points], period_s: int, scope: Scope) -> ResourceSeries:
    series = one.measure.series(one.resource, [found[query] for query in one.measure.queries], period_s)
    if series.role is not MetricRole.REQUESTS:
        return series
    # A period that is not over has fewer requests, which is no fall.
    over = scope.window.end.timestamp() - period_s
    kept = sum(time <= over for time in series.times)
    return replace(series, times=series.times[:kept], values=series.values[:kept])


def _split(series: ResourceSeries, scope: Scope) -> tuple[list[float], list[float]]:
    """Values of the reference and of the window."""
    begin = floor(scope.window.start, series.period_s).timestamp()
    points = list(zip(series.times, series.values, strict=True))
    return [value for time, value in points if time < begin], [
        value for time, value in points if time >= begin
    ]


def _matters(one: Asked, series: ResourceSeries, scope: Scope) -> bool:
    """Whether it has data and moved, tells of failed calls, or is what the alarm is about."""
    before, now = _split(series, scope)
    is_symptom = one.resource.id == scope.symptom.resource and any(
        query.metric == scope.symptom.metric for query in one.measure.queries
    )
    has_failures = series.role is MetricRole.AVAILABILITY and any(share < 1 for share in now)
    return bool(series.times) and (is_symptom or has_failures or has_moved(before, now))


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return ServiceMetricsSource(clients, ConsoleLinks(settings.region), lambda: datetime.now(UTC))
