"""A few single requests as X-Ray traced them: where each failed, or where its time went.

One page of summaries and at most five traces, and these only where the service graph has seen calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.discovery import home
from auto_repair.domain.arns import Home
from auto_repair.domain.citations import EvidenceItem, MissingEvidence, Window
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.surroundings import MetricRole, Observation, Scope
from auto_repair.domain.traces.choice import Summary, slowest, telling_failures
from auto_repair.domain.traces.failures import Resources
from auto_repair.domain.traces.resources import resource_of_span
from auto_repair.domain.traces.spans import Trace, trace_of
from auto_repair.domain.traces.telling import (
    Failures,
    failures_of,
    of_each_kind,
    path_in_words,
    signatures,
    time_in_words,
    titles,
)
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MOST = timedelta(hours=6)  # X-Ray answers for no longer span
MOST_TRACES = 5  # X-Ray hands out no more at once
MAX_FUNCTIONS = 3
# Anywhere in the request. Lambda's own segment says 200 of a function that raised, and what a function
# catches never reaches whoever called it.
FAILED = "service() { fault = true OR error = true OR throttle = true }"


@dataclass(frozen=True)
class Page:
    """What X-Ray told of the requests of a span of time."""

    expression: str
    window: Window
    summaries: tuple[Summary, ...]
    looked_at: int
    complete: bool


class TraceDetailsSource:
    """One request for summaries, and one for the traces that are worth reading."""

    name = "trace_details"

    def __init__(self, clients: Clients, place: Home, links: ConsoleLinks) -> None:
        self._clients = clients
        self._place = place
        self._links = links

    def observe(self, scope: Scope) -> Observation:
        """Nothing where the graph saw no calls: the topology has said so."""
        is_slow = scope.symptom.role is MetricRole.LATENCY
        expression = _expression(scope, "" if is_slow else FAILED)
        if not expression or not any(edge.seen for edge in scope.topology.edges):
            return Observation()
        page = self._page(expression, scope.window)
        by_errors = "4XX" in scope.symptom.metric.upper()
        if is_slow:
            chosen = slowest(page.summaries, MOST_TRACES)
        else:
            chosen = telling_failures(page.summaries, MOST_TRACES, by_errors=by_errors)
        traces, gaps = self._traces(chosen) if chosen else ((), ())
        told = failures_of(traces, self._resource, scope.resources, by_errors=by_errors)
        items = [self._overview(page, is_slow=is_slow)]
        if is_slow:
            has_middle = len(page.summaries) > len(chosen) == len(traces)
            items += self._slow(traces, scope, has_middle=has_middle)
        items += self._failed(told, scope)
        return Observation(
            signatures=signatures(told),
            items=tuple(items),
            missing=(*_gaps(page, self.name), *gaps),
        )

    @property
    def _resource(self) -> Resources:
        return partial(resource_of_span, home=self._place)

    def _page(self, expression: str, window: Window) -> Page:
        span = Window(max(window.start, window.end - MOST), window.end)
        answer = call(
            self._clients.client("xray").get_trace_summaries,
            StartTime=span.start,
            EndTime=span.end,
            Sampling=False,
            FilterExpression=expression,
        )
        return Page(
            expression,
            span,
            tuple(_summary(found, span) for found in answer.get("TraceSummaries", ())),
            answer.get("TracesProcessedCount", 0),
            complete=not answer.get("NextToken"),
        )

    def _traces(self, chosen: Sequence[Summary]) -> tuple[tuple[Trace, ...], tuple[MissingEvidence, ...]]:
        """Those traces, and what could not be read of them."""
        wanted = [summary.id for summary in chosen]
        try:
            answer = call(self._clients.client("xray").batch_get_traces, TraceIds=wanted)
        except AutoRepairError as error:  # the summaries tell something all the same
            return (), (MissingEvidence(self.name, str(error)[:400]),)
        found = {trace["Id"]: _trace(trace) for trace in answer.get("Traces", ())}
        traces = tuple(found[name] for name in wanted if name in found and found[name].spans)
        parts = [trace.id for trace in traces if not trace.complete]
        gaps = [f"xray:BatchGetTraces gave a part of trace {name} only" for name in parts]
        if unread := len(wanted) - len(traces):
            gaps.append(f"xray:BatchGetTraces gave nothing of {unread} of {len(wanted)} traces")
        return traces, tuple(MissingEvidence(self.name, gap, partly=True) for gap in gaps)

    def _overview(self, page: Page, *, is_slow: bool) -> EvidenceItem:
        return EvidenceItem(
            id="traces",
            source=self.name,
            query=f"xray:GetTraceSummaries {page.expression}",
            window=page.window,
            observed=_counted(page, is_slow=is_slow),
            link=self._links.traces(page.expression, page.window),
        )

    def _failed(self, told: Failures, scope: Scope) -> Iterator[EvidenceItem]:
        title = titles(scope.resources)
        for failure, count in of_each_kind(told):
            share = f"so it was in {count} of {len(told.found)} failed requests that were read"
            words = f"{path_in_words(failure, told, title)}; {share}"
            yield self._item(failure.evidence, failure.trace, scope, words)

    def _slow(self, traces: Sequence[Trace], scope: Scope, *, has_middle: bool) -> Iterator[EvidenceItem]:
        """The slowest request; where there were more than are read, the last one is there to compare with."""
        told = [time_in_words(trace, self._resource, titles(scope.resources)) for trace in traces]
        if told:
            usual = f"one of medium length took {told[-1]}" if has_middle else ""
            yield self._item("traces.slowest", traces[0], scope, f"the slowest request took {told[0]}", usual)

    def _item(
        self, item_id: str, trace: Trace, scope: Scope, observed: str, baseline: str = ""
    ) -> EvidenceItem:
        return EvidenceItem(
            id=item_id,
            source=self.name,
            query=f"xray:BatchGetTraces {trace.id}",
            window=scope.window,
            observed=observed,
            baseline=baseline,
            link=self._links.trace(trace.id),
        )


def _expression(scope: Scope, condition: str) -> str:
    """Requests through the alarmed function, or through the API and the functions nearest to the alarm."""
    service, _, name = scope.symptom.resource.partition(":")
    functions = [resource.name for resource in scope.resources if resource.service == "lambda"]
    near = [name] if service == "lambda" else functions[:MAX_FUNCTIONS]
    terms = [f'service("{function}")' for function in near]
    if service == "apigateway" and name:  # what it refuses itself reaches no function
        terms.append(f'http.url CONTAINS "{name}.execute-api."')
    return " OR ".join(f"{term} AND {condition}" if condition else term for term in terms)


def _summary(found: Mapping[str, Any], span: Window) -> Summary:
    return Summary(
        id=found["Id"],
        at=found.get("StartTime", span.end),
        seconds=found.get("ResponseTime") or found.get("Duration") or 0.0,
        fault=found.get("HasFault", False),
        error=found.get("HasError", False),
        throttle=found.get("HasThrottle", False),
        status=found.get("Http", {}).get("HttpStatus"),
        causes=frozenset(_causes(found)),
    )


def _causes(found: Mapping[str, Any]) -> Iterator[str]:
    """The innermost service of each root cause that X-Ray sees, what it did there, and what it raised."""
    for cause in (*found.get("FaultRootCauses", ()), *found.get("ErrorRootCauses", ())):
        for service in cause.get("Services", ())[-1:]:
            for entity in service.get("EntityPath", ())[-1:]:
                raised = ", ".join(one.get("Name", "") for one in entity.get("Exceptions", ()))
                yield f"{service.get('Name')} {entity.get('Name')} {raised}"


def _trace(found: Mapping[str, Any]) -> Trace:
    documents = (segment["Document"] for segment in found.get("Segments", ()))
    return trace_of(found["Id"], documents, complete=not found.get("LimitExceeded", False))


def _counted(page: Page, *, is_slow: bool) -> str:
    count = len(page.summaries)
    if is_slow:
        return f"{count} traced requests"
    answers = (
        (sum(s.fault for s in page.summaries), "answered 5xx"),
        (sum(s.error for s in page.summaries), "answered 4xx"),
        (sum(s.throttle for s in page.summaries), "throttled"),
    )
    told = "".join(f", {number} {words}" for number, words in answers if number)
    # Requests that never came here are among those that X-Ray went through: they are nobody's share.
    through = f" (X-Ray went through {page.looked_at}, of all services)" if page.looked_at else ""
    return f"something failed in {count} traced requests{told}{through}"


def _gaps(page: Page, source_name: str) -> Iterator[MissingEvidence]:
    if not page.complete:
        cut = f"xray:GetTraceSummaries has more pages than one: {page.looked_at} requests were looked at"
        yield MissingEvidence(source_name, cut, partly=True)
    elif not page.summaries and not page.looked_at:
        yield MissingEvidence(source_name, "X-Ray has no traces of the window")


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    return TraceDetailsSource(clients, home(settings), ConsoleLinks(settings.region))
