"""The verdict on a repair cannot be had by old runs, by silence, by another error or by somebody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.build import Build
from auto_repair.domain.evidence import Concurrency, Evidence, Invocation
from auto_repair.domain.repair import Change
from auto_repair.domain.verdict import (
    Judgement,
    Look,
    NextRung,
    failure_rate,
    in_place,
    judge,
    since_change,
    trouble_rate,
)
from auto_repair.domain.verification import NextStep, Outcome
from auto_repair.repairs.raise_memory import REPAIR as RAISE_MEMORY
from auto_repair.repairs.raise_reserved_concurrency import REPAIR as RAISE_RESERVED_CONCURRENCY
from auto_repair.repairs.raise_timeout import REPAIR as RAISE_TIMEOUT
from tests.builders import (
    NOW,
    a_change,
    a_configuration,
    a_kill,
    a_plan,
    a_run,
    a_series,
    a_timeout,
    an_error,
    evidence,
    in_turn,
    reservation,
    timeout,
)

FAILING = evidence(invocations=in_turn([a_kill()] * 5))
LATER = NOW + timedelta(minutes=10)
BUILD = Build(code="code-1", fingerprint="code-1")


def repaired_runs(count: int = 20, used: int = 200) -> list[Invocation]:
    return [a_run(used, memory_size_mb=384)] * count


def afterwards(runs: list[Invocation], **facts: Any) -> Evidence:
    defaults: dict[str, Any] = {"configuration": a_configuration(memory_mb=384)}
    return evidence(invocations=in_turn(runs, until=LATER), **(defaults | facts))


def verdict(after: Evidence, before: Evidence = FAILING, **facts: Any) -> Judgement:
    change: Change = facts.pop("change", a_change())
    repair = facts.pop("repair", RAISE_MEMORY)
    plan = a_plan(change, required_wait_s=120, verification_budget_s=1800, **facts.pop("plan", {}))
    defaults: dict[str, Any] = {"waited_s": 150, "next_rung": NextRung.AT_WILL}
    return judge(Look(plan, before, after, repair.judge(change, after), **(defaults | facts)))


def test_enough_clean_runs_with_headroom_are_proof() -> None:
    judgement = verdict(afterwards(repaired_runs()))
    assert (judgement.outcome, judgement.next_step) == (Outcome.REPAIRED, NextStep.FINISH)
    assert judgement.reason == "20 calls since the change, 0% failed (100% before)"


def test_both_figures_are_named_where_metric_and_log_differ() -> None:
    seen = afterwards(repaired_runs(25), series=(a_series("Invocations", 20, 7),))
    assert verdict(seen).reason == (
        "27 calls since the change by the metric, 25 of them in the log, 0% failed (100% before)"
    )


ALIASED = replace(a_change(), alias="live", alias_version="1")


def test_calls_of_other_versions_are_no_calls_of_the_alias() -> None:
    """The function's own metrics count all versions: those of the alias count its callers."""
    everyone = (a_series("Invocations", 60), a_series("Errors", 40), a_series("Throttles", 20))
    alone = afterwards(repaired_runs(2), series=everyone)
    assert verdict(alone, change=ALIASED).next_step is NextStep.WAIT
    theirs = (a_series("AliasInvocations", 20), a_series("AliasErrors", 0))
    judgement = verdict(afterwards(repaired_runs(2), series=(*everyone, *theirs)), change=ALIASED)
    assert judgement.outcome is Outcome.REPAIRED
    assert judgement.reason.startswith("20 calls since the change by the metric, 2 of them in the log, 0%")


def test_no_verdict_before_the_metrics_can_have_arrived() -> None:
    judgement = verdict(afterwards(repaired_runs()), waited_s=90)
    assert (judgement.outcome, judgement.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.WAIT)
    assert judgement.reason.startswith("20 calls seen (")


