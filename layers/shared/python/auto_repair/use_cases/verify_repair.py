"""VerifyRepair: look at the function since the change, and settle what can be said about the repair."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from auto_repair.domain.case import Case
from auto_repair.domain.errors import AutoRepairError, AwsCallFailed, InvalidEvent
from auto_repair.domain.evidence import EventSource, Evidence, Window
from auto_repair.domain.plan import Plan
from auto_repair.domain.policy import FunctionPolicy, Mode
from auto_repair.domain.repair import Change, Refusal, Repair, RepairContext, Setting
from auto_repair.domain.repair_progress import Progress
from auto_repair.domain.surroundings import SETTINGS, ResourceSeries, Surroundings
from auto_repair.domain.timestamps import iso, parse
from auto_repair.domain.verdict import Judgement, Look, NextRung, judge, since_change
from auto_repair.domain.verification import STABILIZE_S, NextStep, Outcome, Verification, next_wait_s
from auto_repair.ports import Clock, EvidenceSource, Functions, IncidentStore, Policies, Target
from auto_repair.use_cases.collect_metrics_and_logs import gather
from auto_repair.use_cases.look_around import LookAround

MAX_PROBES = 5  # per look
PROBING = timedelta(seconds=15)  # no probe begins later: a verifier that is cut off takes the repair back

STATUSES = {
    (Outcome.REPAIRED, NextStep.FINISH): "VERIFIED",
    (Outcome.CANNOT_TELL_YET, NextStep.FINISH): "INCONCLUSIVE",
}


@dataclass(frozen=True)
class VerifyRepair:
    """Collects evidence since the change and compares it with the evidence before."""

    sources: tuple[EvidenceSource, ...]
    repairs: Mapping[str, Repair]
    functions: Functions
    policies: Policies
    store: IncidentStore
    clock: Clock
    look_around: Callable[[], LookAround]  # made when first needed: most incidents do without

    def __call__(self, case: Case) -> Verification:
        """One look. Its outcome is on record before the workflow acts on it."""
        plan, progress, reference = case.plan, case.repair, case.evidence
        if plan is None or plan.change is None or progress is None or reference is None:
            raise InvalidEvent("repair: the state document holds no applied change to verify")
        before = self.store.load_evidence(reference.ref)
        policy, unread = self._policy(case.incident.function_name)
        after = self._after(plan.undo.inverse() if plan.undo else plan.change, progress, before)
        waited_s = _waited_s(plan, case.verification)
        repair = self.repairs[plan.repair]
        look = Look(
            plan=plan,
            before=before,
            after=after,
            checks=repair.judge(plan.change, after, before),
            waited_s=waited_s,
            next_rung=self._next_rung(case, repair, after, policy),
        )
        judgement = judge(look)
        if judgement.next_step is NextStep.WAIT:
            self._probe(policy, plan, len(after.invocations))
        judgement = replace(judgement, reason=judgement.reason + unread)
        ref = self.store.save_evidence(case.incident, f"after-{plan.rung}", after)
        verification = Verification(
            outcome=judgement.outcome,
            next_step=judgement.next_step,
            reason=judgement.reason,
            planned_at=plan.planned_at,
            checks=judgement.checks,
            waited_s=waited_s,
            invocations_seen=len(after.invocations),
            evidence_ref=ref,
            verified_at=iso(self.clock()),
            look_again_in_s=next_wait_s(waited_s, plan.required_wait_s, plan.verification_budget_s),
        )
        self._record(case, plan, judgement)
        return verification

    def _after(self, change: Change, progress: Progress, before: Evidence) -> Evidence:
        """What is seen since callers meet the change, of the function and of what was looked at around it.

        change: all rungs as one.
        """
        changed_at = parse(progress.changed_at)
        target = Target(before.function_name, Window(changed_at, self.clock()), change.alias, history=False)
        after = self._with_context(gather(self.sources, target), before, change)
        after = since_change(after, change, changed_at, progress.published_version)
        if before.surroundings is None:
            return after
        scope = replace(before.surroundings.scope, window=target.window)
        now = self.look_around().observe(scope)
        return replace(after, surroundings=replace(now, series=now.series + _bounds(before.surroundings)))

    def _with_context(self, after: Evidence, before: Evidence, change: Change) -> Evidence:
        """`after` with what does not change in minutes but by us, and was read once, or could not be then."""
        return replace(
            after,
            callers=after.callers or before.callers,
            event_sources=after.event_sources or tuple(_as_set(before.event_sources, change)),
            aliases=after.aliases or before.aliases,
            history=(*before.history, *before.invocations),
            baseline=after.baseline or before.baseline,
            missing=(*after.missing, *(gap for gap in before.missing if gap.source not in self._asked)),
        )

    @property
    def _asked(self) -> set[str]:
        return {source.name for source in self.sources}

    def _policy(self, function_name: str) -> tuple[FunctionPolicy | None, str]:
        """What the owner allows, or a note that nobody can tell: a slip in it takes no good repair back."""
        try:
            return self.policies.policy(function_name), ""
        except (InvalidEvent, AwsCallFailed) as error:
            return None, f"; judged without the owner's policy, which cannot be read: {str(error)[:300]}"

    def _next_rung(
        self, case: Case, repair: Repair, after: Evidence, policy: FunctionPolicy | None
    ) -> NextRung:
        if policy is None:
            return NextRung.UNKNOWN
        attempts = tuple(self.store.attempts(case.incident.function_name))
        proposal = repair.plan(after, RepairContext(policy, attempts, case.incident.id))
        if isinstance(proposal, Refusal):
            is_blind = any(after.lacks(name) for name in self._asked)
            return NextRung.UNKNOWN if proposal.rule == "evidence" and is_blind else NextRung.NONE
        alone = policy.mode_for(repair.name) is Mode.AUTO and not proposal.needs_person
        is_last = case.plan is not None and case.plan.is_last_rung
        return NextRung.AT_WILL if alone and not is_last else NextRung.IF_NEEDED

    def _probe(self, policy: FunctionPolicy | None, plan: Plan, seen: int) -> None:
        """Send the owner's harmless event where there is too little traffic to judge by: to what callers
        reach, since `$LATEST` may hold what nobody has released."""
        if policy is None or policy.probe_payload is None or plan.change is None:
            return
        reached = plan.planned_for.qualifier if plan.planned_for else policy.alias
        until = self.clock() + PROBING
        for _ in range(min(MAX_PROBES, max(0, plan.min_invocations - seen))):
            if self.clock() >= until:
                return
            try:
                self.functions.invoke(
                    plan.change.function_name, plan.change.alias or reached, policy.probe_payload
                )
            except AutoRepairError:
                return  # no probe, no proof; but a good repair is not taken back for that

    def _record(self, case: Case, plan: Plan, judgement: Judgement) -> None:
        facts: dict[str, object] = {
            "verdict": judgement.outcome.value,
            "outcome": judgement.reason,
            "verifiedAt": iso(self.clock()),
        }
        status = STATUSES.get((judgement.outcome, judgement.next_step))
        self.store.record_repair(
            case.incident, plan.planned_at, facts | ({"status": status} if status else {})
        )


def _as_set(sources: Iterable[EventSource], change: Change) -> Iterator[EventSource]:
    """The event sources with the visibility timeouts that the change has set: the next rung begins there."""
    ours = {s.resource: s.after for s in change.settings if s.setting is Setting.VISIBILITY_TIMEOUT_S}
    for source in sources:
        seconds = ours.get(source.arn)
        yield replace(source, visibility_timeout_s=seconds) if isinstance(seconds, int) else source


def _waited_s(plan: Plan, former: Verification | None) -> int:
    """Seconds that the workflow has waited since the change, by what its Wait states were told."""
    if former is None or former.planned_at != plan.planned_at:
        return STABILIZE_S
    is_waiting = former.next_step is NextStep.WAIT
    return former.waited_s + (former.look_again_in_s if is_waiting else STABILIZE_S)


def _bounds(around: Surroundings) -> tuple[ResourceSeries, ...]:
    """Settings that bound what metrics tell, for the outlook: read once, as no repair of ours moves them."""
    return tuple(series for series in around.series if series.metric in SETTINGS)
