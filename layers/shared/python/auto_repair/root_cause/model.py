"""What an investigation is given and what it answers.

Times are seconds since the epoch; rows are periods and carry the time at which they begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Values = tuple[float | None, ...]
ABSURD = 1e100


class InvalidInvestigation(ValueError):
    """The input contradicts itself, so that any ranking of it would be a guess."""


class Role(StrEnum):
    """What a metric says about its node, whatever the provider calls it."""

    LATENCY = "latency"
    AVAILABILITY = "availability"  # share of good calls, in any unit (1 or 100 at best)
    REQUESTS = "requests"  # calls per period, or any multiple of it
    SATURATION = "saturation"  # rises when the node runs out of something
    CALLER_LATENCY = "caller_latency"  # of one edge, measured by the caller
    CALLEE_LATENCY = "callee_latency"  # of the same edge, measured by the callee
    OTHER = "other"


class Kind(StrEnum):
    """How a node is held responsible."""

    SLOW = "slow"  # takes longer than its callees explain
    FAILING = "failing"  # fails more calls than its callees explain
    UNREACHABLE = "unreachable"  # callers wait, the node itself does not: network, throttling, cold start
    SATURATED = "saturated"  # runs out of a resource
    SILENT = "silent"  # stopped calling somebody it used to call
    CHANGED = "changed"  # was changed just before
    LOGGED = "logged"  # writes a message it did not write before


class Outcome(StrEnum):
    """The three honest answers."""

    INCIDENT = "incident"
    NO_INCIDENT = "no_incident"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Column:
    """One time series: a metric of a node, or of the edge node → callee when `callee` is set."""

    node: str
    metric: str
    statistic: str
    role: Role
    callee: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns over common rows: ascending unique timestamps, None where there is no data."""

    timestamps: tuple[float, ...] = ()
    columns: Mapping[Column, Values] = field(default_factory=dict)

    @classmethod
    def of(cls, timestamps: Sequence[Any], columns: Iterable[tuple[Column, Sequence[Any]]]) -> Frame:
        """Sort rows, merge rows of one timestamp (the later value wins), turn NaN and infinity into gaps.

        Raises InvalidInvestigation when lengths differ, a timestamp is missing or a value is no number.
        """
        times = [_number(t) for t in timestamps]
        if None in times:
            raise InvalidInvestigation("a row has no timestamp")
        order = sorted(range(len(times)), key=lambda i: (times[i], i))
        tidy = order == list(range(len(times))) and len(set(times)) == len(times)
        merged: dict[Column, Values] = {}
        for column, raw in columns:
            if len(raw) != len(times):
                raise InvalidInvestigation(
                    f"{column.node} {column.metric} has {len(raw)} values for {len(times)} rows"
                )
            values = _numbers(raw)
            if not tidy:
                values = _by_time(times, order, values)
            known = merged.get(column)
            merged[column] = values if known is None else _complete(known, values)
        ascending = tuple(sorted({t for t in times if t is not None}))
        return cls(ascending, merged)


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    if not isinstance(value, int | float):
        raise InvalidInvestigation(f"{value!r} is not a number")
    # What no metric can mean is a gap, and sums of it would overflow.
    return float(value) if abs(value) <= ABSURD else None


def _numbers(raw: Sequence[Any]) -> Values:
    # The usual column is all floats: adding it up is the quickest proof that nothing needs cleaning.
    try:
        if sum(map(abs, raw)) <= ABSURD and bool not in set(map(type, raw)):
            return tuple(raw)
    except (TypeError, OverflowError):
        pass
    return tuple(_number(value) for value in raw)


def _by_time(times: Sequence[float | None], order: Sequence[int], values: Values) -> Values:
    rows: dict[float | None, float | None] = {}
    for i in order:
        value = values[i]
        rows[times[i]] = rows.get(times[i]) if value is None else value
    return tuple(rows.values())


def _complete(known: Values, other: Values) -> Values:
    return tuple(b if a is None else a for a, b in zip(known, other, strict=True))


@dataclass(frozen=True, slots=True)
class Graph:
    """Who calls whom. May lack edges, hold spurious ones, or be empty."""

    nodes: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> Graph:
        """Drop self-loops and repeats; nodes that only edges name are added."""
        kept = tuple(dict.fromkeys((a, b) for a, b in edges if a != b))
        return cls(tuple(dict.fromkeys([*nodes, *(n for edge in kept for n in edge)])), kept)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What fired: the symptom to be explained."""

    node: str
    role: Role
    at: float
    statistic: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something was deployed, configured, permitted or forbidden."""

    node: str
    at: float
    summary: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class LogSignature:
    """A cluster of log lines of a node; `names` is the node the message complains about, if it names one.

    traced: told by traces of a few requests, and not by the log. told_by: what readers know its source by.
    """

    node: str
    first_seen: float
    summary: str
    count: int
    count_before: int = 0
    names: str | None = None
    traced: bool = False
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class Investigation:
    """One alarm with everything known about it."""

    alarm: Alarm
    reference: Frame
    window: Frame
    graph: Graph = Graph()
    changes: tuple[Change, ...] = ()
    logs: tuple[LogSignature, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation; `strength` is what it adds to the score (below zero: speaks against)."""

    kind: Kind
    node: str
    summary: str
    strength: float
    sigmas: float | None = None
    observed: float | None = None
    baseline: float | None = None
    metric: str | None = None
    statistic: str | None = None
    told_by: str = ""  # of a log signature


@dataclass(frozen=True, slots=True)
class Step:
    """One node on the way from cause to alarm; `inferred` marks a link that the given graph lacks."""

    node: str
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One candidate cause."""

    node: str
    kind: Kind
    score: float
    confidence: float
    metric: str | None
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[str, ...]
    path: tuple[Step, ...]
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ranked outcome. `hypotheses` may be kept for reading even when the outcome is not `incident`."""

    outcome: Outcome
    probability: float
    hypotheses: tuple[Hypothesis, ...]
    reasons: tuple[str, ...] = ()
