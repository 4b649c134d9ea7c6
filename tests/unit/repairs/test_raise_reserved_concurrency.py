"""The reservation follows the load, as far as the account has room; zero asks."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Concurrency, EventSource, Evidence
from auto_repair.domain.policy import Limits
from auto_repair.domain.repair import Refusal, Setting
from auto_repair.repairs.raise_reserved_concurrency import REPAIR, UNRESERVED_FLOOR
from tests.builders import a_change, a_context, a_gap, a_run, a_series, a_signature, evidence, reservation
from tests.unit.repairs import outcomes

proposal, refusal = partial(outcomes.proposal, REPAIR), partial(outcomes.refusal, REPAIR)


def throttled(
    reserved: int | None = 5, *, limit: int = 1000, others: int = 0, throttles: float = 60, **facts: Any
) -> Evidence:
    """A function with that reservation in an account where others hold reservations too."""
    unreserved = limit - others - (reserved or 0)
    series = facts.pop("series", (a_series("Throttles", throttles),))
    return evidence(concurrency=Concurrency(reserved, limit, unreserved), series=series, **facts)


def new_reservation(seen: Evidence, **policy: Any) -> int | None:
    return proposal(seen, **policy).change.after(Setting.RESERVED_CONCURRENCY)


def test_one_step_is_twice_as_much() -> None:
    assert new_reservation(throttled(5)) == 10


def test_load_is_arrivals_times_duration() -> None:
    # (600 + 300) calls a minute of 2 s each keep 30 busy; a quarter more for the peaks within the minute.
    series = (
        a_series("Throttles", 600),
        a_series("Invocations", 300),
        a_series("Duration.p50", 2000),
    )
    planned = proposal(throttled(5, series=series))
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 38
    assert "30.0 runs busy" in planned.because[0]


def test_busiest_minute_counts() -> None:
    series = (
        a_series("Throttles", 0, 600),
        a_series("Invocations", 300, 0),
        a_series("Duration.p50", 2000, 2000),
    )
    assert new_reservation(throttled(5, series=series)) == 25


@pytest.mark.parametrize("when", ["series", "baseline"])
def test_what_neighbours_use_of_the_unreserved_is_not_taken_from_them(when: str) -> None:
    """995 are unreserved, and functions without a reservation run up to 960 at once."""
    used = a_series("AccountUnreservedConcurrentExecutions", 960, 300)
    load = (a_series("Throttles", 600), a_series("Invocations", 6000), a_series("Duration.p50", 2000))
    known = (*load, used) if when == "series" else load
    seen = throttled(5, series=known, baseline=(used,) if when == "baseline" else ())
    planned = proposal(seen)
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 40
    assert "the account's room" in planned.because[-1]


def test_nothing_is_reserved_where_neighbours_use_all() -> None:
    used = a_series("AccountUnreservedConcurrentExecutions", 995)
    assert refusal(throttled(5, series=(a_series("Throttles", 60), used))).rule == "concurrency cap"


def test_zero_asks_a_person() -> None:
    planned = proposal(throttled(0))
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 10
    assert "somebody may have meant it" in planned.needs_person


def test_other_reservations_do_not_ask() -> None:
    assert not proposal(throttled(5)).needs_person


def test_load_that_grew_because_runs_wait_asks() -> None:
    slow = throttled(
        5,
        series=(a_series("Throttles", 60), a_series("Invocations", 60), a_series("Duration.p50", 110, 4000)),
        baseline=(a_series("Duration.p50", *[100.0] * 9, 400),),
    )
    assert "press harder" in proposal(slow).needs_person
    usual = throttled(5, baseline=slow.baseline, series=(*slow.series[:2], a_series("Duration.p50", 150)))
    assert not proposal(usual).needs_person


def test_dependency_that_suffers_asks() -> None:
    sign = a_signature("OperationalError", "connection refused by db.internal")
    assert "connection refused" in proposal(throttled(5, signatures=(sign,))).needs_person


def test_zero_with_known_durations_follows_the_load() -> None:
    seen = throttled(0, throttles=600, baseline=(a_series("Duration.p50", 2000),))
    assert new_reservation(seen) == 25


def test_not_below_what_the_event_sources_may_run() -> None:
    sources = (
        EventSource("sqs", "a", maximum_concurrency=20),
        EventSource("sqs", "b", maximum_concurrency=15),
        EventSource("sqs", "c", maximum_concurrency=100, enabled=False),
    )
    assert new_reservation(throttled(5, event_sources=sources)) == 35


def test_event_sources_that_cannot_be_read_are_a_persons_decision() -> None:
    """No mapping that is known is not a mapping with a MaximumConcurrency of 0."""
    planned = proposal(throttled(5, missing=(a_gap("event_sources"),)))
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 10
    assert "what feeds the function by polling" in planned.needs_person
    assert "could not be read" in planned.needs_person
    assert "more than 10 runs at once" in planned.needs_person


def test_queue_that_hides_its_attributes_has_told_how_much_may_run() -> None:
    source = EventSource("sqs", "a", maximum_concurrency=20)
    planned = proposal(throttled(5, event_sources=(source,), missing=(a_gap("event_sources"),)))
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 20
    assert not planned.needs_person


def test_log_that_cannot_be_read_may_have_named_a_dependency() -> None:
    asked = proposal(throttled(5, missing=(a_gap("lambda_logs"),))).needs_person
    assert "dependency" in asked
    assert "could not be read" in asked


def test_log_that_was_read_in_part_counts() -> None:
    assert not proposal(throttled(5, invocations=(a_run(),), missing=(a_gap("lambda_logs"),))).needs_person


def test_durations_that_cannot_be_read_may_have_grown() -> None:
    gap = a_gap("lambda_metrics")
    asked = proposal(throttled(5, missing=(gap,))).needs_person
    assert "how long runs take" in asked
    assert "could not be read" in asked
    now, usual = (a_series("Duration.p50", 110),), (a_series("Duration.p50", 100),)
    assert "could not be read" in proposal(throttled(5, series=now, missing=(gap,))).needs_person
    assert "could not be read" in proposal(throttled(5, baseline=usual, missing=(gap,))).needs_person
    assert not proposal(throttled(5, series=now, baseline=usual, missing=(gap,))).needs_person


def test_zero_says_what_could_not_be_read_as_well() -> None:
    asked = proposal(throttled(0, missing=(a_gap("event_sources"),))).needs_person
    assert "somebody may have meant it" in asked
    assert "could not be read" in asked


@pytest.mark.parametrize("source", ["callers", "changes", "provisioned_concurrency"])
def test_what_the_reservation_does_not_rest_on_is_not_asked_for(source: str) -> None:
    assert not proposal(throttled(5, missing=(a_gap(source),))).needs_person


def test_cap_of_the_owner() -> None:
    planned = proposal(throttled(5), limits=Limits(max_reserved_concurrency=8))
    assert planned.change.after(Setting.RESERVED_CONCURRENCY) == 8
    assert "capped at 8" in planned.because[-1]
    assert refusal(throttled(8), limits=Limits(max_reserved_concurrency=8)).rule == "concurrency cap"


def test_account_keeps_its_unreserved_share() -> None:
    assert new_reservation(throttled(100, others=750)) == 150
    assert refusal(throttled(150, others=750)).rule == "concurrency cap"


def test_small_account_has_nothing_to_reserve() -> None:
    told = refusal(throttled(2, limit=10))
    assert told.rule == "concurrency cap"
    assert "quota" in told.way_out
    assert refusal(throttled(0, limit=10)).rule == "concurrency cap"


def test_no_reservation_is_not_this_failure() -> None:
    assert refusal(throttled(None)).rule == "evidence"
    assert refusal(evidence(concurrency=None)).rule == "evidence"


@given(
    limit=st.integers(10, 3000),
    others=st.integers(0, 3000),
    reserved=st.integers(0, 500),
    calls=st.floats(0, 1e6),
    duration_ms=st.floats(0, 900_000),
    cap=st.integers(0, 3000),
)
def test_never_takes_from_the_neighbours(
    limit: int, others: int, reserved: int, calls: float, duration_ms: float, cap: int
) -> None:
    series = (a_series("Throttles", calls), a_series("Duration.p50", duration_ms))
    seen = throttled(reserved, limit=limit, others=min(others, max(0, limit - reserved)), series=series)
    outcome = REPAIR.plan(seen, a_context(limits=Limits(max_reserved_concurrency=cap)))
    if isinstance(outcome, Refusal):
        return
    after = outcome.change.after(Setting.RESERVED_CONCURRENCY)
    assert after is not None
    assert reserved < after <= cap
    assert seen.concurrency is not None
    left = seen.concurrency.account_unreserved - (after - reserved)
    assert left >= min(UNRESERVED_FLOOR, limit)


def test_one_throttled_call_is_enough_to_fail() -> None:
    seen = throttled(10, series=(a_series("Throttles", 0, 1), a_series("Invocations", 30, 30)))
    calls, room = REPAIR.judge(a_change(reservation(5, 10)), seen)
    assert calls.passed is False
    assert calls.essential
    assert room.passed is True


def test_nothing_is_said_without_metrics() -> None:
    calls, _ = REPAIR.judge(a_change(reservation(5, 10)), throttled(10, series=()))
    assert calls.passed is None


def test_neighbours_without_room_are_named() -> None:
    _, room = REPAIR.judge(a_change(reservation(5, 10)), throttled(10, others=950))
    assert room.passed is False
    _, unknown = REPAIR.judge(a_change(reservation(5, 10)), evidence(concurrency=None))
    assert unknown.passed is None
