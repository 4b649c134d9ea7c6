"""Raise the function's reserved concurrency to what the load needs, as far as the account has room."""

from math import ceil

from auto_repair.domain.evidence import Concurrency, Evidence, MetricSeries, percentile
from auto_repair.domain.latency import dependency_signs
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

# AWS keeps part of the account's concurrency unreserved: 100 in ordinary accounts, all of it in new ones
# with a lower limit. No API tells the number, so the larger of the two is respected.
UNRESERVED_FLOOR = 100
STEP = 2.0
HEADROOM = 1.25
SMALLEST_START = 10  # where nothing is known of the load
PRESSED = "more runs at once would press harder on what they wait for, which the reservation may protect"
SLOWER = 2.0  # times a slow ordinary minute: the load has grown because runs wait, not because more arrive


def plan(evidence: Evidence, context: RepairContext) -> Proposal | Refusal:
    """The next reservation. A reservation of 0 always asks: it is also the kill switch."""
    limits = evidence.concurrency
    if limits is None or limits.reserved is None:
        return Refusal(
            "evidence", "no reserved concurrency is known", "look at the account's concurrency instead"
        )
    current = limits.reserved
    room = current + limits.account_unreserved - _left_to_others(evidence, limits)
    cap = min(context.policy.limits.max_reserved_concurrency, room)
    if current >= cap:
        return Refusal(
            "concurrency cap",
            f"reserved concurrency is {current} and may not pass {cap}: limits.max_reserved_concurrency is "
            f"{context.policy.limits.max_reserved_concurrency}, the account has room up to {room}",
            "raise the limit of the function, free reservations elsewhere, or request quota L-B99A9384",
        )
    wanted, because = _wanted(evidence, current)
    target = min(wanted, cap)
    if target < wanted:
        because = (*because, f"capped at {cap} by the function's limit and the account's room")
    change = Change(
        evidence.function_name,
        (SettingChange(evidence.function_name, Setting.RESERVED_CONCURRENCY, current, target),),
    )
    doubts = (_doubt(evidence, current), *_unread(evidence, target))
    return Proposal(change, because, needs_person="; ".join(filter(None, doubts)))


def _left_to_others(evidence: Evidence, limits: Concurrency) -> int:
    """What has to stay unreserved: AWS's floor, and what functions without a reservation used at once."""
    name = "AccountUnreservedConcurrentExecutions"
    used = max(evidence.metric(name).peak, evidence.normal(name).peak)
    return max(_floor(limits), ceil(used))


def _floor(limits: Concurrency) -> int:
    return min(UNRESERVED_FLOOR, limits.account_limit)


def _doubt(evidence: Evidence, current: int) -> str:
    """Why somebody may want the reservation as it is; empty where nothing speaks for that."""
    if current == 0:
        return "a reservation of 0 stops the function, and somebody may have meant it"
    if signs := dependency_signs(evidence):
        return f"the log names a dependency that suffers ({signs[0]}): {PRESSED}"
    now = evidence.metric("Duration.p50").peak
    usual = percentile(evidence.normal("Duration.p50").values, 0.9)
    if usual and now > SLOWER * usual:
        return f"half of the runs take {now:.0f} ms or more, {usual:.0f} ms in ordinary times: {PRESSED}"
    return ""


def _unread(evidence: Evidence, target: int) -> tuple[str, ...]:
    """Where a sign of doubt could not have been seen; empty texts where it could."""
    now, usual = evidence.metric("Duration.p50"), evidence.normal("Duration.p50")
    return (
        doubt_if_unread(
            evidence,
            "event_sources",
            found=evidence.event_sources,
            what="what feeds the function by polling (event source mappings)",
            risk=f"it may be allowed more than {target} runs at once, and would be throttled still",
        ),
        doubt_if_unread(
            evidence,
            "lambda_logs",
            found=(*evidence.invocations, *evidence.signatures),
            what="the log, which may name a dependency that suffers,",
            risk=PRESSED,
        ),
        doubt_if_unread(
            evidence,
            "lambda_metrics",
            found=now.times and usual.times,
            what="how long runs take now and in ordinary times (metrics)",
            risk=PRESSED,
        ),
    )


def _wanted(evidence: Evidence, current: int) -> tuple[int, tuple[str, ...]]:
    load = _concurrency_of_load(evidence)
    feeding = sum(s.maximum_concurrency or 0 for s in evidence.event_sources if s.enabled)
    start = ceil(current * STEP) if current else SMALLEST_START
    wanted = max(start if not load or current else 1, ceil(load * HEADROOM), feeding, current + 1)
    because = [f"the load of the last minutes keeps about {load:.1f} runs busy at once"] if load else []
    if feeding:
        because.append(
            f"the event sources may run {feeding} at once, and the reservation may not be below that"
        )
    return wanted, tuple(because) or ("nothing is known of the load yet; the step is small and measured",)


def _concurrency_of_load(evidence: Evidence) -> float:
    """Little's law: arrivals per second, throttled ones included, times the seconds each is in service."""
    throttles, served = evidence.metric("Throttles"), evidence.metric("Invocations")
    busiest = max((a + b for a, b in _by_period(throttles, served)), default=0.0)
    duration_ms = evidence.metric("Duration.p50").peak or evidence.normal("Duration.p50").peak
    return busiest / throttles.period_s * duration_ms / 1000


def _by_period(first: MetricSeries, second: MetricSeries) -> list[tuple[float, float]]:
    one, two = (
        dict(zip(first.times, first.values, strict=True)),
        dict(zip(second.times, second.values, strict=True)),
    )
    return [(one.get(t, 0.0), two.get(t, 0.0)) for t in one.keys() | two.keys()]


def judge(change: Change, after: Evidence, _before: Evidence | None = None) -> tuple[Check, ...]:
    """Throttles of the function since the change, and the room left for its neighbours."""
    throttles = after.metric("Throttles").total
    served = after.metric("Invocations").total
    known = bool(after.metric("Invocations").times or after.metric("Throttles").times)
    return (
        Check(
            "throttled calls",
            f"reserved {change.before(Setting.RESERVED_CONCURRENCY)}",
            f"{throttles:.0f} throttled, {served:.0f} served",
            None if not known else throttles == 0,
            f"{throttles:.0f} calls throttled and {served:.0f} served since the change",
        ),
        _room_left(after.concurrency),
    )


def _room_left(limits: Concurrency | None) -> Check:
    if limits is None:
        return Check(
            "room for neighbours",
            "",
            "unknown",
            None,
            "the account's limits could not be read",
            essential=False,
        )
    floor = _floor(limits)
    return Check(
        "room for neighbours",
        "",
        f"{limits.account_unreserved} unreserved",
        limits.account_unreserved >= floor,
        f"{limits.account_unreserved} of {limits.account_limit} stay unreserved; at least {floor} must",
    )


REPAIR = Repair("raise_reserved_concurrency", "Raise the reserved concurrency", plan, judge)
