"""Whom an incident hurts: which resources and entry points, since when, and how many calls.

What is measured is told from what only follows from the topology. A resource whose metrics were read and are
worse than usual is affected, whatever else; one without metrics is held to be affected because it needs
another that is. One whose own metrics look well while its callers suffer hands the trouble on: a function
that catches the error and answers 500 has no errors of its own.
"""

from collections import deque
from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from auto_repair.domain.evidence import Window, percentile
from auto_repair.domain.surroundings import MetricRole, Surroundings
from auto_repair.domain.topology import Topology

LOST = 0.005  # share of calls beyond the usual that must fail before a period counts
SLOWER = 1.5  # times the slowest period of the reference
MIN_SLOW = 2  # periods
RATE = "1/s"  # unit of requests that are not counted per period


class Basis(StrEnum):
    """How it is known that a resource is affected."""

    MEASURED = "measured"
    INFERRED = "inferred"


@dataclass(frozen=True)
class Affected:
    """One resource that suffers. Counts are of calls since the onset, None where nobody counted.

    `usual` is how many of them would have failed in ordinary times; `slow` came in periods in which the
    resource took clearly longer than it ever did before.
    """

    resource: str  # its id
    basis: Basis
    because: str
    is_entry: bool = False  # nothing that we know of stands before it
    since: datetime | None = None
    calls: float | None = None
    failed: float | None = None
    usual: float = 0.0
    slow: float | None = None

    @property
    def text(self) -> str:
        """`apigateway:shop: 120 of 400 calls failed since 10:02 UTC (measured)`."""
        when = f" since {self.since:%H:%M} UTC" if self.since else ""
        told = self.because
        if self.failed is not None and self.calls is not None and self.failed >= 0.5:
            told = f"{self.failed:.0f} of {self.calls:.0f} calls failed{when}"
        elif self.slow:
            told = f"{self.slow:.0f} calls were slow{when}"
        return f"{self.resource}: {told} ({self.basis.value})"


@dataclass(frozen=True)
class Impact:
    """Everything that one cause does to others; the nearest to the cause first."""

    cause: str  # id of a resource
    affected: tuple[Affected, ...] = ()
    spared: tuple[str, ...] = ()  # need the cause, were measured, and are well

    @property
    def entry_points(self) -> tuple[Affected, ...]:
        """Where the trouble leaves what we know: towards people and other systems."""
        return tuple(one for one in self.affected if one.is_entry)

    @property
    def since(self) -> datetime | None:
        """The first measured harm."""
        return min((one.since for one in self.affected if one.since), default=None)

    @property
    def failed_calls(self) -> float | None:
        """Failed calls at the entry points, so that none is counted twice; None where none was counted."""
        counted = [one.failed for one in self.entry_points if one.failed is not None]
        return sum(counted) if counted else None


def impact(around: Surroundings, cause: str) -> Impact:
    """What the trouble of `cause` (id of a resource) does to it and to all that need it, directly or not."""
    topology = around.scope.topology
    reached = (cause, *topology.upstream(cause))
    harms = {name: harm for name in reached if (harm := _harm(name, around)) is not None}
    suffering = {name for name, harm in harms.items() if harm.since is not None}
    well = {
        name
        for name in harms.keys() - suffering - {cause}
        # Whoever stands between the cause and somebody who suffers hands the trouble on.
        if not suffering.intersection(topology.upstream(name))
    }
    hurt = _reachable(cause, well, topology)
    return Impact(
        cause,
        affected=tuple(
            replace(_affected(name, cause, harms.get(name)), is_entry=not topology.callers(name))
            for name in reached
            if name in hurt
        ),
        spared=tuple(name for name in reached if name in well),
    )


def _reachable(cause: str, well: Set[str], topology: Topology) -> set[str]:
    """The cause and all that need it without somebody in between who is well."""
    found, waiting = {cause}, deque([cause])
    while waiting:
        for caller in topology.callers(waiting.popleft()):
            if caller not in found and caller not in well:
                found.add(caller)
                waiting.append(caller)
    return found


def _affected(name: str, cause: str, harm: "_Harm | None") -> Affected:
    if harm is None or harm.since is None:
        why = "its own metrics look well, those that need it fail" if harm else "it needs what fails"
        return Affected(name, Basis.INFERRED, "held responsible" if name == cause else why)
    since = datetime.fromtimestamp(harm.since, UTC)
    because = "calls fail" if harm.fails else "calls are slow"
    return Affected(
        name,
        Basis.MEASURED,
        because,
        since=since,
        calls=harm.calls,
        failed=harm.failed,
        usual=harm.usual,
        slow=harm.slow,
    )


# -- what a resource's own metrics say ----------------------------------------------------------------------

_Points = dict[float, float]  # start of the period → value


@dataclass(frozen=True)
class _Harm:
    """How a measured resource does; `since` is None when it is well."""

    since: float | None = None
    fails: bool = False
    calls: float | None = None
    failed: float | None = None
    usual: float = 0.0
    slow: float | None = None


def _harm(resource: str, around: Surroundings) -> _Harm | None:
    """None when neither its failures nor its latency were measured in the window."""
    window, reference = around.scope.window, around.scope.reference
    good, latency, requests = (
        _points(resource, role, around, window)
        for role in (MetricRole.AVAILABILITY, MetricRole.LATENCY, MetricRole.REQUESTS)
    )
    if not good and not latency:
        return None
    losses = [1 - v for v in _points(resource, MetricRole.AVAILABILITY, around, reference).values()]
    failing = [t for t, v in good.items() if 1 - v > percentile(losses, 0.95) + LOST]
    slowest = max(_points(resource, MetricRole.LATENCY, around, reference).values(), default=0.0)
    slow = [t for t, v in latency.items() if v > SLOWER * slowest > 0]
    if len(slow) < MIN_SLOW:
        slow = []
    if not failing and not slow:
        return _Harm()
    harm = _Harm(since=min((*failing, *slow)), fails=bool(failing))
    return _counted(harm, good, percentile(losses, 0.5), slow, requests)


def _counted(harm: _Harm, good: _Points, usual_loss: float, slow: list[float], requests: _Points) -> _Harm:
    """The harm with its calls, where they were counted."""
    since = {t: count for t, count in requests.items() if t >= (harm.since or 0.0)}
    if not since:
        return harm
    return replace(
        harm,
        calls=sum(since.values()),
        failed=sum((1 - good[t]) * count for t, count in since.items() if t in good) if good else None,
        usual=usual_loss * sum(since.values()),
        slow=sum(since.get(t, 0.0) for t in slow),
    )


def _points(resource: str, role: MetricRole, around: Surroundings, span: Window) -> _Points:
    """Of the first series of that role, the most telling one, within the span; requests by the period."""
    start, end = span.start.timestamp(), span.end.timestamp()
    for series in around.series:
        if series.resource == resource and series.role is role and series.values:
            scale = series.period_s if series.unit == RATE else 1
            points = zip(series.times, series.values, strict=True)
            return {t: scale * v for t, v in points if start <= t < end}
    return {}
