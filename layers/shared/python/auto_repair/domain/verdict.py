"""Before against after: the verdict on a repair. Pure; the alarm's own state plays no part in it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from auto_repair.domain.evidence import Evidence, Invocation, Status, percentile
from auto_repair.domain.plan import Plan
from auto_repair.domain.repair import LABELS, Change, Check, Setting, shown
from auto_repair.domain.statistics import clean_runs_needed
from auto_repair.domain.suffering import worst_loss
from auto_repair.domain.verification import NextStep, Outcome

CLEARLY_WORSE = 0.2  # added share of failed runs
STILL_FAILING = 0.5  # of the former failure rate: the repair did not do its work
_ALIAS = "Alias"  # begins the names of an alias's own metrics
WORKING = 0.1  # share of failed runs up to which a function may be said to work again
FEW_RUNS = 5  # fewer than this do not tell a failure rate


class NextRung(StrEnum):
    """Whether a further rung of the ladder exists, and what it may be climbed for."""

    NONE = "none"
    IF_NEEDED = "if_needed"  # a person has a say: only while the function still fails
    AT_WILL = "at_will"  # also for more headroom
    UNKNOWN = "unknown"  # what it depends on could not be read this time


@dataclass(frozen=True)
class Look:
    """One look at the function after the change."""

    plan: Plan
    before: Evidence
    after: Evidence  # only what happened since the change, see `since_change`
    checks: tuple[Check, ...]  # the repair's own signals
    waited_s: int
    next_rung: NextRung


@dataclass(frozen=True)
class Judgement:
    """The verdict with all checks that led to it."""

    outcome: Outcome
    next_step: NextStep
    reason: str
    checks: tuple[Check, ...]


def since_change(after: Evidence, change: Change, changed_at: datetime, version: str = "") -> Evidence:
    """`after` without runs and periods that began before the change or ran under the old settings.

    version: the one that was published for the callers of an alias; no other version's runs are theirs.
    """
    since = (r for r in after.invocations if r.started_at >= changed_at and _ran_with(r, change))
    runs = tuple(r for r in since if not version or r.version == version)
    return replace(after, invocations=runs, series=tuple(s.since(changed_at) for s in after.series))


def _ran_with(run: Invocation, change: Change) -> bool:
    """Whether the run had the new values, as far as it shows: a moved alias takes a moment to be seen."""
    memory, timeout = change.after(Setting.MEMORY_MB), change.after(Setting.TIMEOUT_S)
    return (memory is None or run.memory_size_mb in (0, memory)) and (
        timeout is None or run.timeout_s is None or round(run.timeout_s) == timeout
    )


def failure_rate(evidence: Evidence) -> float:
    """Share of calls that failed or were throttled, 0..1."""
    if evidence.failures:
        return _share(len(evidence.failures), len(evidence.invocations), evidence)
    return _share(evidence.metric("Errors").total, evidence.metric("Invocations").total, evidence)


def trouble_rate(before: Evidence) -> float:
    """Failure rate since the trouble began: the healthy time before it would only water it down."""
    runs = before.invocations
    first = next((i for i, run in enumerate(runs) if run.status is not Status.SUCCESS), None)
    if first is None:
        return failure_rate(before)
    # One failure that has only just happened does not mean that every call fails.
    since = runs[min(first, max(0, len(runs) - FEW_RUNS)) :]
    return _share(len(before.failures), len(since), before)


def _share(failed: float, served: float, evidence: Evidence) -> float:
    throttles = evidence.metric("Throttles").total
    calls = served + throttles
    return min(1.0, (failed + throttles) / calls) if calls else 0.0


def in_place(change: Change, after: Evidence) -> bool | None:
    """Whether the new values are still live, as far as they can be read (None: they cannot)."""
    live = _live(after)
    known = [s for s in change.settings if s.setting in live]
    return all(live[s.setting] == s.after for s in known) if known else None


def _live(after: Evidence) -> dict[Setting, int | None]:
    """The function's settings as they were read."""
    live: dict[Setting, int | None] = {}
    if after.configuration:
        live[Setting.MEMORY_MB] = after.configuration.memory_mb
        live[Setting.TIMEOUT_S] = after.configuration.timeout_s
    if after.concurrency:
        live[Setting.RESERVED_CONCURRENCY] = after.concurrency.reserved
    return live


