"""Give the function more time, never beyond what its callers wait for; a queue's visibility moves with it."""

from auto_repair.domain.evidence import Evidence, Invocation, Status, percentile
from auto_repair.domain.ladder import for_need, next_rung, round_down, round_up
from auto_repair.domain.latency import was_cut_off
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
from auto_repair.domain.unread import doubt_if_unread

LAMBDA_MAX_S = 900
SQS_MAX_VISIBILITY_S = 43200
VISIBILITY_FACTOR = 6  # AWS's advice for queues that feed a function
AT_LIMIT = 0.95  # share of the timeout from which a run that was cut off had all of it
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
    sized = _size(evidence, context, current, cap, why)
    if isinstance(sized, Refusal):
        return sized
    wanted, because = sized
    target = min(wanted, cap)
    if target < wanted:
        because = (*because, f"capped at {cap} s ({why})")
    queues = _visibility(evidence, target)
    if unlisted := [s.resource for s in queues if s.resource not in context.policy.queues]:
        return Refusal(
            "queues",
            f"the visibility timeout of {', '.join(unlisted)} must move with the timeout, "
            "and the function's entry does not list it",
            "add it to `queues` of the function's entry, or raise both by hand, the queue first",
        )
    # The queue goes first: with a longer timeout and the old visibility, messages would be seen twice.
    settings = (
        *queues,
        SettingChange(evidence.function_name, Setting.TIMEOUT_S, current, target),
    )
    change = Change(evidence.function_name, settings)
    return Proposal(change, because, needs_person="; ".join(filter(None, _doubts(evidence, target))))


def _cap(evidence: Evidence, context: RepairContext) -> tuple[int, str]:
    caps = [
        (context.policy.limits.max_timeout_s, "limits.max_timeout_s"),
        (LAMBDA_MAX_S, "Lambda's own limit"),
    ]
    caps += [(c.waits_s, f"{c.principal} waits no longer") for c in evidence.callers if c.waits_s]
    if context.policy.caller_timeout_s:
        caps.append((context.policy.caller_timeout_s, "caller_timeout_s of the function"))
    return min(caps)


def _size(
    evidence: Evidence, context: RepairContext, current: int, cap: int, why: str
) -> tuple[int, tuple[str, ...]] | Refusal:
    runs = (*evidence.history, *evidence.invocations)
    too_short = _known_too_short_s(runs, current)
    longest = max((r.duration_ms / 1000 for r in runs if r.status is Status.SUCCESS), default=0.0)
    if max(longest, too_short) >= cap:
        return Refusal(
            "timeout cap",
            f"runs need more than the {cap} s that are allowed ({why}), so that no allowed timeout can help",
            "make the work shorter, or move it behind a queue where nobody waits for it",
        )
    if longest > too_short and for_need(longest) > current:
        return round_up(for_need(longest), 1), (f"runs that were not cut off took up to {longest:.1f} s",)
    if not too_short:
        return Refusal(
            "evidence",
            f"no run was cut off at the present {current} s; those that were had less time",
            "start again if runs are cut off at the present timeout too",
        )
    known_good = [a.change.after(Setting.TIMEOUT_S) or 0 for a in context.attempts if a.status == "VERIFIED"]
    if max(known_good, default=0) > too_short:
        return max(known_good), ("this timeout was verified in an earlier incident",)
    rung = len(context.rungs) + 1
    return round_down(next_rung(too_short, rung=rung), 1), (
        f"runs that are cut off hide how long they need; rung {rung} of the ladder is tried and measured",
    )


def _known_too_short_s(runs: tuple[Invocation, ...], current: int) -> float:
    """The longest timeout, of the present one and more, at which runs were cut off; 0 when none were."""
    limits = (r.timeout_s or r.duration_ms / 1000 for r in runs if was_cut_off(r))
    return max((max(limit, current) for limit in limits if limit >= AT_LIMIT * current), default=0.0)


def _visibility(evidence: Evidence, timeout_s: int) -> tuple[SettingChange, ...]:
    needed = min(VISIBILITY_FACTOR * timeout_s, SQS_MAX_VISIBILITY_S)
    # One queue may feed the function through several mappings.
    known = {s.arn: s.visibility_timeout_s for s in evidence.event_sources if s.kind == "sqs"}
    return tuple(
        SettingChange(arn, Setting.VISIBILITY_TIMEOUT_S, visibility, needed)
        for arn, visibility in known.items()
        if visibility is not None and visibility < needed
    )


def _doubts(evidence: Evidence, timeout_s: int) -> tuple[str, ...]:
    """What speaks for asking a person; empty texts where nothing does."""
    return (
        _who_waits(evidence),
        doubt_if_unread(
            evidence,
            "callers",
            found=evidence.callers,
            what="who calls the function and waits for its answer (resource policy, function URL)",
            risk=f"one may give up sooner than after {timeout_s} s, API Gateway usually after 29 s",
        ),
        _unknown_queues(evidence),
        doubt_if_unread(
            evidence,
            "event_sources",
            found=evidence.event_sources,
            what="which queues feed the function (event source mappings)",
            risk=f"a queue whose visibility timeout is below {timeout_s} s would hand out a message again "
            f"while a run still works on it, and AWS advises {VISIBILITY_FACTOR} times the timeout",
        ),
    )


def _unknown_queues(evidence: Evidence) -> str:
    names = sorted(
        s.arn.rsplit(":", 1)[-1]
        for s in evidence.event_sources
        if s.kind == "sqs" and s.enabled and s.visibility_timeout_s is None
    )
    if not names:
        return ""
    return f"the visibility timeout of {', '.join(names)} is unknown and must stay above the timeout"


def _who_waits(evidence: Evidence) -> str:
    waiting = sorted({caller.principal for caller in evidence.callers})
    return f"{', '.join(waiting)} waits for the answer, which will now take longer" if waiting else ""


def judge(change: Change, after: Evidence, _before: Evidence | None = None) -> tuple[Check, ...]:
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
