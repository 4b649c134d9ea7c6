"""Which repair, how far, and on whose word; on record before anything acts on it."""

from dataclasses import replace
from typing import Any

import pytest

from auto_repair.domain.build import Build
from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.diagnosis import Verdict
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.evidence import Alias, Caller, Concurrency, EventSource, Evidence, Invocation
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.policy import Limits, Mode
from auto_repair.domain.repair import Check, Setting, SettingChange
from auto_repair.domain.verification import NextStep, Outcome
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.determine_action import DetermineAction, extra_cost
from tests.builders import (
    FUNCTION,
    QUEUE,
    a_change,
    a_configuration,
    a_diagnosis,
    a_gap,
    a_hypothesis,
    a_kill,
    a_plan,
    a_policy,
    a_run,
    a_series,
    a_timeout,
    a_verification,
    an_incident,
    evidence,
    in_turn,
    memory,
    progress,
    reservation,
    timeout,
    visibility,
)
from tests.fakes import FakeClock, FakePolicies, FakeStore

STARVED = evidence(invocations=in_turn([a_kill()] * 3))
KILLED = Check("killed for memory", "killed", "1 of 1", False, "1 of 1 runs with 384 MB died of memory")
TIGHT = Check("memory headroom", "killed", "350 of 384 MB", False, "peak use is 91%", essential=False)


class Desk:
    """A planner with its policy and its memory."""

    def __init__(self, seen: Evidence = STARVED, **policy: Any) -> None:
        self.store = FakeStore()
        self.clock = FakeClock()
        self.policies = FakePolicies({FUNCTION: a_policy(**policy)})
        self.ref = self.store.save_evidence(an_incident(), "before", seen)

    def case(self, cure: str = "raise_memory", failure_mode: str = "out_of_memory", **facts: Any) -> Case:
        diagnosis = a_diagnosis(a_hypothesis(repair=cure, failure_mode=failure_mode))
        return Case(an_incident(), EvidenceReference(self.ref), **({"diagnosis": diagnosis} | facts))

    def plan(self, case: Case | None = None) -> Plan:
        use_case = DetermineAction(all_repairs(), self.policies, self.store, self.clock, "planner")
        return use_case(case or self.case())

    def climbing(self, after: Evidence, *checks: Check) -> Case:
        """The first rung is applied, and the look at it called for another."""
        first = self.plan()
        self.store.record_repair(an_incident(), first.planned_at, {"status": "EXECUTED"})
        ref = self.store.save_evidence(an_incident(), "after-1", after)
        look = a_verification(
            outcome=Outcome.NOT_REPAIRED,
            next_step=NextStep.CLIMB,
            planned_at=first.planned_at,
            checks=checks or (KILLED,),
            evidence_ref=ref,
        )
        applied = progress(planned_at=first.planned_at)
        return self.case(plan=first, repair=applied, verification=look)


def still_starved(size: int = 384) -> Evidence:
    return evidence(
        configuration=a_configuration(memory_mb=size),
        invocations=in_turn([a_kill(size)]),
        history=STARVED.invocations,
    )


def test_auto_is_planned_and_on_record() -> None:
    desk = Desk()
    plan = desk.plan()
    assert plan.decision is Decision.AUTO
    assert plan.change == a_change(memory(128, 384))
    assert plan.undo == a_change(memory(384, 128))
    assert plan.rung == 1
    ((key, facts),) = desk.store.repairs.items()
    assert key == (FUNCTION, plan.planned_at)
    assert facts["status"] == "PLANNED"
    assert facts["change"] == plan.change
    assert facts["rootCause"] == "out_of_memory"
    assert facts["executedBy"] == "planner"
    assert "mode is auto" in facts["reason"]


def test_plan_keeps_what_the_function_was_when_it_was_made() -> None:
    assert Desk().plan().planned_for == Build(None, "code-1", "code-1")
    unread = replace(STARVED, configuration=None, concurrency=Concurrency(2, 1000, 998))
    desk = Desk(unread)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.change == a_change(reservation(2, 4))
    assert plan.planned_for is None


def test_plan_for_callers_of_an_alias_keeps_what_they_reach() -> None:
    live = a_configuration(version="3")
    seen = replace(STARVED, configuration=live, latest=a_configuration(), aliases=(Alias("live", "3"),))
    assert Desk(seen).plan().planned_for == Build("live", "code-1", "code-1")


