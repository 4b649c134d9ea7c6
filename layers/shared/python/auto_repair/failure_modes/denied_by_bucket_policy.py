"""Calls to a bucket are refused since somebody changed the bucket's policy; the code itself is as it was."""

from collections.abc import Iterator
from dataclasses import replace

from auto_repair.domain.bucket_denials import DELETE, Denial, Document, doubt, former, latter
from auto_repair.domain.bucket_suspects import Suspect, suspect
from auto_repair.domain.complaints import ComplaintKind
from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.policy_documents import Match, summary, unified_diff
from auto_repair.domain.surroundings import ResourceChange
from auto_repair.repairs import restore_bucket_policy

ADVICE = (
    "Ask whoever changed the policy whether the refusal is meant. If it is not, put the former policy back: "
    "version control knows it, or AWS Config's history where it is on."
)


MOMENT = "%Y-%m-%d %H:%M:%S UTC"


def detect(evidence: Evidence) -> Finding | None:
    """Match when the log complains of a bucket whose policy began to refuse exactly that shortly before."""
    found = suspect(evidence)
    if found is None:
        return None
    changed = _cited(evidence, found.change)
    because = tuple(replace(r, evidence=r.evidence or changed) for r in _because(found))
    return Finding(
        confidence=round(found.confidence, 2),
        because=because,
        against=tuple(_against(found)),
        advice=ADVICE,
        resource=found.change.resource,
    )


def _cited(evidence: Evidence, change: ResourceChange) -> tuple[str, ...]:
    """The items of the source that told the change, those that name the resource first."""
    items = evidence.surroundings.items if evidence.surroundings else ()
    told = [item.id for item in items if item.source == change.source]
    return tuple(sorted(told, key=lambda name: change.resource not in name)[:1])


def _because(found: Suspect) -> Iterator[Reason]:
    yield Reason(_refused(found.denial), (found.denial.evidence,))
    yield Reason(_changed(found.change, found.denial))
    if found.effect.denied_by:
        yield Reason(f"the new policy denies it: {_names(found.effect.denied_by)}")
    if found.effect.no_longer_allowed_by:
        yield Reason(f"the new policy lacks what allowed it: {_names(found.effect.no_longer_allowed_by)}")
    yield from _difference(former(found.change), latter(found.change))


def _refused(denial: Denial) -> str:
    what = denial.complaint.action or "calls"
    return f"{denial.count}× refused: {what} on {denial.bucket}, first at {denial.first_seen:{MOMENT}}"


def _changed(change: ResourceChange, denial: Denial) -> str:
    did = "took the bucket's policy away" if change.action == DELETE else "changed the bucket's policy"
    gap = max(0.0, (denial.first_seen - change.at).total_seconds())
    return f"{change.actor or 'somebody'} {did} at {change.at:{MOMENT}}, {gap:.0f} s before the first refusal"


def _names(matches: tuple[Match, ...]) -> str:
    return ", ".join(map(str, matches))


def _difference(old: Document | None, new: Document | None) -> Iterator[Reason]:
    if old is None or new is None:
        return
    lines = unified_diff(old.text, new.text).splitlines()[2:]
    changed = " ".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "+-")
    yield Reason(f"{summary(old.text)} → {summary(new.text)}: {changed}")


def _against(found: Suspect) -> Iterator[Reason]:
    denial = found.denial
    if found.starts_before:
        yield Reason("such calls were refused before the policy was changed, too", (denial.evidence,))
    if found.is_late:
        yield Reason("the first refused call came long after the change", (denial.evidence,))
    if found.nearer:
        yield Reason(f"{found.nearer.action} of {found.nearer.resource} is nearer to the first refused call")
    if found.follower:
        by = "we" if found.follower.ours else found.follower.actor or "somebody"
        yield Reason(f"{by} changed the policy again at {found.follower.at:%H:%M:%S} UTC")
    if not found.effect.is_known:
        yield Reason("nobody recorded what the new policy says")
    elif found.effect.denied_by and not found.effect.is_certain and not denial.complaint.explicit:
        yield Reason("the new policy denies it under conditions only, or nobody knows who was refused")
    if old := doubt(found.change):
        yield Reason(old)
    if denial.complaint.kind is ComplaintKind.DENIED_BY_IDENTITY_POLICY:
        yield Reason("AWS also says so when the role's own policy lacks the permission", (denial.evidence,))


FAILURE_MODE = FailureMode(
    "denied_by_bucket_policy",
    "Denied by a bucket's policy",
    detect,
    restore_bucket_policy.REPAIR,
)
