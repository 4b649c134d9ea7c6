"""A trace as a tree of spans, read from X-Ray's documents.

A document is a segment, written by whoever did the work, with subsegments for its parts and for the calls
that it made. For a service that writes none itself (DynamoDB, S3 …) X-Ray infers a segment from the call.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from auto_repair.domain.printed_json import read_json

LATEST = 2.0**33  # seconds; later times are none
MAX_SPANS = 2_000  # of one trace; X-Ray's own limit is 500 kB for all documents of a trace
MAX_NAME = 200  # characters; X-Ray's own limit
CALLS = ("aws", "remote")  # the namespaces of calls; what has none is a part of the code


@dataclass(frozen=True)
class Raised:
    """One exception that a span recorded."""

    id: str
    type: str
    message: str

    @property
    def text(self) -> str:
        """As a log line would tell it."""
        return f"{self.type}: {self.message}" if self.type and self.message else self.type or self.message


@dataclass(frozen=True)
class Span:
    """A segment or subsegment. `start` and `end` are seconds since the epoch; `end` is None where it goes on.

    cause: id of an exception that another span recorded. aws: what X-Ray calls it, as it is.
    """

    id: str
    name: str
    start: float
    end: float | None = None
    parent: str = ""
    origin: str = ""  # AWS::Lambda::Function; empty for subsegments
    namespace: str = ""
    arn: str = ""
    fault: bool = False
    error: bool = False
    throttle: bool = False
    status: int | None = None
    asked: str = ""  # POST /orders, without what follows a question mark
    aws: Mapping[str, Any] = field(default_factory=dict)
    exceptions: tuple[Raised, ...] = ()
    cause: str = ""
    inferred: bool = False
    is_part: bool = False  # a subsegment

    @property
    def failed(self) -> bool:
        """Whether it did not end well, in the judgement of whoever wrote it."""
        return self.fault or self.error or self.throttle

    @property
    def is_call(self) -> bool:
        """Whether it tells of work that somebody else did, as its caller saw it."""
        return self.inferred or self.namespace in CALLS

    @property
    def at(self) -> datetime:
        """When it began."""
        return datetime.fromtimestamp(self.start, UTC)


@dataclass(frozen=True)
class Trace:
    """One request. `complete`: X-Ray kept and told all of it."""

    id: str
    spans: tuple[Span, ...]
    complete: bool = True

    @cached_property
    def by_id(self) -> dict[str, Span]:
        """Spans by their ids."""
        return {span.id: span for span in self.spans}

    @cached_property
    def children(self) -> dict[str, tuple[Span, ...]]:
        """What each span consists of and called, in the order in which it began."""
        found: dict[str, list[Span]] = {}
        for span in sorted(self.spans, key=lambda span: span.start):
            if span.parent in self.by_id:
                found.setdefault(span.parent, []).append(span)
        return {parent: tuple(spans) for parent, spans in found.items()}

    @cached_property
    def roots(self) -> tuple[Span, ...]:
        """Spans that nothing in the trace called, the first one first."""
        tops = (span for span in self.spans if span.parent not in self.by_id)
        return tuple(sorted(tops, key=lambda span: span.start))

    @cached_property
    def end(self) -> float:
        """When the last of it ended, as far as is known; seconds since the epoch."""
        return max((span.start if span.end is None else span.end for span in self.spans), default=0.0)

    def end_of(self, span: Span) -> float:
        """When the span ended; the end of the trace where it never did."""
        return self.end if span.end is None else span.end

    def above(self, span: Span) -> Iterator[Span]:
        """The span and those that it is part of or was called by, innermost first."""
        seen: set[str] = set()
        here: Span | None = span
        while here and here.id not in seen:  # nothing keeps a document from naming its own child as parent
            seen.add(here.id)
            yield here
            here = self.by_id.get(here.parent)


def trace_of(trace_id: str, documents: Iterable[str], *, complete: bool = True) -> Trace:
    """The trace. A document that is none leaves it incomplete."""
    spans: dict[str, Span] = {}
    for document in documents:
        try:
            for span in _spans(read_json(document)):
                known = spans.get(span.id)
                if known is None or known.end is None:  # what is complete replaces what was in progress
                    spans[span.id] = span
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            complete = False
    kept = tuple(spans.values())[:MAX_SPANS]
    return Trace(trace_id, kept, complete and len(kept) == len(spans))


def _spans(segment: Mapping[str, Any]) -> Iterator[Span]:
    waiting: list[tuple[Mapping[str, Any], str]] = [(segment, "")]
    while waiting:
        part, parent = waiting.pop()
        span = _span(part, parent)
        yield span
        waiting += [(below, span.id) for below in part.get("subsegments") or ()]


def _span(part: Mapping[str, Any], parent: str) -> Span:
    http = part.get("http") or {}
    end, status = part.get("end_time"), (http.get("response") or {}).get("status")
    cause, aws = part.get("cause") or {}, part.get("aws")
    return Span(
        id=str(part["id"]),
        name=str(part["name"])[:MAX_NAME],
        start=_moment(part["start_time"]),
        end=None if end is None or part.get("in_progress") else _moment(end),
        parent=parent or str(part.get("parent_id") or ""),
        origin=str(part.get("origin") or ""),
        namespace=str(part.get("namespace") or ""),
        arn=str(part.get("resource_arn") or ""),
        fault=part.get("fault") is True,
        error=part.get("error") is True,
        throttle=part.get("throttle") is True,
        status=None if status is None else int(status),
        asked=_asked(http.get("request") or {}),
        aws=aws if isinstance(aws, dict) else {},
        exceptions=() if isinstance(cause, str) else tuple(_raised(cause)),
        cause=cause if isinstance(cause, str) else "",
        inferred=part.get("inferred") is True,
        is_part=bool(parent) or part.get("type") == "subsegment",
    )


def _moment(value: Any) -> float:
    moment = float(value)
    if not 0 <= moment <= LATEST:
        raise ValueError(f"{value} is no time")
    return moment


def _raised(cause: Mapping[str, Any]) -> Iterator[Raised]:
    for one in cause.get("exceptions") or ():
        yield Raised(str(one.get("id") or ""), str(one.get("type") or ""), str(one.get("message") or ""))


def _asked(request: Mapping[str, Any]) -> str:
    """Method and path: what follows a question mark is nobody's business."""
    address = str(request.get("url") or "").partition("?")[0]
    path = address.partition("://")[2].partition("/")[2] if "://" in address else address.removeprefix("/")
    return f"{request.get('method') or ''} /{path}".strip() if address else ""