def test_further_rung_is_for_what_the_first_one_was_planned_for() -> None:
    desk = Desk()
    after = still_starved()
    redeployed = replace(after, configuration=a_configuration(memory_mb=384, code="2", fingerprint="2"))
    second = desk.plan(desk.climbing(redeployed, KILLED))
    assert second.change == a_change(memory(384, 768))
    assert second.planned_for == Build(None, "code-1", "code-1")


@pytest.mark.parametrize(
    ("mode", "decision", "status"),
    [
        (Mode.AUTO, Decision.AUTO, "PLANNED"),
        (Mode.ASK, Decision.ASK, "AWAITING_APPROVAL"),
        (Mode.OBSERVE, Decision.OBSERVE, "OBSERVED"),
    ],
)
def test_owners_mode_decides(mode: Mode, decision: Decision, status: str) -> None:
    desk = Desk(mode=mode)
    plan = desk.plan()
    assert plan.decision is decision
    assert plan.change is not None
    assert desk.store.statuses == [status]


def test_mode_of_one_repair_beats_the_mode_of_the_function() -> None:
    assert Desk(repairs={"raise_memory": Mode.ASK}).plan().decision is Decision.ASK


def test_function_that_nobody_onboarded_is_only_observed() -> None:
    desk = Desk()
    desk.policies.policies.clear()
    plan = desk.plan()
    assert plan.decision is Decision.OBSERVE
    assert "not onboarded" in plan.reasons[0]


def test_reservation_of_zero_asks_although_the_mode_is_auto() -> None:
    seen = evidence(concurrency=Concurrency(0, 1000, 1000), series=(a_series("Throttles", 60),))
    desk = Desk(seen)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.decision is Decision.ASK
    assert "somebody may have meant it" in plan.reasons[0]
    assert desk.store.statuses == ["AWAITING_APPROVAL"]


def test_waiting_callers_are_asked_for() -> None:
    seen = evidence(invocations=in_turn([a_timeout(3)]), callers=(Caller("apigateway.amazonaws.com", 29),))
    desk = Desk(seen)
    plan = desk.plan(desk.case("raise_timeout", "timeout_too_low"))
    assert plan.decision is Decision.ASK
    assert plan.change is not None
    assert plan.change.after(Setting.TIMEOUT_S) == 9


def test_queue_moves_with_the_timeout_and_back() -> None:
    source = EventSource("sqs", QUEUE, visibility_timeout_s=18)
    desk = Desk(evidence(invocations=in_turn([a_timeout(3)]), event_sources=(source,)))
    plan = desk.plan(desk.case("raise_timeout", "timeout_too_low"))
    assert plan.change == a_change(visibility(18, 54), timeout(3, 9))
    assert plan.undo == a_change(timeout(9, 3), visibility(54, 18))


def test_refusal_of_the_repair_names_rule_and_way_out() -> None:
    desk = Desk(limits=Limits(max_memory_mb=128))
    plan = desk.plan()
    assert plan.decision is Decision.REFUSE
    assert plan.refusal is not None
    assert plan.refusal.rule == "memory cap"
    (facts,) = desk.store.repairs.values()
    assert (facts["status"], facts["refusedByRule"]) == ("REFUSED", "memory cap")
    assert "max_memory_mb" in facts["wayOut"]


def test_refusal_of_a_guardrail() -> None:
    desk = Desk()
    desk.policies.paused.add(FUNCTION)
    plan = desk.plan()
    assert plan.decision is Decision.REFUSE
    assert plan.refusal is not None
    assert plan.refusal.rule == "paused"


@pytest.mark.parametrize(
    ("verdict", "told"),
    [(Verdict.NOTHING_WRONG, "Nothing to repair."), (Verdict.CANNOT_TELL, "No repair without a cause.")],
)
def test_nothing_to_do(verdict: Verdict, told: str) -> None:
    desk = Desk()
    plan = desk.plan(desk.case(diagnosis=a_diagnosis(verdict=verdict)))
    assert (plan.decision, plan.reasons) == (Decision.NOTHING, (told,))
    assert desk.store.repairs == {}