def judge(look: Look) -> Judgement:
    """Settle one look: repaired, not repaired, worse, or cannot tell yet; and what comes next."""
    facts = _facts(look)
    settled = next((said for rule in _RULES if (said := rule(facts))), _wait_for_more(facts))
    checks = (*look.checks, *_general_checks(facts))
    return Judgement(*settled, checks)


@dataclass(frozen=True)
class _Facts:
    """A look in figures. Rates are shares of calls, 0..1."""

    look: Look
    change: Change
    rate_before: float
    rate_after: float
    served: float
    needed: int

    @property
    def enough(self) -> bool:
        return self.served >= self.needed

    @property
    def is_last_look(self) -> bool:
        return self.look.waited_s >= self.look.plan.verification_budget_s

    @property
    def is_hearsay(self) -> bool:
        """Whether metrics alone tell of failures, and the log may still say which runs they were."""
        after = self.look.after
        told = after.failures or after.metric("Throttles").total
        return self.rate_after > 0 and not told and not self.is_last_look

    @property
    def failed(self) -> list[Check]:
        """Signals of the repair itself that say it did not work."""
        return [c for c in self.look.checks if c.passed is False and c.essential]

    @property
    def tight(self) -> list[Check]:
        """Signals of the repair that are not as they should be."""
        return [c for c in self.look.checks if c.passed is False]

    @property
    def unknown(self) -> list[str]:
        """Essential signals of which nothing is known yet."""
        return [c.name for c in self.look.checks if c.essential and c.passed is None]


def _facts(look: Look) -> _Facts:
    change = look.plan.change
    if change is None:
        raise ValueError("a plan without a change cannot be verified")
    look = replace(look, after=_of_callers(look.after, change))
    rate_before = trouble_rate(look.before)
    if look.before.surroundings:
        # A handler that catches its errors fails no run: what its callers got counts.
        rate_before = max(rate_before, worst_loss(look.before.surroundings))
    needed = clean_runs_needed(rate_before, look.plan.min_invocations)
    return _Facts(
        look,
        change,
        rate_before,
        _rate_after(look.after, needed),
        served=max(float(len(look.after.invocations)), look.after.metric("Invocations").total),
        needed=needed,
    )


def _of_callers(after: Evidence, change: Change) -> Evidence:
    """With the metrics of the alias in place of the function's own, which count the calls of all versions."""
    if not change.publishes:
        return after
    theirs = (s for s in after.series if s.name.startswith(_ALIAS))
    return replace(after, series=tuple(replace(s, name=s.name.removeprefix(_ALIAS)) for s in theirs))


def _rate_after(after: Evidence, needed: int) -> float:
    """From the log where it tells enough: metrics also count late runs with the old settings."""
    if len(after.invocations) >= needed:
        return _share(len(after.failures), len(after.invocations), after)
    return failure_rate(after)


_Settled = tuple[Outcome, NextStep, str]


def _reverted(f: _Facts) -> _Settled | None:
    if in_place(f.change, f.look.after) is not False:
        return None
    live = _live(f.look.after)
    theirs = "; ".join(
        f"{LABELS[s.setting]} {shown(s.setting, s.after)} is {shown(s.setting, live[s.setting])} now"
        for s in f.change.settings
        if s.setting in live and live[s.setting] != s.after
    )
    # Half a repair is none: a queue whose visibility timeout was raised for a timeout that is gone again.
    told = f"somebody changed the repaired setting while it was verified ({theirs})"
    return Outcome.CANNOT_TELL_YET, NextStep.ROLL_BACK, told


def _redeployed(f: _Facts) -> _Settled | None:
    build, live = f.look.plan.planned_for, f.look.after.configuration
    what = build.difference(live) if build and live and build.is_of(live) else ""
    if not what:
        return None
    told = (
        f"somebody deployed other {what} while the repair was verified: nobody can tell which of both shows"
    )
    return Outcome.CANNOT_TELL_YET, NextStep.FINISH, told


def _fails_as_before(f: _Facts) -> _Settled | None:
    if not f.failed:
        return None
    told = f.failed[0].text
    if f.look.next_rung in (NextRung.IF_NEEDED, NextRung.AT_WILL):
        return Outcome.NOT_REPAIRED, NextStep.CLIMB, told
    if f.look.next_rung is NextRung.UNKNOWN and not f.is_last_look:
        return Outcome.NOT_REPAIRED, NextStep.WAIT, f"{told}; whether more is possible is read again"
    return Outcome.NOT_REPAIRED, NextStep.ROLL_BACK, told


