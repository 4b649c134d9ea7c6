"""Which change of a bucket's policy explains calls to the bucket that are refused, and how well."""

from dataclasses import dataclass, replace
from datetime import timedelta

from auto_repair.domain.bucket_denials import Denial, denials, former, latter, policy_changes
from auto_repair.domain.complaints import ComplaintKind
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.policy_documents import Match, allows, denies
from auto_repair.domain.surroundings import CLOCKS, ResourceChange

UNCONFIRMED = 0.05  # less sure where the former policy may be older than what the change replaced
SOON = timedelta(minutes=15)  # a call that is refused later may have another reason


@dataclass(frozen=True)
class Effect:
    """What the new policy means for the refused call. `is_known` is False where nobody knows the policy."""

    is_known: bool
    denied_by: tuple[Match, ...] = ()  # statements that were not there before
    no_longer_allowed_by: tuple[Match, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether no condition has a say."""
        return any(match.certain for match in self.denied_by)


@dataclass(frozen=True)
class Suspect:
    """A change, the refused calls it may explain, and what is held against it."""

    change: ResourceChange
    denial: Denial
    effect: Effect
    starts_before: bool  # calls were refused before the change
    is_late: bool  # the first refused call came long after it
    follower: ResourceChange | None  # the next change of the same policy
    nearer: ResourceChange | None  # another change that may refuse calls, closer to the first refused one

    @property
    def is_over(self) -> bool:
        """Whether the next change of the policy ended the refusals."""
        return self.follower is not None and self.denial.last_seen < self.follower.at + CLOCKS

    @property
    def confidence(self) -> float:
        """Share of such suspects that are right, 0..1."""
        share = _by_words(self.denial, self.effect) - (UNCONFIRMED if self.change.before_of else 0.0)
        if self.starts_before or self.is_over:
            return min(share, 0.2)
        share -= 0.25 if self.is_late else 0.0
        if self.nearer:
            share -= 0.05 if _blames_bucket(self.denial) else 0.4
        return max(0.05, min(share, 0.45) if self.follower else share)


def suspect(evidence: Evidence) -> Suspect | None:
    """The change that explains refused calls best, if any change explains one at all."""
    found = [
        candidate
        for denial in denials(evidence)
        for change in policy_changes(evidence, denial.bucket)
        if not change.ours and (candidate := _candidate(evidence, denial, change))
    ]
    return max(found, key=lambda s: (s.confidence, s.change.at), default=None)


def _candidate(evidence: Evidence, denial: Denial, change: ResourceChange) -> Suspect | None:
    effect = _effect(denial, change)
    if not _is_possible(denial, effect):
        return None
    changes = policy_changes(evidence, denial.bucket)
    if _was_healed(denial, [c for c in changes if c.at < change.at]) and denial.last_seen >= change.at:
        # What was refused before belongs to an earlier change, which was taken back in between.
        denial = replace(denial, first_seen=max(denial.first_seen, change.at), earlier=0)
    first = denial.first_seen
    later = [c for c in changes if c.at > change.at]
    refused_earlier = denial.earlier > 0 and change.at >= evidence.window.start
    return Suspect(
        change,
        denial,
        effect,
        starts_before=refused_earlier or first < change.at - CLOCKS,
        is_late=first - change.at > SOON,
        follower=later[0] if later else None,
        nearer=_nearer(evidence, change, denial),
    )


def _was_healed(denial: Denial, earlier: list[ResourceChange]) -> bool:
    """Whether one of these changes refused the call and the last of them does not."""
    if not earlier:
        return False
    refusing = [_is_possible(denial, _effect(denial, change)) for change in earlier]
    return any(refusing) and not refusing[-1]


def _nearer(evidence: Evidence, change: ResourceChange, denial: Denial) -> ResourceChange | None:
    """A later change of the caller, its role or a key, which makes S3 refuse calls, too."""
    others = [
        c
        for c in (evidence.surroundings.changes if evidence.surroundings else ())
        if change.at < c.at <= denial.first_seen + CLOCKS and _may_refuse(c, denial) and not c.ours
    ]
    return max(others, key=lambda c: c.at, default=None)


def _may_refuse(change: ResourceChange, denial: Denial) -> bool:
    role = denial.principal.rpartition("/")[2]
    concerned = {denial.caller, f"iam:{role}"} if role else {denial.caller}
    service = change.resource.partition(":")[0]
    return change.resource in concerned or service == "kms" or (service == "iam" and not role)


def _effect(denial: Denial, change: ResourceChange) -> Effect:
    new, old = latter(change), former(change)
    if new is None:
        return Effect(is_known=False)
    call = (denial.principal, denial.complaint.action, denial.complaint.resource_arn)
    denied, allowed = denies(new.text, *call), allows(new.text, *call)
    if old is None:
        return Effect(True, denied)
    known = denies(old.text, *call)
    granted = () if any(match.certain for match in allowed) else allows(old.text, *call)
    return Effect(
        True,
        tuple(match for match in denied if match not in known),
        tuple(match for match in granted if match not in allowed),
    )


def _is_possible(denial: Denial, effect: Effect) -> bool:
    """Whether the words of the refusal leave room for this policy."""
    said = denial.complaint
    if said.kind is ComplaintKind.DENIED_BY_KEY_POLICY:
        return False
    # A service control policy, a permissions boundary, an endpoint's policy …
    if said.kind is ComplaintKind.DENIED and said.policy_kind:
        return False
    if said.kind is ComplaintKind.DENIED_BY_IDENTITY_POLICY:
        # Within one account AWS says so, too, when the bucket's policy was what had allowed the call.
        return not said.explicit and bool(effect.no_longer_allowed_by)
    return bool(effect.denied_by or effect.no_longer_allowed_by) or not effect.is_known


def _blames_bucket(denial: Denial) -> bool:
    return denial.complaint.kind is ComplaintKind.DENIED_BY_RESOURCE_POLICY


def _by_words(denial: Denial, effect: Effect) -> float:
    """How far the log's words and the document agree."""
    if not effect.is_known:
        return 0.6 if _blames_bucket(denial) else 0.3
    if denial.complaint.kind is ComplaintKind.DENIED_BY_IDENTITY_POLICY:
        return 0.75
    if _blames_bucket(denial):
        # With an explicit deny, the log itself says that the conditions were met.
        explains = effect.denied_by if denial.complaint.explicit else effect.no_longer_allowed_by
        return 0.95 if explains else 0.4
    return 0.85 if effect.is_certain else 0.7