@pytest.mark.parametrize(
    "runs", [repaired_runs(), [a_kill(384)] * 20, [an_error(memory_size_mb=384)] * 20, []]
)
@pytest.mark.parametrize(
    ("deployed", "told"),
    [({"code": "2", "fingerprint": "2"}, "code"), ({"fingerprint": "other variables"}, "settings")],
)
def test_deployment_of_somebody_else_leaves_the_verdict_open(
    runs: list[Invocation], deployed: dict[str, str], told: str
) -> None:
    seen = afterwards(runs, configuration=a_configuration(memory_mb=384, **deployed))
    judgement = verdict(seen, plan={"planned_for": BUILD})
    assert (judgement.outcome, judgement.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.FINISH)
    assert judgement.reason.startswith(f"somebody deployed other {told} while the repair was verified")


@pytest.mark.parametrize(
    ("live", "plan"),
    [
        ({}, {"planned_for": BUILD}),
        ({"fingerprint": "2", "unreadable": "access to the key is denied"}, {"planned_for": BUILD}),
        # What stands in `$LATEST` and was never released is no deployment.
        ({"code": "2", "fingerprint": "2"}, {"planned_for": replace(BUILD, qualifier="live")}),
        ({"code": "2", "fingerprint": "2"}, {}),
    ],
)
def test_what_is_no_deployment_changes_no_verdict(live: dict[str, str], plan: dict[str, Any]) -> None:
    seen = afterwards(repaired_runs(), configuration=a_configuration(memory_mb=384, **live))
    assert verdict(seen, plan=plan).outcome is Outcome.REPAIRED


def test_silence_proves_nothing() -> None:
    assert verdict(afterwards([])).next_step is NextStep.WAIT
    judgement = verdict(afterwards([]), waited_s=1800)
    assert (judgement.outcome, judgement.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.FINISH)
    assert judgement.reason == "only 0 of the 3 calls needed for a verdict were seen, 1800 s after the change"


def test_silence_proves_nothing_even_where_the_owner_asks_for_no_traffic() -> None:
    judgement = verdict(afterwards([]), plan={"min_invocations": 0})
    assert judgement.outcome is Outcome.CANNOT_TELL_YET


def test_rare_failures_need_more_clean_runs() -> None:
    rare = evidence(invocations=in_turn([a_kill(), *[a_run()] * 9]))  # every tenth run
    assert verdict(afterwards(repaired_runs(28)), rare).next_step is NextStep.WAIT
    assert verdict(afterwards(repaired_runs(29)), rare).outcome is Outcome.REPAIRED


def test_single_fresh_failure_does_not_mean_that_all_calls_failed() -> None:
    fresh = evidence(invocations=in_turn([*[a_run()] * 60, a_kill()]))
    assert trouble_rate(fresh) == 0.2
    assert verdict(afterwards(repaired_runs(13)), fresh).next_step is NextStep.WAIT


def test_healthy_time_before_the_trouble_does_not_water_it_down() -> None:
    assert trouble_rate(evidence(invocations=in_turn([*[a_run()] * 100, *[a_kill()] * 10]))) == 1.0


def test_one_failure_after_many_good_runs_is_no_disaster() -> None:
    seen = afterwards([*repaired_runs(99), an_error(memory_size_mb=384)])
    half = evidence(invocations=in_turn([a_kill(), a_run()] * 10))
    assert failure_rate(seen) == 0.01
    assert verdict(seen, half).outcome is Outcome.REPAIRED


def test_failures_that_nobody_logged_count_by_their_metrics() -> None:
    series = (a_series("Errors", 5), a_series("Invocations", 10), a_series("Throttles", 10))
    assert failure_rate(evidence(series=series)) == 0.75
    assert failure_rate(evidence()) == 0.0


def test_one_more_kill_climbs_at_once() -> None:
    judgement = verdict(afterwards([a_kill(384)]), waited_s=30)
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.CLIMB)
    asked = verdict(afterwards([a_kill(384)]), next_rung=NextRung.IF_NEEDED)
    assert asked.next_step is NextStep.CLIMB


