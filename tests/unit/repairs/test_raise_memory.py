"""Memory is sized from evidence; where kills hide the need, a ladder finds it and never overshoots."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Evidence, Invocation
from auto_repair.domain.policy import Limits
from auto_repair.domain.repair import Proposal, Refusal, Setting
from auto_repair.repairs.raise_memory import LAMBDA_MAX_MB, REPAIR
from tests.builders import (
    a_change,
    a_configuration,
    a_context,
    a_gap,
    a_kill,
    a_run,
    a_timeout,
    an_attempt,
    evidence,
    in_turn,
    memory,
    timeout,
)
from tests.unit.repairs import outcomes

proposal, refusal = partial(outcomes.proposal, REPAIR), partial(outcomes.refusal, REPAIR)


def starved(*runs: Invocation, current: int = 128, history: tuple[Invocation, ...] = ()) -> Evidence:
    return evidence(
        configuration=a_configuration(memory_mb=current),
        invocations=in_turn(runs or (a_kill(current),)),
        history=history,
    )


def new_size(seen: Evidence, *attempts: Any, **policy: Any) -> int:
    size = proposal(seen, *attempts, **policy).change.after(Setting.MEMORY_MB)
    assert size is not None
    return size


def test_first_rung_is_three_times_what_was_too_little() -> None:
    assert new_size(starved()) == 384


def test_whole_steps_do_not_pass_three_times_the_need() -> None:
    assert new_size(starved(a_kill(130), current=130)) == 384  # 448 would be more than 3 × 131


def test_later_rungs_double() -> None:
    rung_1 = an_attempt(memory(128, 384))
    seen = starved(a_kill(384), current=384, history=(a_kill(128),))
    assert new_size(seen, rung_1) == 768


def test_rungs_of_other_incidents_do_not_count() -> None:
    elsewhere = an_attempt(memory(128, 384), incident_id="another", status="ROLLED_BACK")
    assert new_size(starved(), elsewhere) == 384


def test_measured_need_gets_headroom_and_no_more() -> None:
    seen = starved(history=(a_run(300, memory_size_mb=1024),))
    assert new_size(seen) == 448  # 300 / 0.75 = 400, in steps of 64


def test_small_runs_that_fitted_say_nothing_about_the_ones_that_did_not() -> None:
    seen = starved(a_kill(), a_run(40), history=(a_run(45),))
    assert new_size(seen) == 384


def test_size_that_once_was_verified_is_taken_again() -> None:
    verified = an_attempt(memory(128, 512), incident_id="another", status="VERIFIED")
    assert new_size(starved(), verified) == 512


def test_verified_size_that_has_become_too_small_is_not_taken_again() -> None:
    verified = an_attempt(memory(128, 256), incident_id="another", status="VERIFIED")
    seen = starved(a_kill(128), history=(a_kill(256),))
    assert new_size(seen, verified) == 768


def test_verified_timeout_says_nothing_about_memory() -> None:
    other = an_attempt(timeout(3, 900), incident_id="another", status="VERIFIED")
    assert new_size(starved(), other) == 384


def test_kills_at_a_larger_size_raise_the_first_rung() -> None:
    assert new_size(starved(history=(a_kill(512),))) == 1536


def test_crawling_into_the_timeout_with_full_memory_counts() -> None:
    assert new_size(starved(a_timeout(3, used=127))) == 384


def test_platform_that_reports_no_memory_speaks_of_the_present_size() -> None:
    assert new_size(starved(a_kill(used=0, memory_size_mb=0))) == 384


def test_somebody_raised_it_already() -> None:
    told = refusal(starved(a_kill(128), a_run(60), current=512))
    assert told.rule == "evidence"
    assert "512 MB" in told.reason


def test_too_tight_without_a_kill_is_sized_from_what_was_measured() -> None:
    seen = starved(a_run(350, memory_size_mb=384), current=384, history=(a_kill(128),))
    assert new_size(seen, an_attempt(memory(128, 384))) == 512


def test_cap_of_the_owner_ends_the_ladder() -> None:
    proposal = REPAIR.plan(starved(), a_context(limits=Limits(max_memory_mb=300)))
    assert isinstance(proposal, Proposal)
    assert proposal.change.after(Setting.MEMORY_MB) == 300
    assert "capped at 300 MB" in proposal.because[-1]


def test_nothing_above_the_cap() -> None:
    assert refusal(starved(a_kill(512), current=512), limits=Limits(max_memory_mb=512)).rule == "memory cap"


def test_size_that_is_known_to_be_too_small_is_not_tried() -> None:
    seen = starved(history=(a_run(900, memory_size_mb=1024),))
    assert refusal(seen, limits=Limits(max_memory_mb=768)).rule == "memory cap"
    assert refusal(starved(history=(a_kill(512),)), limits=Limits(max_memory_mb=512)).rule == "memory cap"


def test_lambda_itself_has_a_cap() -> None:
    seen = starved(a_kill(LAMBDA_MAX_MB), current=LAMBDA_MAX_MB)
    assert refusal(seen, limits=Limits(max_memory_mb=99999)).rule == "memory cap"


def test_no_plan_without_the_configuration() -> None:
    assert refusal(replace(starved(), configuration=None)).rule == "evidence"


@pytest.mark.parametrize("source", ["callers", "event_sources", "concurrency", "changes"])
def test_what_the_memory_does_not_rest_on_is_not_asked_for(source: str) -> None:
    outcome = REPAIR.plan(replace(starved(), missing=(a_gap(source),)), a_context())
    assert isinstance(outcome, Proposal)
    assert not outcome.needs_person


def test_log_that_cannot_be_read_is_not_a_log_without_need() -> None:
    unread = replace(starved(), invocations=(), missing=(a_gap("lambda_logs"),))
    assert refusal(unread).rule == "evidence"


@given(need=st.integers(129, 12000), start=st.integers(128, 3000), cap=st.integers(128, 10240))
def test_ladder_ends_between_the_need_and_three_times_the_need(need: int, start: int, cap: int) -> None:
    """Climb as the workflow does: every rung is tried, and shows a kill or what was used."""
    size, attempts, history = start, list[Any](), list[Invocation]()
    tried = []
    while need > size:
        history.append(a_kill(size))
        outcome = REPAIR.plan(
            starved(a_kill(size), current=size, history=tuple(history)),
            a_context(*attempts, limits=Limits(max_memory_mb=cap)),
        )
        if isinstance(outcome, Refusal):
            assert need > cap or size >= cap
            return
        after = outcome.change.after(Setting.MEMORY_MB)
        assert after is not None
        assert size < after <= cap
        attempts.insert(0, an_attempt(memory(size, after)))
        size = after
        tried.append(size)
    assert all(size <= 3 * need for size in tried)


def test_one_kill_after_the_change_is_enough_to_fail() -> None:
    seen = starved(a_run(200, memory_size_mb=384), a_kill(384), current=384)
    killed, headroom = REPAIR.judge(a_change(), seen)
    assert killed.passed is False
    assert killed.essential
    assert "1 of 2 runs with 384 MB died of memory" in killed.text
    assert headroom.passed is False
    assert not headroom.essential


def test_runs_with_the_former_size_prove_nothing() -> None:
    checks = REPAIR.judge(a_change(), starved(a_run(60), a_kill(128)))
    assert [check.passed for check in checks] == [None, None]


@pytest.mark.parametrize(("used", "passed"), [(326, True), (327, False)])
def test_headroom_is_fifteen_percent(used: int, passed: bool) -> None:
    _, headroom = REPAIR.judge(a_change(), starved(a_run(used, memory_size_mb=384), current=384))
    assert headroom.passed is passed