def test_cause_without_a_repair_is_explained() -> None:
    desk = Desk()
    cause = a_hypothesis(failure_mode="code_error", repair=None, advice="Fix the code.")
    plan = desk.plan(desk.case(diagnosis=a_diagnosis(cause)))
    assert (plan.decision, plan.reasons, plan.failure_mode) == (
        Decision.ADVISE,
        ("Fix the code.",),
        "code_error",
    )


def test_callers_of_an_alias_get_a_change_that_reaches_them() -> None:
    seen = replace(
        STARVED,
        alias="live",
        aliases=(Alias("live", "5"),),
        configuration=a_configuration(version="5"),
        latest=a_configuration(),
    )
    plan = Desk(seen).plan()
    assert plan.decision is Decision.AUTO
    assert plan.change == a_change(alias="live", alias_version="5")
    assert plan.undo == a_change(memory(384, 128), alias="live", alias_version="5")


def test_unreleased_code_is_not_published() -> None:
    seen = replace(
        STARVED,
        alias="live",
        configuration=a_configuration(version="5"),
        latest=a_configuration(fingerprint="code-2"),
    )
    plan = Desk(seen).plan()
    assert plan.decision is Decision.REFUSE
    assert plan.refusal is not None
    assert plan.refusal.rule == "unreleased code"


def test_repeat_whose_answer_was_lost_plans_the_same_step() -> None:
    desk = Desk(mode=Mode.ASK)
    assert desk.plan().planned_at == desk.plan().planned_at
    assert desk.store.statuses == ["AWAITING_APPROVAL"]


def test_old_incidents_do_not_lend_their_time() -> None:
    desk = Desk()
    facts = {"status": "PLANNED", "change": a_change(), "action": "raise_memory"}
    desk.store.record_repair(an_incident(id="another"), "2020", facts)
    assert desk.plan().planned_at != "2020"


@pytest.mark.parametrize(
    ("status", "before", "decision"),
    [
        ("VERIFIED", 128, Decision.ASK),
        ("INCONCLUSIVE", 128, Decision.ASK),
        ("ROLLED_BACK", 128, Decision.AUTO),  # we put it back ourselves
        ("OBSERVED", 128, Decision.AUTO),
        ("VERIFIED", 64, Decision.AUTO),
    ],
)
def test_value_that_somebody_put_back_is_not_fought_over(
    status: str, before: int, decision: Decision
) -> None:
    desk = Desk()
    facts = {"status": status, "change": a_change(memory(before, 384)), "action": "raise_memory"}
    desk.store.record_repair(an_incident(id="yesterday"), "2026-01-30T12:00:00Z", facts)
    plan = desk.plan()
    assert plan.decision is decision
    assert ("put the old value back" in plan.reasons[0]) is (decision is Decision.ASK)


def test_who_is_asked_in_any_mode_is_told_what_speaks_against_it() -> None:
    desk = Desk(mode=Mode.ASK)
    facts = {"status": "VERIFIED", "change": a_change(memory(128, 384)), "action": "raise_memory"}
    desk.store.record_repair(an_incident(id="yesterday"), "2026-01-30T12:00:00Z", facts)
    assert "put the old value back" in "; ".join(desk.plan().reasons)


def test_what_a_person_would_have_to_weigh_is_told_where_nothing_is_done() -> None:
    seen = evidence(concurrency=Concurrency(0, 1000, 1000), series=(a_series("Throttles", 60),))
    desk = Desk(seen, mode=Mode.OBSERVE)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.decision is Decision.OBSERVE
    assert "somebody may have meant it" in plan.reasons[1]


def test_every_doubt_is_told_to_whom_is_asked() -> None:
    """One doubt must not hide another: what the model changed, what was put back, what has no price."""
    queue = EventSource("sqs", QUEUE, visibility_timeout_s=18)
    seen = evidence(
        invocations=in_turn([a_timeout(3)]),
        callers=(Caller("apigateway.amazonaws.com", 29),),
        event_sources=(queue,),
    )
    desk = Desk(seen)
    cause = a_hypothesis(repair="raise_timeout", failure_mode="timeout_too_low")
    diagnosis = replace(a_diagnosis(cause), needs_person="a model put this cause first")
    facts = {"status": "VERIFIED", "change": a_change(visibility(18, 54), timeout(3, 9)), "action": "x"}
    desk.store.record_repair(an_incident(id="yesterday"), "2026-01-30T12:00:00Z", facts)
    plan = desk.plan(desk.case(diagnosis=diagnosis))
    assert plan.decision is Decision.ASK
    waits, model, queue_back, timeout_back, *because = plan.reasons
    assert "waits for the answer" in waits
    assert model == "a model put this cause first"
    assert queue_back.startswith("visibility timeout of orders-inbox: 18 s → 54 s was our repair of")
    assert timeout_back.startswith("timeout of orders: 3 s → 9 s was our repair of")
    assert because


