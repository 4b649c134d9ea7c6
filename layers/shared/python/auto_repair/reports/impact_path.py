"""How the trouble came from its cause to the alarm, and whom it met beside that way."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from auto_repair.domain.impact import Affected
from auto_repair.domain.resources import at_heart
from auto_repair.domain.surroundings import Surroundings
from auto_repair.domain.topology import Topology
from auto_repair.reports.culprit import culprit, told_by
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.wording import clock, count, service_of

MOST_STATIONS = 12  # on the way
MOST_BESIDE = 5

UNKNOWN_CALL = "inferred: no call from one to the other is known"


class Part(StrEnum):
    """What a resource has to do with the incident."""

    CAUSE = "cause"
    BETWEEN = "between"
    ALARM = "alarm"
    BESIDE = "beside"  # affected, and not on the way


@dataclass(frozen=True)
class Station:
    """One affected resource. `wrong` says in words what is wrong there, `since` when that was first seen."""

    resource: str  # its id
    service: str  # `S3 bucket`
    name: str
    part: Part
    wrong: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class Link:
    """The trouble goes from `source` to `target`, which needs it. `is_seen` in traces, else inferred."""

    source: str
    target: str
    because: str
    is_seen: bool
    is_on_path: bool


@dataclass(frozen=True)
class ImpactPath:
    """`stations` from the cause to the alarm, then those beside; `hidden` is how many more there are."""

    stations: tuple[Station, ...]
    links: tuple[Link, ...]
    hidden: int = 0

    @property
    def way(self) -> tuple[Station, ...]:
        """The stations from the cause to the alarm."""
        return tuple(s for s in self.stations if s.part is not Part.BESIDE)

    @property
    def beside(self) -> tuple[Station, ...]:
        """Those that are affected too."""
        return tuple(s for s in self.stations if s.part is Part.BESIDE)

    @property
    def text(self) -> str:
        """`S3 bucket images (PutBucketPolicy by ada, 12:00:05 UTC) → … → API Gateway shop (…)`."""
        return " → ".join(f"{s.service} {s.name}{_in_brackets(s)}" for s in self.way)


def impact_path(report: IncidentReport) -> ImpactPath | None:
    """The way from the root cause to the alarm; None where there is no cause, or no way to speak of."""
    around = report.surroundings
    if report.cause is None or around is None:
        return None
    way = _way(report, around)[:MOST_STATIONS]
    if len(way) < 2:
        return None
    affected = {one.resource: one for one in report.impact.affected} if report.impact else {}
    others = [name for name in affected if name not in way]
    beside = others[:MOST_BESIDE]
    stations = [_station(name, _part(name, way), report, affected.get(name)) for name in (*way, *beside)]
    return ImpactPath(
        tuple(stations),
        (*_links_along(way, around.scope.topology), *_links_beside(way, beside, around.scope.topology)),
        hidden=len(others) - len(beside),
    )


def short_path(names: tuple[str, ...], report: IncidentReport) -> str:
    """`s3:images → lambda:orders → apigateway:shop`, for a line of text; empty for a single resource."""
    way = [one_line(report.named(name), 120) for name in dict.fromkeys(names)]
    return " → ".join(way[:MOST_STATIONS]) if len(way) > 1 else ""


def _in_brackets(station: Station) -> str:
    told = ", ".join(filter(None, (station.wrong, clock(station.since) if station.since else "")))
    return f" ({told})" if told else ""


# --- the way ----------------------------------------------------------------------------------------------


def _way(report: IncidentReport, around: Surroundings) -> tuple[str, ...]:
    """Ids from the cause to the alarm."""
    start, goal = report.place_of_cause, around.scope.symptom.resource
    if report.cause and report.cause.path:
        return tuple(dict.fromkeys(report.cause.path))
    return _shortest(start, goal, around.scope.topology) or tuple(dict.fromkeys((start, goal)))


def _shortest(start: str, goal: str, topology: Topology) -> tuple[str, ...]:
    """From callee to caller; empty where no way is known."""
    came_from, waiting = {start: ""}, deque([start])
    while waiting and goal not in came_from:
        here = waiting.popleft()
        for caller in topology.callers(here):
            if caller not in came_from:
                came_from[caller] = here
                waiting.append(caller)
    back = [goal] if goal in came_from else []
    while back and back[-1] != start:
        back.append(came_from[back[-1]])
    return tuple(reversed(back))


def _links_along(way: tuple[str, ...], topology: Topology) -> tuple[Link, ...]:
    return tuple(
        _link(callee, caller, topology, on_path=True)
        or Link(callee, caller, UNKNOWN_CALL, is_seen=False, is_on_path=True)
        for callee, caller in pairwise(way)
    )


def _links_beside(way: tuple[str, ...], beside: list[str], topology: Topology) -> tuple[Link, ...]:
    """How the trouble reaches each resource beside the way: one link each, from the way where it can be."""
    found = []
    for name in beside:
        callees = topology.callees(name)
        source = next((one for one in (*way, *beside) if one in callees and one != name), None)
        link = _link(source, name, topology, on_path=False) if source else None
        if link:
            found.append(link)
    return tuple(found)


def _link(callee: str, caller: str, topology: Topology, *, on_path: bool) -> Link | None:
    edges = [e for e in topology.edges if (e.caller, e.callee) == (caller, callee)]
    return next((Link(callee, caller, e.because, e.seen, on_path) for e in edges), None)


# --- what is wrong where ----------------------------------------------------------------------------------


def _part(name: str, way: tuple[str, ...]) -> Part:
    known = {way[0]: Part.CAUSE, way[-1]: Part.ALARM}
    return known.get(name, Part.BETWEEN if name in way else Part.BESIDE)


def _station(name: str, part: Part, report: IncidentReport, affected: Affected | None) -> Station:
    wrong, since = _cause(report) if part is Part.CAUSE else _effect(name, report, affected)
    known = report.surroundings.scope.topology.resource(name) if report.surroundings else None
    service, _, rest = name.partition(":")
    title = (known.title or known.name) if known else rest or service
    return Station(name, service_of(name), title, part, wrong, since)


def _cause(report: IncidentReport) -> tuple[str, datetime | None]:
    change = culprit(report.cause, report.surroundings)
    if change:
        return told_by(change), change.at
    reasons = report.cause.because if report.cause else ()
    return (reasons[0].text if reasons else ""), report.cause.since if report.cause else None


def _effect(name: str, report: IncidentReport, affected: Affected | None) -> tuple[str, datetime | None]:
    """What its metrics show; where they look well, what its log complains of."""
    complaint, first = _complaint(name, report)
    moments = [m for m in (affected.since if affected else None, first) if m]
    since = min(moments, default=None)
    if affected and affected.since:
        return harm(affected), since
    return complaint or (affected.because if affected else ""), since


def harm(affected: Affected) -> str:
    """`120 of 400 calls failed`."""
    if affected.failed is not None and affected.calls is not None and affected.failed >= 0.5:
        return f"{affected.failed:,.0f} of {count(round(affected.calls), 'call')} failed"
    return f"{count(round(affected.slow), 'call')} came slowly" if affected.slow else affected.because


def _complaint(name: str, report: IncidentReport) -> tuple[str, datetime | None]:
    """The first message in the resource's log that was not there before, and when."""
    around, evidence = report.surroundings, report.evidence_before
    lines = (
        [
            (s.first_seen, s.count, s.template)
            for s in around.signatures
            if s.resource == name and not s.count_before
        ]
        if around
        else []
    )
    if evidence and name == at_heart(evidence.function_name).id:
        lines += [(s.first_seen, s.count, s.error_type or s.template) for s in evidence.signatures]
    if not lines:
        return "", None
    first, times, text = min(lines, key=lambda line: line[0])
    return f"{times:,}× {text}", first
