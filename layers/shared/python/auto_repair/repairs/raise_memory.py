"""Give the function more memory: as much as it is known to need, else the next rung of the ladder."""

from auto_repair.domain.evidence import Evidence, Invocation, Status
from auto_repair.domain.ladder import for_need, next_rung, round_down, round_up
from auto_repair.domain.memory import died_of_memory
from auto_repair.domain.repair import (
    Change,
    Check,
    Proposal,
    Refusal,
    Repair,
    RepairContext,
    Setting,
    SettingChange,
)

STEP_MB = 64
LAMBDA_MAX_MB = 10240
HEALTHY_SHARE = 0.85  # peak use above this share of the limit is too close to the next kill


def plan(evidence: Evidence, context: RepairContext) -> Proposal | Refusal:
    """The next memory size, with the evidence that it follows from."""
    if evidence.configuration is None:
        return Refusal(
            "evidence", "the function's configuration could not be read", "retry when Lambda answers"
        )
    current = evidence.configuration.memory_mb
    cap = min(context.policy.limits.max_memory_mb, LAMBDA_MAX_MB)
    if current >= cap:
        return Refusal(
            "memory cap",
            f"memory is {current} MB, at or above the cap of {cap} MB",
            "raise limits.max_memory_mb of the function, or reduce what the code holds in memory",
        )
    sized = _size(evidence, context, current, cap)
    if isinstance(sized, Refusal):
        return sized
    wanted, because = sized
    target = min(wanted, cap)
    if target < wanted:
        because = (*because, f"capped at {cap} MB by limits.max_memory_mb")
    change = Change(
        evidence.function_name,
        (SettingChange(evidence.function_name, Setting.MEMORY_MB, current, target),),
    )
    return Proposal(change, because)


def _size(
    evidence: Evidence, context: RepairContext, current: int, cap: int
) -> tuple[int, tuple[str, ...]] | Refusal:
    runs = (*evidence.history, *evidence.invocations)
    too_small = _known_too_small_mb(runs, current)
    measured = _measured_need_mb(runs, above=too_small)
    if max(measured, too_small) >= cap:
        return Refusal(
            "memory cap",
            f"runs need more than the cap of {cap} MB, so that no allowed size can help",
            "raise limits.max_memory_mb of the function, or reduce what the code holds in memory",
        )
    if for_need(measured) > current:
        because = f"runs with enough memory used {measured} MB; with headroom that is the new size"
        return round_up(for_need(measured), STEP_MB), (because,)
    if not too_small:
        return Refusal(
            "evidence",
            f"no run died with the present {current} MB; those that did had less",
            "start again if runs die with the present memory too",
        )
    known_good = [a.change.after(Setting.MEMORY_MB) or 0 for a in context.attempts if a.status == "VERIFIED"]
    if max(known_good, default=0) > too_small:
        return max(known_good), ("this size was verified in an earlier incident",)
    rung = len(context.rungs) + 1
    return round_down(next_rung(too_small, rung=rung), STEP_MB), (
        f"killed runs hide how much they need; rung {rung} of the ladder is tried and measured",
    )


def _known_too_small_mb(runs: tuple[Invocation, ...], current: int) -> int:
    """The largest size, of the present one and more, with which runs died; 0 when none did."""
    # A platform that reports no memory (size 0) speaks of the present size.
    return max((r.memory_size_mb or current for r in runs if _died_with(r, current)), default=0)


def _died_with(run: Invocation, size: int) -> bool:
    return died_of_memory(run) and (run.memory_size_mb or size) >= size


def _measured_need_mb(runs: tuple[Invocation, ...], *, above: int) -> int:
    """Peak use of successful runs that had more than `above` MB to use, 0 when there are none."""
    peaks = [r.max_memory_used_mb for r in runs if r.status is Status.SUCCESS and r.memory_size_mb > above]
    return max(peaks, default=0)


def judge(change: Change, after: Evidence, _before: Evidence | None = None) -> tuple[Check, ...]:
    """Memory kills and headroom of the runs that had the new size."""
    size = change.after(Setting.MEMORY_MB) or 0
    runs = [r for r in after.invocations if r.memory_size_mb == size]
    killed = sum(died_of_memory(r) for r in runs)
    peak = max((r.max_memory_used_mb for r in runs), default=0)
    former = f"{change.before(Setting.MEMORY_MB)} MB, killed"
    share = peak / size if size else 0.0
    return (
        Check(
            "killed for memory",
            former,
            f"{killed} of {len(runs)} runs",
            None if not runs else killed == 0,
            f"{killed} of {len(runs)} runs with {size} MB died of memory",
        ),
        Check(
            "memory headroom",
            former,
            f"{peak} of {size} MB",
            None if not runs else share < HEALTHY_SHARE,
            f"peak use is {share:.0%} of the limit; healthy is below {HEALTHY_SHARE:.0%}",
            essential=False,
        ),
    )


REPAIR = Repair("raise_memory", "Raise the memory", plan, judge)
