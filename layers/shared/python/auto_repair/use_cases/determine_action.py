"""DetermineAction: which repair, how far, and on whose word."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from auto_repair.domain.build import Build, build_of
from auto_repair.domain.case import Case
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis, Verdict
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.evidence import Evidence, percentile
from auto_repair.domain.guardrails import Situation, check, put_back
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.policy import FunctionPolicy, Mode
from auto_repair.domain.pricing import monthly_compute_usd, monthly_requests_usd
from auto_repair.domain.repair import (
    Attempt,
    Change,
    Proposal,
    Refusal,
    Repair,
    RepairContext,
    Setting,
    since,
)
from auto_repair.domain.target import alias_of
from auto_repair.domain.timestamps import iso, parse
from auto_repair.ports import Clock, IncidentStore, Policies

if TYPE_CHECKING:
    from auto_repair.domain.earlier_repair import Settled

_FREE = frozenset({Setting.BUCKET_POLICY, Setting.VISIBILITY_TIMEOUT_S})
UNPRICED = "nobody can tell what it would cost: too little is known of the load, or of how long a run takes"
METRIC_DELAY_S = 120  # metrics of AWS Lambda may be this late

DECISIONS = {Mode.OBSERVE: Decision.OBSERVE, Mode.ASK: Decision.ASK, Mode.AUTO: Decision.AUTO}
STATUSES = {
    Decision.AUTO: "PLANNED",
    Decision.ASK: "AWAITING_APPROVAL",
    Decision.OBSERVE: "OBSERVED",
    Decision.REFUSE: "REFUSED",
}


@dataclass(frozen=True)
class DetermineAction:
    """Plans a repair, or its next rung, within guardrails and the owner's policy."""

    repairs: Mapping[str, Repair]
    policies: Policies
    store: IncidentStore
    clock: Clock
    executed_by: str

    def __call__(self, case: Case) -> Plan:
        """The decision with its reasons. It is on record before anything can act on it."""
        diagnosis = case.diagnosis
        if diagnosis is None or case.evidence is None:
            raise InvalidEvent("diagnosis: the state document has none; DiagnoseIssue comes first")
        best = diagnosis.root_cause
        policy = self.policies.policy(case.incident.function_name)
        if best is None or best.repair is None:
            return replace(_nothing_to_do(diagnosis), contact=policy.contact)
        climbing = case.verification is not None and case.repair is not None
        ref = case.verification.evidence_ref if case.verification and climbing else case.evidence.ref
        evidence = self.store.load_evidence(ref)
        attempts = tuple(self.store.attempts(case.incident.function_name))
        known = _Known(case, best, evidence, policy, attempts)
        if not climbing and (done := _settled(known)):
            return replace(_already_repaired(done, best), contact=policy.contact)
        plan = self._plan(known)
        if climbing and plan.decision not in (Decision.AUTO, Decision.ASK):
            return _stay_or_go_back(case, plan)
        self._record(case, plan, best)
        return plan

    def _plan(self, known: "_Known") -> Plan:
        repair = self.repairs[known.cause.repair or ""]
        proposal = repair.plan(known.evidence, known.context)
        plan = self._begun(known, repair)
        if isinstance(proposal, Refusal):
            return _refused(plan, proposal)
        change = _for_callers(proposal.change, known.evidence)
        plan = _with_change(plan, change, known)
        situation = self._situation(known, change, plan.extra_cost_usd_per_month)
        decision, reasons = _decide(known.policy, repair, _doubts(known, proposal, situation))
        if refusal := check(situation, person_decides=decision is Decision.ASK):
            return _refused(plan, refusal)
        return replace(plan, decision=decision, reasons=(*reasons, *proposal.because))

    def _begun(self, known: "_Known", repair: Repair) -> Plan:
        """The plan as far as it does not depend on what the repair proposes."""
        policy, earlier = known.policy, known.context.rungs
        return Plan(
            Decision.REFUSE,
            (),
            repair=repair.name,
            failure_mode=known.cause.failure_mode,
            rung=len(earlier) + 1,
            earlier=earlier,
            planned_at=_planned_before(known.attempts, known.case.incident.id) or iso(self.clock()),
            approval_expiry_s=policy.approval_expiry_s,
            verification_budget_s=policy.verification_budget_s,
            min_invocations=policy.min_invocations,
            contact=policy.contact,
            approvers=policy.approvers,
        )

    def _situation(self, known: "_Known", change: Change, cost: float | None) -> Situation:
        incident = known.case.incident
        return Situation(
            now=self.clock(),
            incident_id=incident.id,
            evidence=known.evidence,
            policy=known.policy,
            paused=self.policies.is_paused(incident.function_name),
            attempts=known.attempts,
            change=change,
            extra_cost_usd_per_month=cost,
            named_alias=incident.alias or known.policy.alias,
        )

    def _record(self, case: Case, plan: Plan, best: Hypothesis) -> None:
        self.store.record_repair(case.incident, plan.planned_at, self._facts(case, plan, best))

    def _facts(self, case: Case, plan: Plan, best: Hypothesis) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "status": STATUSES[plan.decision],
            "action": plan.repair,
            "decision": plan.decision.value,
            "reason": "; ".join(plan.reasons),
            "rootCause": best.failure_mode,
            "executedBy": self.executed_by,
            "executionArn": case.incident.execution_arn,
            "rung": plan.rung,
        }
        if plan.change:
            facts["change"] = plan.change
        if plan.extra_cost_usd_per_month is not None:
            facts["extraCostUsdPerMonth"] = plan.extra_cost_usd_per_month
        if plan.refusal:
            facts |= {"refusedByRule": plan.refusal.rule, "wayOut": plan.refusal.way_out}
        return facts


