"""One look at the repaired function: what is collected, counted, recorded, and what comes next."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.build import Build
from auto_repair.domain.case import Case
from auto_repair.domain.errors import AwsCallFailed, InvalidEvent, TransientError
from auto_repair.domain.evidence import Evidence, Invocation, MissingEvidence
from auto_repair.domain.plan import Plan
from auto_repair.domain.policy import FunctionPolicy, Limits, Mode
from auto_repair.domain.surroundings import RETENTION, MetricRole, ResourceSeries
from auto_repair.domain.timestamps import iso
from auto_repair.domain.verification import STABILIZE_S, NextStep, Outcome, Verification, next_wait_s
from auto_repair.ports import Target
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.verify_repair import MAX_PROBES, VerifyRepair
from tests.builders import (
    FUNCTION,
    NOW,
    a_case,
    a_change,
    a_configuration,
    a_kill,
    a_plan,
    a_policy,
    a_run,
    a_series,
    a_verification,
    an_incident,
    evidence,
    in_turn,
    progress,
    reservation,
    some_surroundings,
    timeout,
)
from tests.fakes import (
    FakeClock,
    FakeFunctions,
    FakeObservations,
    FakePolicies,
    FakeSource,
    FakeStore,
    failing,
    knowing,
)

CHANGED_AT = NOW + timedelta(seconds=20)
LATER = NOW + timedelta(minutes=4)


class Bench:
    """A verifier, the repair it looks at, and what it is shown."""

    def __init__(self, *runs: Invocation, sources: tuple[FakeSource, ...] = (), **policy: Any) -> None:
        self.clock = FakeClock(LATER)
        self.store = FakeStore()
        self.functions = FakeFunctions()
        self.policies = FakePolicies({FUNCTION: a_policy(**policy)})
        self.asked: list[Target] = []
        self.runs = in_turn(runs, until=LATER)
        self.sources = sources or (
            knowing("function_configuration", configuration=a_configuration(memory_mb=384)),
            FakeSource("lambda_logs", self._logs),
        )
        self.before = self.store.save_evidence(
            an_incident(), "before", evidence(invocations=in_turn([a_kill()] * 5))
        )
        self.around = FakeObservations()
        facts = {"status": "EXECUTED", "change": a_plan().change, "action": "raise_memory"}
        self.store.record_repair(an_incident(), iso(NOW), facts)

    def _logs(self, target: Target) -> Evidence:
        self.asked.append(target)
        return Evidence(target.function_name, target.window, invocations=self.runs)

    def case(self, plan: Plan | None = None, **facts: Any) -> Case:
        case = a_case(plan=plan or a_plan(), repair=progress(changed_at=iso(CHANGED_AT)), **facts)
        assert case.evidence is not None
        return replace(case, evidence=replace(case.evidence, ref=self.before))

    def look(self, case: Case | None = None) -> Verification:
        verify = VerifyRepair(
            self.sources,
            all_repairs(),
            self.functions,
            self.policies,
            self.store,
            self.clock,
            lambda: LookAround((), (self.around,)),
        )
        return verify(case or self.case())

    @property
    def record(self) -> dict[str, Any]:
        (facts,) = self.store.repairs.values()
        return facts


def well(count: int = 20, used: int = 200) -> list[Invocation]:
    return [a_run(used, memory_size_mb=384)] * count


def waited(seconds: int, **facts: Any) -> Verification:
    return a_verification(outcome=Outcome.CANNOT_TELL_YET, next_step=NextStep.WAIT, waited_s=seconds, **facts)


def test_repaired_is_said_and_recorded() -> None:
    bench = Bench(*well())
    seen = bench.look(bench.case(verification=waited(120)))
    assert (seen.outcome, seen.next_step) == (Outcome.REPAIRED, NextStep.FINISH)
    assert seen.invocations_seen == 20
    assert bench.record["status"] == "VERIFIED"
    assert bench.record["verdict"] == "repaired"
    assert bench.record["outcome"] == seen.reason
    assert bench.store.evidence[seen.evidence_ref].invocations == bench.runs


def test_only_the_time_since_the_change_is_looked_at() -> None:
    bench = Bench(*well())
    bench.look()
    (target,) = bench.asked
    assert target.window.start == CHANGED_AT
    assert not target.history
    bench.runs = (a_kill(384, ended_at=NOW), *bench.runs)
    assert bench.look(bench.case(verification=waited(120))).outcome is Outcome.REPAIRED


ALIASED = replace(a_change(timeout(3, 9)), alias="live", alias_version="1")


def test_runs_of_other_versions_prove_nothing_for_callers_of_an_alias() -> None:
    """Another alias, or a test of `$LATEST`: a run that ends well does not tell its timeout."""
    bench = Bench(*[a_run(version="7")] * 40, *[a_run(version="2")] * 2)
    _, logs = bench.sources
    bench.sources = (knowing("function_configuration", configuration=a_configuration(timeout_s=9)), logs)
    case = bench.case(a_plan(ALIASED, repair="raise_timeout"), verification=waited(120))
    assert case.repair
    case = replace(case, repair=replace(case.repair, published_version="2"))
    seen = bench.look(case)
    assert (seen.next_step, seen.invocations_seen) == (NextStep.WAIT, 2)


def test_waiting_is_counted_in_wait_states_so_that_it_holds_on_any_clock() -> None:
    bench = Bench()
    first = bench.look()
    assert first.waited_s == STABILIZE_S
    second = bench.look(bench.case(verification=first))
    assert second.waited_s == 2 * STABILIZE_S
    assert bench.record["status"] == "EXECUTED"
    later = bench.look(bench.case(verification=waited(600, look_again_in_s=60)))
    assert (later.waited_s, later.look_again_in_s) == (660, 66)


def test_look_at_a_rung_beyond_which_none_is_allowed_follows_the_first_wait() -> None:
    """The machine goes past ExecuteRepair to Stabilize again, whatever the former look had asked for."""
    bench = Bench()
    former = replace(waited(600, look_again_in_s=60), next_step=NextStep.CLIMB)
    assert bench.look(bench.case(verification=former)).waited_s == 600 + STABILIZE_S


@pytest.mark.parametrize(
    ("waited_s", "turns", "wait_s"),
    [
        (30, (126, 1800), 30),
        (300, (126, 1800), 30),
        (600, (126, 1800), 60),
        (1790, (126, 1800), 30),  # the end of the budget is near, and not nearer than the shortest wait
        (1700, (1920, 43200), 170),
        (1800, (1920, 43200), 120),  # just when enough was seen to say that it is repaired
        (20000, (126, 43200), 900),
        (50000, (126, 43200), 900),
    ],
)
def test_looks_grow_rarer_and_miss_no_moment_that_counts(
    waited_s: int, turns: tuple[int, ...], wait_s: int
) -> None:
    assert next_wait_s(waited_s, *turns) == wait_s


def test_next_rung_begins_to_wait_anew() -> None:
    bench = Bench()
    seen = bench.look(bench.case(verification=waited(600, planned_at="an earlier rung")))
    assert seen.waited_s == STABILIZE_S


def test_inconclusive_is_a_record_too() -> None:
    bench = Bench()
    seen = bench.look(bench.case(verification=waited(1800)))
    assert (seen.outcome, seen.next_step) == (Outcome.CANNOT_TELL_YET, NextStep.FINISH)
    assert bench.record["status"] == "INCONCLUSIVE"


def test_kill_climbs_while_the_ladder_has_rungs() -> None:
    bench = Bench(a_kill(384))
    assert bench.look().next_step is NextStep.CLIMB
    assert bench.record["status"] == "EXECUTED"
    assert bench.record["verdict"] == "not_repaired"


def test_kill_at_the_cap_goes_back() -> None:
    assert Bench(a_kill(384), limits=Limits(max_memory_mb=384)).look().next_step is NextStep.ROLL_BACK


def test_kill_waits_when_the_configuration_cannot_be_read_this_time() -> None:
    denied = failing("function_configuration", TransientError("throttled"))
    bench = Bench(sources=(denied, knowing("lambda_logs", invocations=in_turn([a_kill(384)], until=LATER))))
    assert bench.look().next_step is NextStep.WAIT


def test_headroom_is_climbed_for_only_where_nobody_has_to_be_asked() -> None:
    tight = well(used=350)
    assert Bench(*tight).look().next_step is NextStep.CLIMB
    bench = Bench(*tight, mode=Mode.ASK)
    assert bench.look(bench.case(verification=waited(120))).outcome is Outcome.REPAIRED
    bench = Bench(*tight)
    last = bench.look(bench.case(a_plan(is_last_rung=True), verification=waited(120)))
    assert last.outcome is Outcome.REPAIRED
    assert "note that" in last.reason


def test_kill_climbs_also_where_a_person_is_asked() -> None:
    assert Bench(a_kill(384), mode=Mode.ASK).look().next_step is NextStep.CLIMB


def test_source_that_fails_leaves_the_verdict_open() -> None:
    bench = Bench(sources=(failing("lambda_logs", TransientError("throttled")),))
    assert bench.look().next_step is NextStep.WAIT


def test_traffic_is_seen_by_metrics_where_logs_are_late() -> None:
    sources = (
        knowing("lambda_metrics", series=(a_series("Invocations", 40, start=LATER),)),
        knowing("lambda_logs", invocations=in_turn(well(1), until=LATER)),
    )
    bench = Bench(sources=sources)
    assert bench.look(bench.case(verification=waited(120))).outcome is Outcome.REPAIRED


class UnreadablePolicies(FakePolicies):
    """SSM, whose answer is an error."""

    error: Exception = InvalidEvent("SSM parameter /orders/policy: unknown field `moed`")

    def policy(self, function_name: str) -> FunctionPolicy:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        UnreadablePolicies.error,
        AwsCallFailed("ssm", "GetParameter", "AccessDeniedException", "not authorized"),
    ],
)
def test_policy_that_cannot_be_read_takes_no_working_repair_back(error: Exception) -> None:
    bench = Bench(*well())
    bench.policies = UnreadablePolicies()
    bench.policies.error = error
    seen = bench.look(bench.case(verification=waited(120)))
    assert (seen.outcome, seen.next_step) == (Outcome.REPAIRED, NextStep.FINISH)
    assert seen.reason.startswith("20 calls since the change")
    assert f"the owner's policy, which cannot be read: {error}" in seen.reason
    assert bench.record["outcome"] == seen.reason


def test_nothing_is_climbed_or_probed_by_a_policy_that_cannot_be_read() -> None:
    bench = Bench(a_kill(384))
    bench.policies = UnreadablePolicies()
    seen = bench.look()
    assert (seen.outcome, seen.next_step) == (Outcome.NOT_REPAIRED, NextStep.WAIT)
    assert bench.functions.invoked == []
    last = bench.look(bench.case(verification=waited(1800)))
    assert (last.outcome, last.next_step) == (Outcome.NOT_REPAIRED, NextStep.ROLL_BACK)


def test_policy_that_is_throttled_is_read_again() -> None:
    bench = Bench(*well())
    bench.policies = UnreadablePolicies()
    bench.policies.error = TransientError("ssm:GetParameter answered ThrottlingException")
    with pytest.raises(TransientError):
        bench.look()


def test_probe_is_sent_where_there_is_too_little_traffic() -> None:
    bench = Bench(probe_payload={"ping": 1})
    bench.look()
    assert bench.functions.invoked == [(FUNCTION, None, {"ping": 1})] * 3


def test_probes_are_few_and_go_to_the_alias() -> None:
    bench = Bench(probe_payload={})
    change = a_plan().change
    assert change is not None
    aliased = a_plan(replace(change, alias="live", alias_version="1"), min_invocations=99)
    bench.look(bench.case(aliased))
    assert bench.functions.invoked == [(FUNCTION, "live", {})] * MAX_PROBES


@pytest.mark.parametrize("qualifier", [None, "live"])
def test_probes_of_a_reservation_run_what_callers_reach_and_nothing_unreleased(qualifier: str | None) -> None:
    bench = Bench(probe_payload={})
    plan = a_plan(a_change(reservation(5, 10)), repair="raise_reserved_concurrency")
    bench.look(bench.case(replace(plan, planned_for=Build(qualifier))))
    assert bench.functions.invoked == [(FUNCTION, qualifier, {})] * 3


def test_slow_probes_leave_the_verifier_time_to_write_its_verdict_down() -> None:
    bench = Bench(probe_payload={})

    def slowly() -> bool:
        bench.clock.wait(10)
        return True

    bench.functions.on_invoke = slowly
    assert bench.look(bench.case(a_plan(min_invocations=99))).next_step is NextStep.WAIT
    assert len(bench.functions.invoked) == 2


def test_no_probe_without_the_owners_word_or_with_enough_traffic() -> None:
    bench = Bench()
    bench.look()
    busy = Bench(*well(), probe_payload={})
    busy.look()
    assert bench.functions.invoked == busy.functions.invoked == []


@pytest.mark.parametrize(
    "error", [TransientError("429"), AwsCallFailed("lambda", "Invoke", "AccessDeniedException", "no")]
)
def test_probe_that_cannot_be_sent_takes_no_repair_back(error: Exception) -> None:
    bench = Bench(probe_payload={})

    def refuse() -> bool:
        raise error

    bench.functions.on_invoke = refuse
    assert bench.look().next_step is NextStep.WAIT


def test_evidence_of_callers_and_queues_is_taken_from_the_first_look() -> None:
    bench = Bench(*well())
    seen = bench.look()
    stored = bench.store.evidence[seen.evidence_ref]
    assert len(stored.history) == 5
    assert all(run.killed for run in stored.history)


def test_what_the_first_look_could_not_read_stays_missing() -> None:
    """The next rung is planned by this evidence: unread callers are not none."""
    bench = Bench(*well())
    gaps = (MissingEvidence("callers", "denied"), MissingEvidence("lambda_logs", "throttled then"))
    first = replace(bench.store.evidence[bench.before], missing=gaps)
    bench.before = bench.store.save_evidence(an_incident(), "before", first)
    seen = bench.look()
    stored = bench.store.evidence[seen.evidence_ref]
    assert stored.lacks("callers")
    assert not stored.lacks("lambda_logs"), "it was read this time"


def test_kill_at_the_cap_goes_back_whatever_the_first_look_missed() -> None:
    bench = Bench(a_kill(384), limits=Limits(max_memory_mb=384))
    first = replace(bench.store.evidence[bench.before], missing=(MissingEvidence("traces", "denied"),))
    bench.before = bench.store.save_evidence(an_incident(), "before", first)
    assert bench.look().next_step is NextStep.ROLL_BACK


def test_each_rung_keeps_its_evidence() -> None:
    bench = Bench(*well())
    assert bench.look(bench.case(a_plan(rung=2))).evidence_ref == "incident-1/after-2"


@pytest.mark.parametrize("lost", ["plan", "repair", "evidence"])
def test_nothing_to_verify(lost: str) -> None:
    bench = Bench()
    with pytest.raises(InvalidEvent, match="no applied change to verify"):
        bench.look(replace(bench.case(), **{lost: None}))  # type: ignore[arg-type]


def test_surroundings_that_were_part_of_the_case_are_looked_at_again() -> None:
    bench = Bench(*well())
    before = evidence(invocations=in_turn([a_kill()] * 5), surroundings=some_surroundings())
    bench.before = bench.store.save_evidence(an_incident(), "around", before)
    seen = bench.look(bench.case(verification=waited(120)))
    (scope,) = bench.around.asked
    assert scope.topology == some_surroundings().scope.topology
    assert scope.window.start == CHANGED_AT
    assert bench.store.evidence[seen.evidence_ref].surroundings is not None


def test_settings_that_bound_an_outlook_are_known_after_the_repair_too() -> None:
    bench = Bench(*well())
    kept = ResourceSeries(
        "sqs:jobs", RETENTION, "Maximum", MetricRole.OTHER, times=(0.0,), values=(345600.0,)
    )
    once = replace(kept, metric="ApproximateAgeOfOldestMessage")
    before = evidence(
        invocations=in_turn([a_kill()] * 5), surroundings=some_surroundings(series=(once, kept))
    )
    bench.before = bench.store.save_evidence(an_incident(), "around", before)
    seen = bench.look(bench.case(verification=waited(120)))
    around = bench.store.evidence[seen.evidence_ref].surroundings
    assert around
    assert around.series == (kept,)


def test_nobody_looks_around_where_the_function_alone_was_in_trouble() -> None:
    bench = Bench(*well())
    bench.look()
    assert bench.around.asked == []