def test_one_more_kill_at_the_cap_takes_everything_back() -> None:
    judgement = verdict(afterwards([a_kill(384)]), next_rung=NextRung.NONE)
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.ROLL_BACK)


def test_too_little_headroom_is_worth_another_rung() -> None:
    judgement = verdict(afterwards(repaired_runs(used=350)))
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.CLIMB)
    assert judgement.reason.startswith("it works, but peak use is 91%")


@pytest.mark.parametrize("next_rung", [NextRung.NONE, NextRung.IF_NEEDED])
def test_too_little_headroom_takes_nothing_back_and_asks_nobody(next_rung: NextRung) -> None:
    judgement = verdict(afterwards(repaired_runs(used=350)), next_rung=next_rung)
    assert judgement.outcome is Outcome.REPAIRED
    assert "note that peak use is 91%" in judgement.reason


def test_another_error_on_every_call_is_no_repair() -> None:
    judgement = verdict(afterwards([an_error(memory_size_mb=384)] * 10))
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.ROLL_BACK)
    assert "100% of calls still fail, for another reason: ValueError" in judgement.reason


def test_another_error_on_many_calls_is_not_called_repaired() -> None:
    runs = [*repaired_runs(12), *[an_error(memory_size_mb=384)] * 8]
    judgement = verdict(afterwards(runs))
    assert (judgement.outcome, judgement.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.FINISH)
    assert "40% of calls still fail: ValueError" in judgement.reason


def test_more_failures_than_before_are_worse() -> None:
    half = evidence(invocations=in_turn([a_kill(), a_run()] * 10))
    judgement = verdict(afterwards([an_error(memory_size_mb=384)] * 3), half, waited_s=30)
    assert (judgement.outcome, judgement.next_step) == (Outcome.WORSE, NextStep.ROLL_BACK)


def test_throttles_count_as_failures() -> None:
    after = afterwards(repaired_runs(5), series=(a_series("Throttles", 95),))
    assert verdict(after).next_step is NextStep.ROLL_BACK


def test_somebody_else_changed_the_setting() -> None:
    judgement = verdict(afterwards([], configuration=a_configuration(memory_mb=128)), waited_s=30)
    assert (judgement.outcome, judgement.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.ROLL_BACK)
    assert "somebody changed" in judgement.reason
    assert "(memory 384 MB is 128 MB now)" in judgement.reason


def test_configuration_that_cannot_be_read_is_not_a_change() -> None:
    assert in_place(a_change(), evidence(configuration=None)) is None
    assert in_place(a_change(timeout(3, 3)), evidence()) is True
    limits = Concurrency(5, 1000, 995)
    assert in_place(a_change(reservation(5, 10)), evidence(concurrency=limits)) is False


def test_essential_signal_that_stays_unknown_ends_without_a_verdict() -> None:
    seen = afterwards([], series=(a_series("Invocations", 50),))
    assert verdict(seen).next_step is NextStep.WAIT
    judgement = verdict(seen, waited_s=1800)
    assert judgement.next_step is NextStep.FINISH
    assert "nothing is known of: killed for memory" in judgement.reason


def test_failures_whose_reason_is_not_logged_yet_wait_for_the_log() -> None:
    seen = afterwards([], series=(a_series("Invocations", 5), a_series("Errors", 5)))
    assert verdict(seen).next_step is NextStep.WAIT
    judgement = verdict(seen, waited_s=1800)
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.ROLL_BACK)


def test_late_runs_with_the_old_settings_are_not_held_against_the_repair() -> None:
    """Metrics count them in the first period after the change; the log tells them apart."""
    counted = (a_series("Invocations", 5), a_series("Errors", 4))
    assert verdict(afterwards(repaired_runs(2), series=counted)).next_step is NextStep.WAIT
    assert verdict(afterwards(repaired_runs(3), series=counted)).outcome is Outcome.REPAIRED