@dataclass(frozen=True)
class _Known:
    """What a plan rests on. `attempts`: newest first."""

    case: Case
    cause: Hypothesis
    evidence: Evidence
    policy: FunctionPolicy
    attempts: tuple[Attempt, ...]

    @property
    def context(self) -> RepairContext:
        return RepairContext(self.policy, self.attempts, self.case.incident.id)


def _with_change(plan: Plan, change: Change, known: _Known) -> Plan:
    """The plan with the change, its way back and its price."""
    # Every rung counts: a queue may have had to move on a later one only.
    whole = reduce(since, (*(rung.change for rung in plan.earlier), change))
    wait_s = _required_wait_s(change, known.evidence)
    return replace(
        plan,
        change=change,
        undo=whole.inverse(),
        planned_for=_planned_for(known.case, change, known.evidence),
        extra_cost_usd_per_month=extra_cost(whole, known.evidence),
        required_wait_s=wait_s,
        # A slow function needs the longer look, whatever budget is usual.
        verification_budget_s=max(plan.verification_budget_s, wait_s),
    )


def _doubts(known: _Known, proposal: Proposal, situation: Situation) -> tuple[str, ...]:
    """Why a person should decide."""
    doubts = (
        proposal.needs_person,
        known.case.diagnosis.needs_person if known.case.diagnosis else "",
        *(() if known.context.rungs else put_back(situation.change, situation.earlier)),
        # The owner's cap cannot hold what has no price.
        UNPRICED if situation.extra_cost_usd_per_month is None else "",
    )
    return tuple(filter(None, doubts))


def _planned_before(attempts: tuple[Attempt, ...], incident_id: str) -> str:
    """When this very step was planned by a try whose answer was lost; empty when it was not."""
    return next(
        (a.executed_at for a in attempts if a.incident_id == incident_id and a.status in STATUSES.values()),
        "",
    )


def _stay_or_go_back(case: Case, refused: Plan) -> Plan:
    """No further rung is allowed: keep the applied one where it works, else everything goes back."""
    if case.plan is None or case.verification is None:
        raise InvalidEvent("plan: the state document holds none, yet a repair is applied")
    return replace(
        case.plan,
        decision=Decision.AUTO if case.verification.is_for_headroom else Decision.ROLL_BACK,
        reasons=refused.reasons,
        refusal=refused.refusal,
        is_last_rung=True,
    )


def _nothing_to_do(diagnosis: Diagnosis) -> Plan:
    best = diagnosis.root_cause
    if best:
        return Plan(
            Decision.ADVISE,
            (best.advice or "No repair is known for this cause.",),
            failure_mode=best.failure_mode,
        )
    told = (
        "Nothing to repair." if diagnosis.verdict is Verdict.NOTHING_WRONG else "No repair without a cause."
    )
    return Plan(Decision.NOTHING, (told,))


def _settled(known: _Known) -> "Settled | None":
    """The earlier repair after which none of the failure is left."""
    incident = known.case.incident
    if all(a.incident_id == incident.id for a in known.attempts):
        return None
    # Imported late: it costs a cold start a good deal, and most functions have no earlier repair.
    from auto_repair.domain.earlier_repair import settled

    return settled(known.cause, incident, known.evidence, known.attempts, known.policy.min_invocations)


def _already_repaired(done: "Settled", best: Hypothesis) -> Plan:
    repair = done.repair
    live_at = f"{parse(repair.changed_at):%Y-%m-%d %H:%M:%S} UTC"
    return Plan(
        Decision.NOTHING,
        (
            f"already repaired at {live_at} by incident {repair.incident_id} ({repair.change}, verified)",
            f"{done.clean_runs} runs in the log since then, and none of them failed: nothing to do",
        ),
        failure_mode=best.failure_mode,
        settled_by=repair,
    )


def _refused(plan: Plan, refusal: Refusal) -> Plan:
    reasons = (f"{refusal.rule}: {refusal.reason}. Way out: {refusal.way_out}.",)
    return replace(plan, decision=Decision.REFUSE, reasons=reasons, refusal=refusal)


