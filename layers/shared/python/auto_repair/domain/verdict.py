"""Before against after: the verdict on a repair. Pure; the alarm's own state plays no part in it."""

from dataclasses import dataclass, replace
from datetime import datetime

from auto_repair.domain.evidence import Evidence, Invocation, Status, percentile
from auto_repair.domain.plan import Plan
from auto_repair.domain.repair import Change, Check, Setting
from auto_repair.domain.statistics import clean_runs_needed
from auto_repair.domain.verification import NextStep, Outcome

CLEARLY_WORSE = 0.2  # added share of failed runs
STILL_FAILING = 0.5  # of the former failure rate: the repair did not do its work


@dataclass(frozen=True)
class Look:
    """One look at the function after the change."""

    plan: Plan
    before: Evidence
    after: Evidence  # only what happened since the change, see `since_change`
    checks: tuple[Check, ...]  # the repair's own signals
    waited_s: int
    can_climb: bool


@dataclass(frozen=True)
class Judgement:
    """The verdict with all checks that led to it."""

    outcome: Outcome
    next_step: NextStep
    reason: str
    checks: tuple[Check, ...]


def since_change(after: Evidence, change: Change, changed_at: datetime) -> Evidence:
    """`after` without runs and periods that began before the change or ran under the old settings."""
    memory = change.after(Setting.MEMORY_MB)
    runs = tuple(
        run
        for run in after.invocations
        if run.started_at >= changed_at and (memory is None or run.memory_size_mb in (0, memory))
    )
    return replace(after, invocations=runs, series=tuple(s.since(changed_at) for s in after.series))


def failure_rate(evidence: Evidence) -> float:
    """Share of calls that failed or were throttled since the trouble began, 0..1."""
    throttles = evidence.metric("Throttles").total
    failures = evidence.failures
    if failures:
        since = [run for run in evidence.invocations if run.ended_at >= failures[0].ended_at]
        served, failed = float(len(since)), float(len(failures))
    else:
        served, failed = evidence.metric("Invocations").total, evidence.metric("Errors").total
    calls = served + throttles
    return min(1.0, (failed + throttles) / calls) if calls else 0.0


def in_place(change: Change, after: Evidence) -> bool | None:
    """Whether the new values are still live, as far as they can be read (None: they cannot)."""
    live: dict[Setting, int | None] = {}
    if after.configuration:
        live[Setting.MEMORY_MB] = after.configuration.memory_mb
        live[Setting.TIMEOUT_S] = after.configuration.timeout_s
    if after.concurrency:
        live[Setting.RESERVED_CONCURRENCY] = after.concurrency.reserved
    known = [s for s in change.settings if s.setting in live]
    return all(live[s.setting] == s.after for s in known) if known else None


def judge(look: Look) -> Judgement:
    """Settle one look: repaired, not repaired, worse, or cannot tell yet; and what comes next."""
    change = look.plan.change
    if change is None:
        raise ValueError("a plan without a change cannot be verified")
    runs = look.after.invocations
    rate_before, rate_after = failure_rate(look.before), failure_rate(look.after)
    needed = clean_runs_needed(rate_before, look.plan.min_invocations)
    served = max(float(len(runs)), look.after.metric("Invocations").total)
    enough = served >= needed
    checks = (*look.checks, *_general_checks(look, rate_before, rate_after, served))

    def settled(outcome: Outcome, step: NextStep, reason: str) -> Judgement:
        return Judgement(outcome, step, reason, checks)

    if in_place(change, look.after) is False:
        return settled(
            Outcome.CANNOT_TELL_YET,
            NextStep.FINISH,
            "somebody changed the repaired setting while it was verified",
        )
    failed = [c for c in look.checks if c.passed is False and c.essential]
    if failed:
        step = NextStep.CLIMB if look.can_climb else NextStep.ROLL_BACK
        return settled(Outcome.NOT_REPAIRED, step, failed[0].text)
    if served >= look.plan.min_invocations and rate_after > rate_before + CLEARLY_WORSE:
        return settled(
            Outcome.WORSE,
            NextStep.ROLL_BACK,
            f"{rate_after:.0%} of calls fail now, {rate_before:.0%} did before",
        )
    if enough and rate_before and rate_after >= STILL_FAILING * rate_before:
        return settled(
            Outcome.NOT_REPAIRED,
            NextStep.ROLL_BACK,
            f"{rate_after:.0%} of calls still fail, for another reason: {_last_error(look.after)}",
        )
    tight = [c for c in look.checks if c.passed is False]
    if enough and tight and look.can_climb:
        return settled(Outcome.NOT_REPAIRED, NextStep.CLIMB, f"it works, but {tight[0].text}")
    proven = enough and all(c.passed is not None for c in look.checks if c.essential)
    if proven and look.waited_s >= look.plan.required_wait_s:
        note = f"; note that {tight[0].text}" if tight else ""
        return settled(
            Outcome.REPAIRED,
            NextStep.FINISH,
            f"{served:.0f} calls since the change, {rate_after:.0%} failed ({rate_before:.0%} before){note}",
        )
    if look.waited_s >= look.plan.verification_budget_s:
        return settled(
            Outcome.CANNOT_TELL_YET,
            NextStep.FINISH,
            f"only {served:.0f} of the {needed} calls needed for a verdict were seen in {look.waited_s} s",
        )
    return settled(
        Outcome.CANNOT_TELL_YET,
        NextStep.WAIT,
        f"{served:.0f} of {needed} calls seen, waited {look.waited_s} of {look.plan.required_wait_s} s",
    )


def _general_checks(look: Look, rate_before: float, rate_after: float, served: float) -> tuple[Check, ...]:
    before_p99, after_p99 = _p99_s(look.before.invocations), _p99_s(look.after.invocations)
    throttled = look.after.metric("Throttles").total
    return (
        Check(
            "failed calls",
            f"{rate_before:.0%}",
            f"{rate_after:.0%} of {served:.0f}",
            None if not served else rate_after < max(STILL_FAILING * rate_before, 0.01),
            f"{rate_after:.0%} of {served:.0f} calls failed after the change, {rate_before:.0%} before",
        ),
        Check(
            "p99 duration",
            f"{before_p99:.2f} s",
            f"{after_p99:.2f} s",
            None if not look.after.invocations else True,
            "for information: a cured function may well run longer than one that was killed",
            essential=False,
        ),
        Check(
            "throttles",
            f"{look.before.metric('Throttles').total:.0f}",
            f"{throttled:.0f}",
            throttled == 0 if look.after.metric("Throttles").times else None,
            f"{throttled:.0f} calls were throttled since the change",
            essential=False,
        ),
    )


def _p99_s(runs: tuple[Invocation, ...]) -> float:
    return percentile((run.duration_ms / 1000 for run in runs), 0.99)


def _last_error(evidence: Evidence) -> str:
    failed = [run for run in evidence.invocations if run.status is not Status.SUCCESS]
    return failed[-1].error_type or failed[-1].status.value if failed else "errors without a log line"
