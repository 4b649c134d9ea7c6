"""The timeout grows with the need, never beyond what callers wait for, and queues move with it."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Caller, EventSource, Evidence, Invocation, MissingEvidence
from auto_repair.domain.policy import Limits
from auto_repair.domain.repair import Refusal, Setting, SettingChange
from auto_repair.repairs.raise_timeout import REPAIR, SQS_MAX_VISIBILITY_S
from tests.builders import (
    QUEUE,
    a_change,
    a_configuration,
    a_context,
    a_gap,
    a_run,
    a_timeout,
    an_attempt,
    evidence,
    in_turn,
    timeout,
    visibility,
)
from tests.unit.repairs import outcomes

proposal, refusal = partial(outcomes.proposal, REPAIR), partial(outcomes.refusal, REPAIR)

API = Caller("apigateway.amazonaws.com", 29)


def cut_off(*runs: Invocation, current: int = 3, **facts: Any) -> Evidence:
    seen = in_turn(runs or (a_timeout(current),))
    return evidence(configuration=a_configuration(timeout_s=current), invocations=seen, **facts)


def taking(seconds: float) -> Invocation:
    return a_run(duration_ms=seconds * 1000)


def new_timeout(seen: Evidence, *attempts: Any, **policy: Any) -> int | None:
    return proposal(seen, *attempts, **policy).change.after(Setting.TIMEOUT_S)


def queue(visibility_s: int | None, arn: str = QUEUE, **facts: Any) -> EventSource:
    return EventSource("sqs", arn, visibility_timeout_s=visibility_s, **facts)


def test_first_rung_triples_and_later_ones_double() -> None:
    assert new_timeout(cut_off()) == 9
    assert new_timeout(cut_off(a_timeout(9), current=9), an_attempt(timeout(3, 9))) == 18


def test_measured_need_gets_headroom() -> None:
    assert new_timeout(cut_off(history=(taking(8),))) == 11  # 8 / 0.75


def test_runs_that_fitted_say_nothing_about_those_that_did_not() -> None:
    assert new_timeout(cut_off(a_timeout(3), taking(2.8))) == 9


def test_timeout_that_once_was_verified_is_taken_again() -> None:
    verified = an_attempt(timeout(3, 12), incident_id="another", status="VERIFIED")
    assert new_timeout(cut_off(), verified) == 12


def test_queue_that_the_entry_does_not_list_refuses_before_anything_is_tried() -> None:
    seen = cut_off(event_sources=(queue(18),))
    told = refusal(seen, queues=())
    assert told.rule == "queues"
    assert QUEUE in told.reason
    assert "`queues`" in told.way_out
    assert new_timeout(cut_off(event_sources=(queue(3600),)), queues=()) == 9  # needs no move


def test_runs_cut_off_later_than_now_raise_the_first_rung() -> None:
    assert new_timeout(cut_off(history=(a_timeout(10),))) == 30


def test_somebody_raised_it_already() -> None:
    told = refusal(cut_off(a_timeout(3), taking(5), current=10))
    assert told.rule == "evidence"


def test_runs_that_died_of_memory_were_not_cut_off() -> None:
    assert refusal(cut_off(a_timeout(3, used=127))).rule == "evidence"


def test_too_tight_without_a_cut_is_sized_from_what_was_measured() -> None:
    seen = cut_off(taking(8.5), current=9, history=(a_timeout(3),))
    assert new_timeout(seen, an_attempt(timeout(3, 9))) == 12


def test_never_longer_than_api_gateway_waits() -> None:
    planned = proposal(cut_off(a_timeout(20), current=20, callers=(API,)))
    assert planned.change.after(Setting.TIMEOUT_S) == 29
    assert "apigateway.amazonaws.com waits no longer" in planned.because[-1]
    assert refusal(cut_off(a_timeout(29), current=29, callers=(API,))).rule == "timeout cap"


def test_verified_earlier_does_not_beat_the_callers_wait() -> None:
    verified = an_attempt(timeout(3, 60), incident_id="another", status="VERIFIED")
    assert new_timeout(cut_off(callers=(API,)), verified) == 29


def test_owner_may_say_how_long_callers_wait() -> None:
    assert new_timeout(cut_off(), caller_timeout_s=5) == 5


def test_cap_of_the_owner() -> None:
    assert new_timeout(cut_off(), limits=Limits(max_timeout_s=7)) == 7


def test_timeout_that_is_known_to_be_too_short_is_not_tried() -> None:
    seen = cut_off(callers=(API,), history=(taking(40),))
    assert refusal(seen).rule == "timeout cap"


def test_lambda_itself_has_a_cap() -> None:
    generous = Limits(max_timeout_s=99999)
    assert new_timeout(cut_off(a_timeout(600), current=600), limits=generous) == 900
    assert refusal(cut_off(a_timeout(900), current=900), limits=generous).rule == "timeout cap"


def test_callers_that_wait_are_a_persons_decision() -> None:
    waiting = Caller("elasticloadbalancing.amazonaws.com", None)
    assert "elasticloadbalancing" in proposal(cut_off(callers=(waiting,))).needs_person
    assert not proposal(cut_off()).needs_person


def test_queue_moves_first_and_to_six_times_the_timeout() -> None:
    planned = proposal(cut_off(event_sources=(queue(30),)))
    assert planned.change.settings == (visibility(30, 54), timeout(3, 9))
    assert planned.change.inverse().settings == (timeout(9, 3), visibility(54, 30))


def test_queue_that_hides_messages_long_enough_stays() -> None:
    assert proposal(cut_off(event_sources=(queue(54),))).change.settings == (timeout(3, 9),)


def test_queue_with_two_mappings_moves_once() -> None:
    planned = proposal(cut_off(event_sources=(queue(30), queue(30))))
    assert [s.setting for s in planned.change.settings] == [Setting.VISIBILITY_TIMEOUT_S, Setting.TIMEOUT_S]


def test_visibility_stays_within_the_limit_of_sqs() -> None:
    seen = cut_off(a_timeout(600), current=600, event_sources=(queue(3600),))
    changes: tuple[SettingChange, ...] = proposal(seen, limits=Limits(max_timeout_s=900)).change.settings
    assert changes[0].after == min(6 * 900, SQS_MAX_VISIBILITY_S)


def test_queue_that_cannot_be_read_is_a_persons_decision() -> None:
    assert "orders-inbox" in proposal(cut_off(event_sources=(queue(None),))).needs_person
    assert not proposal(cut_off(event_sources=(queue(None, enabled=False),))).needs_person


def test_callers_that_cannot_be_read_are_a_persons_decision() -> None:
    """An API Gateway may stand behind the policy that was refused: 29 s would be its end."""
    planned = proposal(cut_off(a_timeout(20), current=20, missing=(a_gap("callers"),)))
    assert planned.change.after(Setting.TIMEOUT_S) == 60
    assert "who calls the function" in planned.needs_person
    assert "could not be read" in planned.needs_person
    assert "sooner than after 60 s" in planned.needs_person


def test_owners_word_on_callers_bounds_what_a_person_is_asked() -> None:
    planned = proposal(cut_off(missing=(a_gap("callers"),)), caller_timeout_s=5)
    assert planned.change.after(Setting.TIMEOUT_S) == 5
    assert "could not be read" in planned.needs_person


def test_event_sources_that_cannot_be_read_are_a_persons_decision() -> None:
    planned = proposal(cut_off(missing=(a_gap("event_sources"),)))
    assert planned.change.settings == (timeout(3, 9),)
    assert "which queues feed the function" in planned.needs_person
    assert "visibility timeout is below 9 s" in planned.needs_person


def test_a_person_reads_of_everything_that_could_not_be_read() -> None:
    asked = proposal(cut_off(missing=(a_gap("callers"), a_gap("event_sources")))).needs_person
    assert asked.count("could not be read") == 2


def test_what_an_earlier_look_saw_is_not_asked_for() -> None:
    fed = cut_off(event_sources=(queue(54),), missing=(a_gap("event_sources"),))
    assert not proposal(fed).needs_person
    called = cut_off(callers=(API,), missing=(a_gap("callers"),))
    assert "could not be read" not in proposal(called).needs_person
    assert proposal(called).needs_person


def test_part_of_the_event_sources_says_nothing_about_the_others() -> None:
    cut = MissingEvidence("event_sources", "orders has more than the 300 that were read", partly=True)
    asked = proposal(cut_off(event_sources=(queue(54),), missing=(cut,))).needs_person
    assert "which queues feed the function (event source mappings) could not be read to the end" in asked


def test_queue_among_several_that_cannot_be_read_is_named() -> None:
    known, unknown = queue(54, QUEUE.replace("inbox", "archive")), queue(None)
    asked = proposal(cut_off(event_sources=(known, unknown), missing=(a_gap("event_sources"),))).needs_person
    assert asked == "the visibility timeout of orders-inbox is unknown and must stay above the timeout"


@pytest.mark.parametrize("source", ["concurrency", "changes", "lambda_metrics", "provisioned_concurrency"])
def test_what_the_timeout_does_not_rest_on_is_not_asked_for(source: str) -> None:
    assert not proposal(cut_off(missing=(a_gap(source),))).needs_person


def test_other_sources_have_no_visibility_timeout() -> None:
    stream = EventSource("kinesis", "arn:aws:kinesis:eu-central-1:123456789012:stream/orders")
    assert proposal(cut_off(event_sources=(stream,))).change.settings == (timeout(3, 9),)


def test_no_plan_without_the_configuration() -> None:
    assert refusal(evidence(configuration=None, invocations=(a_timeout(),))).rule == "evidence"


@given(need=st.floats(1.1, 2000), start=st.integers(1, 200), cap=st.integers(1, 900))
def test_ladder_ends_between_the_need_and_three_times_the_need(need: float, start: int, cap: int) -> None:
    limit, attempts = start, list[Any]()
    while need > limit:
        outcome = REPAIR.plan(
            cut_off(a_timeout(limit), current=limit),
            a_context(*attempts, limits=Limits(max_timeout_s=cap)),
        )
        if isinstance(outcome, Refusal):
            assert limit >= cap
            return
        after = outcome.change.after(Setting.TIMEOUT_S)
        assert after is not None
        assert limit < after <= cap
        assert after <= 3 * need
        attempts.insert(0, an_attempt(timeout(limit, after)))
        limit = after


def test_one_cut_after_the_change_is_enough_to_fail() -> None:
    cut, _ = REPAIR.judge(a_change(timeout(3, 9)), cut_off(taking(4), a_timeout(9), current=9))
    assert cut.passed is False
    assert cut.essential


@pytest.mark.parametrize(("seconds", "passed"), [(7.1, True), (7.2, False)])
def test_p99_keeps_a_fifth_of_the_timeout_free(seconds: float, passed: bool) -> None:
    cut, distance = REPAIR.judge(a_change(timeout(3, 9)), cut_off(taking(seconds), current=9))
    assert cut.passed is True
    assert distance.passed is passed
    assert not distance.essential


def test_nothing_is_said_without_runs() -> None:
    checks = REPAIR.judge(a_change(timeout(3, 9)), evidence())
    assert [check.passed for check in checks] == [None, None]