def _worse(f: _Facts) -> _Settled | None:
    if f.served < f.look.plan.min_invocations or f.rate_after <= f.rate_before + CLEARLY_WORSE:
        return None
    if f.is_hearsay:
        return None
    told = f"{f.rate_after:.0%} of calls fail now, {f.rate_before:.0%} did before"
    return Outcome.WORSE, NextStep.ROLL_BACK, told


def _fails_otherwise(f: _Facts) -> _Settled | None:
    if not f.enough or not f.rate_before or f.rate_after < STILL_FAILING * f.rate_before:
        return None
    if f.is_hearsay:
        return None
    told = f"{f.rate_after:.0%} of calls still fail, for another reason: {_last_error(f.look.after)}"
    return Outcome.NOT_REPAIRED, NextStep.ROLL_BACK, told


def _too_tight(f: _Facts) -> _Settled | None:
    if not f.enough or not f.tight or f.look.next_rung is not NextRung.AT_WILL:
        return None
    return Outcome.NOT_REPAIRED, NextStep.CLIMB, f"it works, but {f.tight[0].text}"


def _proven(f: _Facts) -> _Settled | None:
    if not f.enough or f.unknown or f.is_hearsay or f.look.waited_s < f.look.plan.required_wait_s:
        return None
    if f.rate_after > WORKING:
        why = _last_error(f.look.after)
        told = f"the repair did its work, but {f.rate_after:.0%} of calls still fail: {why}"
        return Outcome.CANNOT_TELL_YET, NextStep.FINISH, told
    note = f"; note that {f.tight[0].text}" if f.tight else ""
    logged = len(f.look.after.invocations)
    # Metrics count what the log does not show yet, or no more: both figures stand in the report.
    source = f" by the metric, {logged} of them in the log" if f.served > logged else ""
    failed = f"{f.rate_after:.0%} failed ({f.rate_before:.0%} before)"
    told = f"{f.served:.0f} calls since the change{source}, {failed}"
    return Outcome.REPAIRED, NextStep.FINISH, told + note


def _out_of_time(f: _Facts) -> _Settled | None:
    if not f.is_last_look:
        return None
    lacking = f"only {f.served:.0f} of the {f.needed} calls needed for a verdict were seen"
    if f.enough:
        lacking = f"nothing is known of: {', '.join(f.unknown)}"
    return Outcome.CANNOT_TELL_YET, NextStep.FINISH, f"{lacking}, {f.look.waited_s} s after the change"


def _wait_for_more(f: _Facts) -> _Settled:
    waited = f"waited {f.look.waited_s} of {f.look.plan.required_wait_s} s"
    return Outcome.CANNOT_TELL_YET, NextStep.WAIT, f"{f.served:.0f} calls seen ({f.needed} needed), {waited}"


# The bad news first: a repair that harms is taken back without waiting for more proof. What somebody else
# has deployed since is neither proof nor ours to repair.
_RULES = (
    _reverted,
    _redeployed,
    _fails_as_before,
    _worse,
    _fails_otherwise,
    _too_tight,
    _proven,
    _out_of_time,
)


def _general_checks(f: _Facts) -> tuple[Check, ...]:
    before, after = f.look.before, f.look.after
    throttled = after.metric("Throttles").total
    return (
        Check(
            "failed calls",
            f"{f.rate_before:.0%}",
            f"{f.rate_after:.0%} of {f.served:.0f}",
            None if not f.served else f.rate_after < max(STILL_FAILING * f.rate_before, 0.01),
            f"{f.rate_after:.0%} of {f.served:.0f} calls failed after the change, {f.rate_before:.0%} before",
        ),
        Check(
            "p99 duration",
            f"{_p99_s(before.invocations):.2f} s",
            f"{_p99_s(after.invocations):.2f} s",
            None if not after.invocations else True,
            "for information: a cured function may well run longer than one that was killed",
            essential=False,
        ),
        Check(
            "throttles",
            f"{before.metric('Throttles').total:.0f}",
            f"{throttled:.0f}",
            throttled == 0 if after.metric("Throttles").times else None,
            f"{throttled:.0f} calls were throttled since the change",
            essential=False,
        ),
    )


def _p99_s(runs: tuple[Invocation, ...]) -> float:
    return percentile((run.duration_ms / 1000 for run in runs), 0.99)


def _last_error(evidence: Evidence) -> str:
    failed = [run for run in evidence.invocations if run.status is not Status.SUCCESS]
    return failed[-1].error_type or failed[-1].status.value if failed else "errors without a log line"
