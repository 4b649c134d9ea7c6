"""From what was observed around an alarm to an investigation, and back to hypotheses for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auto_repair.domain.citations import Window
from auto_repair.domain.complaints import ComplaintKind, complaint
from auto_repair.domain.diagnosis import Hypothesis, Inquiry, InquiryOutcome, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.lost_permissions import taken_from
from auto_repair.domain.resources import at_heart
from auto_repair.domain.suffering import unusual_since, well_until
from auto_repair.domain.surroundings import (
    SETTINGS,
    ResourceChange,
    ResourceSeries,
    ResourceSignature,
    Surroundings,
)
from auto_repair.root_cause import model
from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import Alarm, Column, Frame, Graph, Investigation, Kind, Outcome, Role

PREFIX = "neighbour_"  # of the names of causes that lie in another resource
MOST = 4  # hypotheses worth reading
MAX_REASONS = 6
PERIOD = timedelta(minutes=1)  # of metrics: trouble begins somewhere within
LEAD = timedelta(minutes=5)  # before slowness or a backlog shows: their cause may have begun well before

# How each kind of cause is put into words.
_SAYS = {
    Kind.SLOW: "is slow",
    Kind.FAILING: "fails",
    Kind.UNREACHABLE: "is not reached in time",
    Kind.SATURATED: "is at its limit",
    Kind.SILENT: "has stopped calling others",
    Kind.CHANGED: "was changed",
    Kind.LOGGED: "is complained about",  # in a log or in traces
}


def inquire(evidence: Evidence) -> tuple[tuple[Hypothesis, ...], Inquiry | None]:
    """Causes in the resources around the symptom, likeliest first, and what the look at them came to.

    Without an incident there are no causes: what speaks most for one is among the inquiry's leads. Raises
    `InvalidInvestigation` when the observations contradict themselves.
    """
    around = evidence.surroundings
    if around is None:
        return (), None
    verdict = investigate(investigation_of(around, _own(evidence)))
    found = tuple(_hypothesis(one, around) for one in verdict.hypotheses[:MOST])
    reasons = tuple(_named(reason, around) for reason in verdict.reasons)
    inquiry = Inquiry(InquiryOutcome(verdict.outcome), round(verdict.probability, 3), reasons)
    if verdict.outcome is Outcome.INCIDENT:
        return found, inquiry
    return (), replace(inquiry, leads=found)


def _own(evidence: Evidence) -> tuple[ResourceSignature, ...]:
    """Errors of the function's own log: of them, more was read than of the logs around it, save for what was
    there before."""
    heart, around = at_heart(evidence.function_name).id, evidence.surroundings
    logged = (s for s in (around.signatures if around else ()) if s.resource == heart and not s.traced)
    earlier = {s.template: s for s in logged}
    found = []
    for s in evidence.signatures:
        known = earlier.get(f"{s.error_type}: {s.template}" if s.error_type else s.template)
        found.append(
            ResourceSignature(
                heart,
                s.template,
                min(s.first_seen, known.first_seen) if known else s.first_seen,
                s.last_seen,
                s.count,
                known.count_before if known else 0,
                sample=f"{s.error_type}: {s.sample}",
                evidence="logs.errors",
            )
        )
    return tuple(found)


def investigation_of(surroundings: Surroundings, own: Sequence[ResourceSignature] = ()) -> Investigation:
    """The engine's input: epoch seconds, ids of resources as nodes. Our own repairs are no suspects.

    `own`: messages of the function's log, beside what the surroundings hold.
    """
    scope = surroundings.scope
    symptom, well = scope.symptom, well_until(surroundings)
    signatures = [s for s in (*own, *surroundings.signatures) if well is None or s.last_seen >= well]
    calm = _calm_until(surroundings, well)
    return Investigation(
        alarm=Alarm(symptom.resource, Role(symptom.role), symptom.at.timestamp(), symptom.statistic),
        reference=_frame(surroundings.series, scope.reference),
        window=_frame(surroundings.series, scope.window),
        graph=Graph.of(
            (resource.id for resource in scope.resources),
            ((edge.caller, edge.callee) for edge in scope.topology.edges),
        ),
        changes=tuple(
            model.Change(c.resource, c.at.timestamp(), _told(c), c.actor)
            for c in _suspects(surroundings.changes)
        ),
        logs=tuple(
            model.LogSignature(
                s.resource,
                s.first_seen.timestamp(),
                s.template,
                s.count,
                _count_before(s, calm),
                accused,
                s.traced,
                s.evidence,
            )
            for s, accused in _heard(signatures, surroundings)
        ),
    )


def _suspects(changes: Sequence[ResourceChange]) -> list[ResourceChange]:
    """Changes that others made, without tags of what was changed otherwise, too: of a resource the newest
    change counts, and whatever takes inventory sets tags at any time."""
    foreign = [c for c in changes if not c.ours]
    changed = {c.resource for c in foreign if not _is_tagging(c)}
    return [c for c in foreign if not (_is_tagging(c) and c.resource in changed)]


def _is_tagging(change: ResourceChange) -> bool:
    return "Tag" in change.action  # TagResource, PutBucketTagging, AddTagsToStream, CreateTags …


def _heard(
    signatures: Sequence[ResourceSignature], surroundings: Surroundings
) -> Iterator[tuple[ResourceSignature, str | None]]:
    """Messages with whom each accuses. Where a log says what traces say, too, it is the log that counts: it
    knows of all requests, and of those before."""
    accused = [(s, _accused(s, surroundings)) for s in signatures]
    logged = {(s.resource, whom) for s, whom in accused if not s.traced}
    return ((s, whom) for s, whom in accused if not s.traced or (s.resource, whom) not in logged)


def _calm_until(surroundings: Surroundings, well: datetime | None) -> datetime | None:
    """Until when nothing of the present trouble can have been there; None where nobody knows."""
    if well is not None:
        return well - PERIOD
    since = unusual_since(surroundings)
    return since - LEAD if since else None


def _count_before(signature: ResourceSignature, calm: datetime | None) -> int:
    """How often it was so before. Of traces that is not known, but one may be of when all was still well."""
    was_traced_while_calm = signature.traced and calm is not None and signature.first_seen < calm
    return max(signature.count_before, int(was_traced_while_calm))


def _accused(signature: ResourceSignature, surroundings: Surroundings) -> str | None:
    """Whose settings a message complains about: of a permission that nothing gives, whoever took it away."""
    resources = surroundings.scope.resources
    said = complaint(signature.sample or signature.template, resources)
    if said and said.kind is ComplaintKind.DENIED_BY_IDENTITY_POLICY:
        role = f"iam:{said.principal.rpartition('/')[2]}"
        taken = "" if said.explicit else taken_from(said, signature.first_seen, surroundings.changes)
        if taken or any(resource.id == role for resource in resources):
            return taken or role
    accused, named = said.resource if said else "", signature.names
    if signature.traced and named.partition(":")[0] == accused.partition(":")[0]:
        return named or None  # the message leaves open which table it was, the trace does not
    return accused or named or None


def _frame(series: Iterable[ResourceSeries], window: Window) -> Frame:
    start, end = window.start.timestamp(), window.end.timestamp()
    points = {
        Column(s.resource, s.metric, s.statistic, Role(s.role)): {
            t: v for t, v in zip(s.times, s.values, strict=True) if start <= t < end
        }
        for s in series
        if s.metric not in SETTINGS  # a row of its own, in which nothing else has a value
    }
    rows = sorted({t for column in points.values() for t in column})
    return Frame.of(rows, ((column, [values.get(t) for t in rows]) for column, values in points.items()))


def _named(text: str, surroundings: Surroundings) -> str:
    """With resources as people call them: `apigateway:shop` instead of `apigateway:a1b2c3`."""
    for resource in surroundings.scope.resources:
        text = text.replace(resource.id, str(resource)) if resource.title else text
    return text


def _told(change: ResourceChange) -> str:
    return f"{change.action}: {change.summary}" if change.summary else change.action


def _hypothesis(found: model.Hypothesis, surroundings: Surroundings) -> Hypothesis:
    change = _change_behind(found, surroundings)
    return Hypothesis(
        failure_mode=f"{PREFIX}{found.kind}",
        title=_title(found, surroundings, change),
        confidence=round(found.confidence, 3),
        because=tuple(_reasons(found, change, surroundings))[:MAX_REASONS],
        against=tuple(Reason(_named(text, surroundings)) for text in found.evidence_against[:MAX_REASONS]),
        resource=found.node,
        path=tuple(step.node for step in found.path),
        since=_moment(change, found),
    )


def _change_behind(found: model.Hypothesis, surroundings: Surroundings) -> ResourceChange | None:
    """The change that speaks most for it; None where no change does."""
    blamed = max(
        (e for e in found.evidence_for if e.kind is Kind.CHANGED), key=lambda e: e.strength, default=None
    )
    if blamed is None:
        return None
    own = (c for c in reversed(_suspects(surroundings.changes)) if c.resource == found.node)
    return next((c for c in own if blamed.summary.startswith(_told(c))), None)


def _title(found: model.Hypothesis, surroundings: Surroundings, change: ResourceChange | None) -> str:
    name = str(surroundings.scope.topology.resource(found.node) or found.node)
    if change:
        return f"{change.action} on {name}"
    return f"{name} {_SAYS[found.kind]}"


def _reasons(
    found: model.Hypothesis, change: ResourceChange | None, surroundings: Surroundings
) -> Iterator[Reason]:
    if change:
        who = change.actor or "somebody unknown"
        yield Reason(
            f"{_told(change)} at {change.at:%Y-%m-%d %H:%M:%S} UTC by {who}", (f"change.{change.event_id}",)
        )
    for item in found.evidence_for:
        if item.kind is Kind.CHANGED and change:
            continue
        cited = item.told_by or (f"around.{item.node}.{item.metric}" if item.metric else "")
        yield Reason(_named(item.summary, surroundings), (cited,) if cited else ())


def _moment(change: ResourceChange | None, found: model.Hypothesis) -> datetime | None:
    if change:
        return change.at
    return datetime.fromtimestamp(found.since, UTC) if found.since is not None else None
