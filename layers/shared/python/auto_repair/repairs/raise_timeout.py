"""Give the function more time, never beyond what its callers wait for; a queue's visibility moves with it."""

from auto_repair.domain.evidence import Evidence, Status, percentile
from auto_repair.domain.ladder import for_need, next_rung, round_up
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

LAMBDA_MAX_S = 900
SQS_MAX_VISIBILITY_S = 43200
VISIBILITY_FACTOR = 6  # AWS's advice for queues that feed a function
HEALTHY_SHARE = 0.8  # p99 above this share of the timeout is too close to the next cut


def plan(evidence: Evidence, context: RepairContext) -> Proposal | Refusal:
    """The next timeout and, with it, the visibility timeout of the queues that feed the function."""
    if evidence.configuration is None:
        return Refusal(
            "evidence", "the function's configuration could not be read", "retry when Lambda answers"
        )
    current = evidence.configuration.timeout_s
    cap, why = _cap(evidence, context)
    if current >= cap:
        return Refusal(
            "timeout cap",
            f"the timeout is {current} s and may not pass {cap} s ({why})",
            "make the work shorter, or move it behind a queue where nobody waits for it",
        )
    wanted, because = _wanted(evidence, context, current)
    target = min(round_up(wanted, 1), cap)
    if target < wanted:
        because = (*because, f"capped at {cap} s ({why})")
    # The queue goes first: with a longer timeout and the old visibility, messages would be seen twice.
    settings = (
        *_visibility(evidence, target),
        SettingChange(evidence.function_name, Setting.TIMEOUT_S, current, target),
    )
    return Proposal(Change(evidence.function_name, settings), because, needs_person=_who_waits(evidence))


def _cap(evidence: Evidence, context: RepairContext) -> tuple[int, str]:
    caps = [
        (context.policy.limits.max_timeout_s, "limits.max_timeout_s"),
        (LAMBDA_MAX_S, "Lambda's own limit"),
    ]
    caps += [(c.waits_s, f"{c.principal} waits no longer") for c in evidence.callers if c.waits_s]
    if context.policy.caller_timeout_s:
        caps.append((context.policy.caller_timeout_s, "caller_timeout_s of the function"))
    return min(caps)


def _wanted(evidence: Evidence, context: RepairContext, current: int) -> tuple[float, tuple[str, ...]]:
    runs = (*evidence.history, *evidence.invocations)
    longest = max((r.duration_ms / 1000 for r in runs if r.status is Status.SUCCESS), default=0.0)
    cut_here = any(r.status is Status.TIMEOUT and r.duration_ms / 1000 >= 0.95 * current for r in runs)
    if longest > (current if cut_here else 0) and for_need(longest) > current:
        return for_need(longest), (f"runs that were not cut off took up to {longest:.1f} s",)
    known_good = [a.change.after(Setting.TIMEOUT_S) or 0 for a in context.attempts if a.status == "VERIFIED"]
    if max(known_good, default=0) > current:
        return max(known_good), ("this timeout was verified in an earlier incident",)
    rung = len(context.rungs) + 1
    return next_rung(current, rung=rung), (
        f"runs that are cut off hide how long they need; rung {rung} of the ladder is tried and measured",
    )


def _visibility(evidence: Evidence, timeout_s: int) -> tuple[SettingChange, ...]:
    needed = min(VISIBILITY_FACTOR * timeout_s, SQS_MAX_VISIBILITY_S)
    return tuple(
        SettingChange(source.arn, Setting.VISIBILITY_TIMEOUT_S, source.visibility_timeout_s, needed)
        for source in evidence.event_sources
        if source.kind == "sqs"
        and source.visibility_timeout_s is not None
        and source.visibility_timeout_s < needed
    )


def _who_waits(evidence: Evidence) -> str:
    waiting = sorted({caller.principal for caller in evidence.callers})
    return f"{', '.join(waiting)} waits for the answer, which will now take longer" if waiting else ""


def judge(change: Change, after: Evidence) -> tuple[Check, ...]:
    """Cut-off runs and the distance of p99 from the new timeout."""
    limit = change.after(Setting.TIMEOUT_S) or 0
    runs = after.invocations
    cut = sum(r.status is Status.TIMEOUT for r in runs)
    p99 = percentile((r.duration_ms / 1000 for r in runs), 0.99)
    former = f"cut off at {change.before(Setting.TIMEOUT_S)} s"
    return (
        Check(
            "cut off at the timeout",
            former,
            f"{cut} of {len(runs)} runs",
            None if not runs else cut == 0,
            f"{cut} of {len(runs)} runs hit the timeout of {limit} s",
        ),
        Check(
            "distance from the timeout",
            former,
            f"p99 {p99:.1f} s of {limit} s",
            None if not runs else p99 < HEALTHY_SHARE * limit,
            f"p99 is {p99 / limit if limit else 0:.0%} of the timeout; healthy is below {HEALTHY_SHARE:.0%}",
            essential=False,
        ),
    )


REPAIR = Repair("raise_timeout", "Raise the timeout", plan, judge)