def test_rung_of_an_incident_that_a_person_agreed_to_asks_no_more() -> None:
    desk = Desk()
    facts = {"status": "VERIFIED", "change": a_change(memory(384, 768)), "action": "raise_memory"}
    case = desk.climbing(still_starved())
    desk.store.record_repair(an_incident(id="yesterday"), "2026-01-30T12:00:00Z", facts)
    assert desk.plan(case).decision is Decision.AUTO


@pytest.mark.parametrize(
    ("named", "alarmed", "decision"),
    [(None, None, Decision.REFUSE), ("live", None, Decision.AUTO), (None, "live", Decision.AUTO)],
)
def test_alias_is_moved_where_it_is_the_only_one_or_named(
    named: str | None, alarmed: str | None, decision: Decision
) -> None:
    seen = replace(
        STARVED,
        alias="live",
        configuration=a_configuration(version="5"),
        latest=a_configuration(),
        aliases=(Alias("live", "5"), Alias("partners", "5")),
    )
    desk = Desk(seen, alias=named)
    assert desk.plan(replace(desk.case(), incident=an_incident(alias=alarmed))).decision is decision


def test_further_rung_moves_no_alias_that_may_not_be_the_only_one_any_more() -> None:
    """Nobody named the alias: the first evidence told the only one, and ListAliases is refused by now."""
    behind: dict[str, Any] = {
        "alias": "live",
        "configuration": a_configuration(version="5"),
        "latest": a_configuration(),
        "aliases": (Alias("live", "5"),),
    }
    desk = Desk(replace(STARVED, **behind))
    after = replace(still_starved(), **behind | {"aliases": (), "missing": (a_gap("aliases"),)})
    plan = desk.plan(desk.climbing(after))
    assert plan.refusal is not None
    assert plan.refusal.rule == "several aliases"
    assert "could not be read" in plan.refusal.reason


def test_next_rung() -> None:
    desk = Desk()
    plan = desk.plan(desk.climbing(still_starved()))
    assert plan.decision is Decision.AUTO
    assert plan.change == a_change(memory(384, 768))
    assert plan.undo == a_change(memory(768, 128))
    assert plan.rung == 2
    assert [rung.change for rung in plan.earlier] == [a_change(memory(128, 384))]
    assert desk.store.statuses == ["EXECUTED", "PLANNED"]


def test_undo_covers_every_rung_also_what_only_one_of_them_moved() -> None:
    desk = Desk()
    for number, change in enumerate(
        (
            a_change(timeout(3, 9)),
            a_change(visibility(54, 108), timeout(9, 18)),
        )
    ):
        desk.store.record_repair(
            an_incident(),
            f"2026-01-31T12:00:0{number}.000000Z",
            {"status": "EXECUTED", "action": "raise_timeout", "change": change},
        )
    source = EventSource("sqs", QUEUE, visibility_timeout_s=108)
    after = evidence(
        configuration=a_configuration(timeout_s=18),
        invocations=in_turn([a_timeout(18)]),
        event_sources=(source,),
    )
    ref = desk.store.save_evidence(an_incident(), "after-2", after)
    case = desk.case(
        "raise_timeout",
        "timeout_too_low",
        plan=a_plan(),
        repair=progress(),
        verification=a_verification(next_step=NextStep.CLIMB, evidence_ref=ref),
    )
    plan = desk.plan(case)
    assert plan.change == a_change(visibility(108, 216), timeout(18, 36))
    assert plan.undo == a_change(timeout(36, 3), visibility(216, 54))


def test_rung_that_fails_at_the_cap_takes_everything_back() -> None:
    desk = Desk(limits=Limits(max_memory_mb=384))
    case = desk.climbing(still_starved())
    plan = desk.plan(case)
    assert case.plan is not None
    assert plan.decision is Decision.ROLL_BACK
    assert plan.undo == a_change(memory(384, 128))
    assert (plan.change, plan.planned_at) == (case.plan.change, case.plan.planned_at)
    assert plan.refusal is not None
    assert plan.refusal.rule == "memory cap"
    assert desk.store.statuses == ["EXECUTED"]