def test_errors_that_the_log_never_shows_are_believed_in_the_end() -> None:
    counted = (a_series("Invocations", 50), a_series("Errors", 40))
    judgement = verdict(afterwards(repaired_runs(1), series=counted), waited_s=1800)
    assert judgement.next_step is NextStep.ROLL_BACK
    assert "errors without a log line" in judgement.reason


def test_kill_waits_while_nobody_can_tell_whether_a_further_rung_exists() -> None:
    killed = afterwards([a_kill(384)])
    judgement = verdict(killed, next_rung=NextRung.UNKNOWN)
    assert (judgement.outcome, judgement.next_step) == (Outcome.NOT_REPAIRED, NextStep.WAIT)
    assert verdict(killed, next_rung=NextRung.UNKNOWN, waited_s=1800).next_step is NextStep.ROLL_BACK


def test_reservation_is_proven_by_metrics_alone() -> None:
    change = a_change(reservation(5, 10))
    before = evidence(series=(a_series("Throttles", 90), a_series("Invocations", 10)))
    after = evidence(
        concurrency=Concurrency(10, 1000, 990),
        series=(a_series("Throttles", 0), a_series("Invocations", 40)),
    )
    judgement = verdict(after, before, change=change, repair=RAISE_RESERVED_CONCURRENCY)
    assert judgement.outcome is Outcome.REPAIRED


def test_runs_before_the_change_and_with_the_old_size_do_not_count() -> None:
    seen = evidence(
        invocations=(
            a_run(ended_at=NOW + timedelta(seconds=1), duration_ms=5000, memory_size_mb=384),  # began before
            a_run(ended_at=NOW + timedelta(seconds=9), memory_size_mb=128),
            a_run(ended_at=NOW + timedelta(seconds=9), memory_size_mb=384),
            a_run(ended_at=NOW + timedelta(seconds=9), memory_size_mb=0),
        ),
        series=(a_series("Invocations", 1, 2, 3, start=NOW - timedelta(minutes=1)),),
    )
    kept = since_change(seen, a_change(), NOW)
    assert [run.memory_size_mb for run in kept.invocations] == [384, 0]
    assert kept.metric("Invocations").values == (2.0, 3.0)


def test_run_that_was_cut_off_at_the_old_timeout_says_nothing_of_the_new_one() -> None:
    change = a_change(timeout(3, 9))
    runs = in_turn([a_timeout(3), a_timeout(9), a_run()], until=LATER)
    kept = since_change(evidence(invocations=runs), change, NOW)
    assert [run.timeout_s for run in kept.invocations] == [9, None]


def test_alarm_state_plays_no_part() -> None:
    """A period in which the alarm went back to OK without a single call."""
    quiet = afterwards([], series=(a_series("Errors", 0, 0, 0),))
    assert verdict(quiet).outcome is Outcome.CANNOT_TELL_YET


def test_general_checks_are_told_but_decide_nothing() -> None:
    names = [check.name for check in verdict(afterwards(repaired_runs())).checks]
    assert names == ["killed for memory", "memory headroom", "failed calls", "p99 duration", "throttles"]


def test_timeout_repair_is_judged_alike() -> None:
    change = a_change(timeout(3, 9))
    before = evidence(invocations=in_turn([a_timeout(3)] * 5))
    seen = evidence(
        configuration=a_configuration(timeout_s=9),
        invocations=in_turn([a_run(duration_ms=4000)] * 5, until=LATER),
    )
    assert verdict(seen, before, change=change, repair=RAISE_TIMEOUT).outcome is Outcome.REPAIRED


def test_plan_without_a_change_is_a_mistake() -> None:
    look = Look(replace(a_plan(), change=None), FAILING, FAILING, (), 0, NextRung.NONE)
    with pytest.raises(ValueError, match="without a change"):
        judge(look)