def _decide(
    policy: FunctionPolicy, repair: Repair, doubts: tuple[str, ...]
) -> tuple[Decision, tuple[str, ...]]:
    """How far to go, and why. Whoever is asked, or told what would have been done, hears of every doubt."""
    decision = DECISIONS[policy.mode_for(repair.name)]
    if not policy.onboarded:
        return Decision.OBSERVE, ("the function is not onboarded, so nothing may be changed", *doubts)
    if decision is Decision.AUTO and doubts:
        return Decision.ASK, doubts
    return decision, (f"mode is {decision.value} for {repair.name}", *doubts)


def _for_callers(change: Change, evidence: Evidence) -> Change:
    """The change with the alias whose callers must see it, if it concerns versions at all."""
    live = evidence.configuration
    if live is None or not change.is_versioned:
        return change
    alias = alias_of(evidence, live.version) if live.version != "$LATEST" else None
    return replace(change, alias=alias, alias_version=live.version if alias else None)


def _planned_for(case: Case, change: Change, evidence: Evidence) -> Build | None:
    """What the function is, for a change of its own settings. A further rung is for what the first one was
    for: what somebody deploys between the two is not what the incident is about."""
    if all(s.resource != change.function_name for s in change.settings):
        return None
    former = case.plan.planned_for if case.plan else None
    return former or build_of(evidence)


def _required_wait_s(change: Change, evidence: Evidence) -> int:
    """How long to look before "repaired" may be said: metric points carry the time of the start."""
    timeout = change.after(Setting.TIMEOUT_S) or (
        evidence.configuration.timeout_s if evidence.configuration else 0
    )
    return 2 * timeout + METRIC_DELAY_S


def extra_cost(change: Change, evidence: Evidence) -> float | None:
    """Upper bound of the added cost per month, USD, if the load of the last minutes lasted all month.

    `change` is the whole of an incident: the cap is the owner's for all rungs, whatever is live by now.
    None when the load or the duration of a run is unknown. What neither makes a run costlier nor lets more
    of them run is free, whoever calls.
    """
    if all(s.setting in _FREE for s in change.settings):
        return 0.0
    costlier, more = _cost_of_costlier_runs(change, evidence), _cost_of_more_runs(change, evidence)
    return None if costlier is None or more is None else round(costlier + more, 4)


def _cost_of_costlier_runs(change: Change, evidence: Evidence) -> float | None:
    """Today's runs with more memory; a longer timeout costs at most the added seconds of what is cut off."""
    if not change.is_versioned:
        return 0.0
    config, runs = evidence.configuration, evidence.invocations
    if config is None or not runs or evidence.window.seconds <= 0:
        return None
    # The log of a busy function is read in part only; the metric counts every run.
    rate = max(len(runs), evidence.metric("Invocations").total) / evidence.window.seconds
    duration = percentile((run.duration_ms / 1000 for run in runs), 0.5)
    cut_off, limit = change.before(Setting.TIMEOUT_S), change.after(Setting.TIMEOUT_S)
    before, after = (
        monthly_compute_usd(
            memory_mb=memory_mb or config.memory_mb,
            invocations_per_second=rate,
            duration_s=duration_s,
            architecture=config.architecture,
        )
        for memory_mb, duration_s in (
            (change.before(Setting.MEMORY_MB), min(duration, cut_off or duration)),
            (change.after(Setting.MEMORY_MB), max(duration, limit or duration)),
        )
    )
    return after - before


def _cost_of_more_runs(change: Change, evidence: Evidence) -> float | None:
    """Every call that arrives, as far as the added concurrency can serve it.

    Those that are served today are among them: after a first rung nobody can tell which were before it.
    """
    before, after = (of(Setting.RESERVED_CONCURRENCY) or 0 for of in (change.before, change.after))
    if after <= before:
        return 0.0
    config, arriving, duration = evidence.configuration, _arriving(evidence), _typical_duration_s(evidence)
    if config is None or arriving is None or duration is None:
        return None
    served = min(arriving, (after - before) / duration)
    compute = monthly_compute_usd(
        memory_mb=config.memory_mb,
        invocations_per_second=served,
        duration_s=duration,
        architecture=config.architecture,
    )
    return compute + monthly_requests_usd(served)


def _arriving(evidence: Evidence) -> float | None:
    """Calls per second, throttled ones included, since throttling began: the calm before would water it down.

    A call that is throttled several times counts each time, which keeps the price an upper bound.
    """
    throttles, served = evidence.metric("Throttles"), evidence.metric("Invocations")
    moments = (*throttles.times, *served.times)
    if not moments:
        return None
    throttled = (at for at, count in zip(throttles.times, throttles.values, strict=True) if count)
    begin = next(throttled, min(moments))
    seconds = (max(moments) - begin).total_seconds() + throttles.period_s
    return (throttles.since(begin).total + served.since(begin).total) / seconds


def _typical_duration_s(evidence: Evidence) -> float | None:
    """The median by the log or the metric, else of earlier times: nothing runs at a reservation of 0."""
    known = (
        [run.duration_ms for run in evidence.invocations],
        evidence.metric("Duration.p50").values,
        [run.duration_ms for run in evidence.history],
        evidence.normal("Duration.p50").values,
    )
    return next((median / 1000 for durations in known if (median := percentile(durations, 0.5))), None)