@pytest.mark.parametrize("stop", ["paused", "price"])
def test_guardrail_between_two_rungs_takes_a_failing_repair_back(stop: str) -> None:
    desk = Desk()
    case = desk.climbing(still_starved())
    forbid(desk, stop)
    assert desk.plan(case).decision is Decision.ROLL_BACK


@pytest.mark.parametrize("stop", ["paused", "price"])
def test_guardrail_before_a_rung_for_headroom_leaves_the_working_one(stop: str) -> None:
    desk = Desk()
    works = evidence(
        configuration=a_configuration(memory_mb=384),
        invocations=in_turn([a_run(350, memory_size_mb=384)] * 5),
        history=STARVED.invocations,
    )
    case = desk.climbing(works, TIGHT)
    forbid(desk, stop)
    plan = desk.plan(case)
    assert case.plan is not None
    assert plan.decision is Decision.AUTO
    assert plan.is_last_rung
    assert plan.planned_at == case.plan.planned_at
    assert plan.change == case.plan.change
    assert desk.store.statuses == ["EXECUTED"]


def forbid(desk: Desk, stop: str) -> None:
    if stop == "paused":
        desk.policies.paused.add(FUNCTION)
    else:
        desk.policies.policies[FUNCTION] = a_policy(limits=Limits(max_extra_cost_usd_per_month=-1))


def test_slow_function_gets_the_time_that_its_verification_needs() -> None:
    slow = replace(STARVED, configuration=a_configuration(timeout_s=900))
    plan = Desk(slow).plan()
    assert plan.required_wait_s == 2 * 900 + 120
    assert plan.verification_budget_s >= plan.required_wait_s
    assert Desk().plan().verification_budget_s == 1800


def test_owners_settings_travel_with_the_plan() -> None:
    plan = Desk(approval_expiry_s=60, verification_budget_s=600, min_invocations=7).plan()
    assert (plan.approval_expiry_s, plan.verification_budget_s, plan.min_invocations) == (60, 600, 7)


def test_price_of_more_memory() -> None:
    # 3 runs of 0.1 s in 15 minutes, from 128 to 384 MB
    runs = evidence(invocations=in_turn([a_run()] * 3))
    assert extra_cost(a_change(), runs) == pytest.approx(
        0.25 * 0.1 * 3 / 900 * 30.4 * 86400 * 0.0000166667, abs=1e-4
    )
    assert extra_cost(a_change(), evidence()) is None
    assert extra_cost(a_change(), replace(runs, configuration=None)) is None


def test_price_counts_the_runs_that_the_log_was_too_long_to_show() -> None:
    runs = evidence(invocations=in_turn([a_run()] * 3), series=(a_series("Invocations", *[6000] * 15),))
    assert extra_cost(a_change(), runs) == pytest.approx(
        0.25 * 0.1 * 100 * 30.4 * 86400 * 0.0000166667, rel=1e-3
    )


def test_price_of_a_longer_timeout_is_its_upper_bound() -> None:
    runs = evidence(invocations=in_turn([a_timeout(3)] * 90))
    assert extra_cost(a_change(timeout(3, 9)), runs) == pytest.approx(
        128 / 1024 * 6 * 90 / 900 * 30.4 * 86400 * 0.0000166667, abs=1e-3
    )


def test_price_of_a_further_rung_is_counted_from_before_the_incident() -> None:
    second_memory = evidence(invocations=in_turn([a_run()] * 3), configuration=a_configuration(memory_mb=384))
    assert extra_cost(a_change(memory(128, 768)), second_memory) == pytest.approx(
        640 / 1024 * 0.1 * 3 / 900 * 30.4 * 86400 * 0.0000166667, abs=1e-4
    )
    second_timeout = evidence(
        invocations=in_turn([a_timeout(9)] * 90), configuration=a_configuration(timeout_s=9)
    )
    assert extra_cost(a_change(timeout(3, 27)), second_timeout) == pytest.approx(
        128 / 1024 * 24 * 90 / 900 * 30.4 * 86400 * 0.0000166667, abs=1e-3
    )


@pytest.mark.parametrize("cure", ["raise_memory", None])
def test_a_plan_names_whom_the_owner_named(cure: str | None) -> None:
    desk = Desk(mode=Mode.ASK, approvers=("ada",), contact="team-checkout@example.com")
    diagnosis = a_diagnosis(a_hypothesis(repair=cure))
    plan = desk.plan(desk.case(diagnosis=diagnosis))
    assert plan.contact == "team-checkout@example.com"
    assert plan.approvers == (("ada",) if cure else ())


def test_no_plan_without_a_diagnosis() -> None:
    with pytest.raises(InvalidEvent, match="DiagnoseIssue comes first"):
        Desk().plan(Case(an_incident()))


def crowded(throttles: int, *runs: Invocation, served: int = 0, **facts: Any) -> Evidence:
    """So many calls a minute, throttled and served, through three minutes after twelve calm ones."""
    series = (
        a_series("Throttles", *[0] * 12, *[throttles] * 3),
        a_series("Invocations", *[0] * 12, *[served] * 3),
    )
    return evidence(**({"invocations": in_turn(runs), "series": series} | facts))


def test_price_of_a_reservation_counts_the_calls_that_would_now_run() -> None:
    # 1000 calls a second of 0.1 s keep 100 runs busy, of the 199 that are added
    per_month = 1000 * 30.4 * 86400
    price = extra_cost(a_change(reservation(1, 200)), crowded(60_000, a_run()))
    assert price == pytest.approx(per_month * (128 / 1024 * 0.1 * 0.0000166667 + 0.0000002), rel=1e-6)
    # Half of them served by an earlier rung: the incident's whole price is the same.
    later = crowded(30_000, a_run(), served=30_000)
    assert extra_cost(a_change(reservation(1, 200)), later) == pytest.approx(price)


def test_price_of_a_reservation_is_bounded_by_the_concurrency_that_it_adds() -> None:
    # No more than 5 runs at once, 50 calls a second, whoever else waits
    price = extra_cost(a_change(reservation(5, 10)), crowded(600_000, a_run()))
    assert price == pytest.approx(30.4 * 86400 * (5 * 128 / 1024 * 0.0000166667 + 50 * 0.0000002), rel=1e-6)


def test_price_of_a_reservation_takes_the_duration_from_wherever_it_is_known() -> None:
    change = a_change(reservation(0, 10))
    known = extra_cost(change, crowded(60, a_run()))
    assert known
    metric = a_series("Duration.p50", 100)
    seen = crowded(60)
    for told in (
        replace(seen, history=(a_run(),)),
        replace(seen, series=(*seen.series, metric)),
        replace(seen, baseline=(metric,)),
    ):
        assert extra_cost(change, told) == pytest.approx(known)
    assert extra_cost(change, seen) is None
    assert extra_cost(change, crowded(60, a_run(), series=())) is None
    assert extra_cost(change, crowded(60, a_run(), configuration=None)) is None


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.ASK])
def test_price_cap_holds_for_a_reservation(mode: Mode) -> None:
    seen = crowded(60_000, a_run(), concurrency=Concurrency(1, 1000, 999))
    busy = replace(seen, series=(*seen.series, a_series("Duration.p50", 100)))
    desk = Desk(busy, mode=mode)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.decision is Decision.REFUSE
    assert plan.refusal is not None
    assert plan.refusal.rule == "price"


def test_person_decides_where_nobody_can_tell_the_price() -> None:
    seen = crowded(60, concurrency=Concurrency(1, 1000, 999))
    desk = Desk(seen)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.extra_cost_usd_per_month is None
    assert plan.decision is Decision.ASK
    assert "nobody can tell what it would cost" in plan.reasons[0]
    known = replace(seen, history=(a_run(),))
    desk = Desk(known)
    plan = desk.plan(desk.case("raise_reserved_concurrency", "throttled_by_reserved_concurrency"))
    assert plan.decision is Decision.AUTO


def test_what_says_nothing_about_a_run_is_free_whoever_calls() -> None:
    bucket = SettingChange("arn:aws:s3:::images", Setting.BUCKET_POLICY, "{}", None)
    assert extra_cost(a_change(bucket), evidence()) == 0
    assert extra_cost(a_change(bucket, timeout(3, 9)), evidence()) is None
