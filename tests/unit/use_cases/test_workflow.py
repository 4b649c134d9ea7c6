"""Whole incidents on a simulated function, from the alarm to the message: what is live, recorded and told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.evidence import Alias, ProvisionedConcurrency
from auto_repair.domain.incident import Incident
from auto_repair.domain.policy import FreezeWindow, Limits, Mode
from auto_repair.domain.timestamps import iso
from tests.builders import EXECUTION, QUEUE, a_configuration, a_policy
from tests.fakes import FakeFunction, behind_alias
from tests.simulation import DEFINITION, EVENT, Behaviour, Call, Fault, Simulation
from tests.state_machine import StateMachine, TaskFailed

STARVED = Behaviour(needs_mb=300)


def function(**facts: Any) -> FakeFunction:
    return FakeFunction(a_configuration(**facts))


def told(simulation: Simulation) -> str:
    """The status that the last message named."""
    return simulation.announcer.messages[(next(iter(simulation.store.incidents)), "result")][0]


def test_starved_function_is_repaired_and_verified() -> None:
    simulation = Simulation(function(), STARVED)
    execution = simulation.run()
    assert execution.status == "SUCCEEDED"
    assert simulation.live["memory"] == 384
    assert simulation.store.statuses == ["VERIFIED"]
    assert told(simulation) == "VERIFIED"
    assert simulation.store.claims == {}
    assert simulation.announcer.stages == ["result"]


def test_hidden_need_is_found_rung_by_rung() -> None:
    simulation = Simulation(function(), Behaviour(needs_mb=1000))
    simulation.run()
    assert simulation.live["memory"] == 1536
    assert simulation.store.statuses == ["EXECUTED", "EXECUTED", "VERIFIED"]


def test_ladder_ends_at_the_cap_and_everything_goes_back() -> None:
    simulation = Simulation(
        function(), Behaviour(needs_mb=5000), policy={"limits": Limits(max_memory_mb=1024)}
    )
    simulation.run()
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK"] * 3
    assert told(simulation) == "ROLLED_BACK"


def test_pause_between_two_failing_rungs_takes_everything_back() -> None:
    simulation = Simulation(function(), Behaviour(needs_mb=5000))

    def pause(current: Simulation) -> None:
        if current.function.latest.memory_mb == 384:
            current.policies.paused.add("orders")

    simulation.on_wait = pause
    execution = simulation.run()
    assert execution.output["plan"]["decision"] == "roll_back"
    assert execution.output["plan"]["refusal"]["rule"] == "paused"
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK"]


def test_callers_of_an_alias_are_helped() -> None:
    simulation = Simulation(behind_alias("live"), STARVED, called_through="live", policy={"alias": "live"})
    simulation.run()
    assert simulation.functions.configuration("orders", "live").memory_mb == 384
    assert simulation.store.statuses == ["VERIFIED"]


def test_alias_is_found_by_the_version_that_fails() -> None:
    simulation = Simulation(behind_alias("live"), STARVED, called_through="live")
    simulation.run()
    assert simulation.live["aliases"] == {"live": "2"}
    assert simulation.store.statuses == ["VERIFIED"]


@pytest.mark.parametrize("qualifier", ["live", "1"])
def test_callers_who_are_served_by_provisioned_concurrency_keep_it(qualifier: str) -> None:
    simulation = Simulation(behind_alias("live"), STARVED, called_through="live")
    simulation.function.provisioned = (ProvisionedConcurrency(qualifier, 5),)
    before = simulation.live
    simulation.run()
    assert simulation.live == before
    assert simulation.store.statuses == ["REFUSED"]
    (facts,) = simulation.store.repairs.values()
    assert facts["refusedByRule"] == "provisioned concurrency"


def test_timeout_grows_and_its_queue_with_it() -> None:
    simulation = Simulation(function(), Behaviour(takes_s=5), queue=True)
    simulation.run()
    assert (simulation.live["timeout"], simulation.live["visibility"]) == (9, {QUEUE: 54})
    assert simulation.store.statuses == ["VERIFIED"]


def test_queue_follows_the_timeout_from_rung_to_rung() -> None:
    simulation = Simulation(function(), Behaviour(takes_s=20), queue=True)
    simulation.run()
    assert (simulation.live["timeout"], simulation.live["visibility"]) == (36, {QUEUE: 216})
    assert simulation.store.statuses == ["EXECUTED", "EXECUTED", "VERIFIED"]


def test_timeout_that_does_not_help_goes_back_with_its_queue() -> None:
    simulation = Simulation(
        function(), Behaviour(takes_s=900), queue=True, policy={"limits": Limits(max_timeout_s=20)}
    )
    simulation.run()
    assert (simulation.live["timeout"], simulation.live["visibility"]) == (3, {QUEUE: 18})
    assert set(simulation.store.statuses) == {"ROLLED_BACK"}


def throttled(answer: Any, reserved: int = 0) -> Simulation:
    simulation = Simulation(function(), Behaviour(busy=3))
    simulation.function.reserved = reserved

    def give(_payload: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    simulation.answer = give
    return simulation


def test_reservation_that_is_too_small_is_raised() -> None:
    simulation = throttled(None)
    simulation.function.reserved = None
    simulation.traffic(30)  # ordinary times, which tell how long a run takes
    simulation.function.reserved = 2
    simulation.run()
    assert simulation.live["reserved"] == 4
    assert simulation.store.statuses == ["VERIFIED"]


def test_reservation_of_zero_is_raised_when_a_person_agrees() -> None:
    simulation = throttled({"decision": "approve", "answeredBy": "ada"})
    simulation.run()
    assert simulation.live["reserved"] == 10
    assert simulation.store.statuses == ["VERIFIED"]
    (facts,) = simulation.store.repairs.values()
    assert facts["approval"]["answeredBy"] == "ada"
    assert len(simulation.announcer.stages) == 2


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        ({"decision": "reject", "answeredBy": "ada"}, "reject"),
        (TaskFailed("States.Timeout"), "expired"),
        ({"decision": "Approve"}, "unclear"),
        ({"decision": None}, "unclear"),
        ("approve", "unclear"),
        (["approve"], "unclear"),
        (7, "unclear"),
        (True, "unclear"),
        (None, "unclear"),
        ({}, "unclear"),
    ],
)
def test_anything_but_a_yes_changes_nothing_and_is_on_record(answer: Any, decision: str) -> None:
    simulation = throttled(answer)
    execution = simulation.run()
    assert execution.status == "SUCCEEDED"
    assert simulation.live["reserved"] == 0
    assert simulation.store.statuses == ["REJECTED"]
    (facts,) = simulation.store.repairs.values()
    assert facts["approval"]["decision"] == decision
    assert told(simulation) == "REJECTED"


def test_no_to_the_second_rung_takes_the_first_one_back() -> None:
    answers = iter([{"decision": "approve"}, {"decision": "reject"}])
    simulation = Simulation(
        function(), Behaviour(needs_mb=1000), policy={"mode": Mode.ASK}, answer=lambda _: next(answers)
    )
    simulation.run()
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK", "REJECTED"]
    assert told(simulation) == "ROLLED_BACK"


def test_approver_that_crashes_on_a_further_rung_is_told_as_what_failed() -> None:
    """The yes to the first rung's question is no answer to the second one's."""
    simulation = Simulation(function(), Behaviour(needs_mb=1000), policy={"mode": Mode.ASK})
    simulation.fault = Fault(Call("AwaitApproval", "announcer.publish", 2), "crash", forever=True)
    execution = simulation.run()
    assert execution.output["failure"]["state"] == "AwaitApproval"
    assert execution.output["approval"] == {}
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK", "FAILED"]
    first, second = (facts for _, facts in sorted(simulation.store.repairs.items()))
    assert first["approval"]["answeredBy"] == "ada"
    assert "approval" not in second
    assert second["outcome"].startswith("nothing was changed: ")


def answering_late(yes: Any, forbid: Any, **facts: Any) -> Simulation:
    """While each question waits, something happens in the account."""
    simulation = Simulation(function(), policy={"mode": Mode.ASK}, **facts)
    answers = iter(yes)

    def answer(_payload: Any) -> Any:
        said = next(answers)
        forbid(simulation)
        return said

    simulation.answer = answer
    return simulation


def pause(simulation: Simulation) -> None:
    simulation.policies.paused.add("orders")


def freeze(simulation: Simulation) -> None:
    weekend = FreezeWindow("fri 16:00", "mon 08:00")
    simulation.policies.policies["orders"] = a_policy(mode=Mode.ASK, freeze_windows=(weekend,))


@pytest.mark.parametrize(("forbid", "rule"), [(pause, "paused"), (freeze, "freeze window")])
def test_pause_while_a_question_waits_stops_the_approved_repair(forbid: Any, rule: str) -> None:
    simulation = answering_late([{"decision": "approve", "answeredBy": "ada"}], forbid, behaviour=STARVED)
    before = simulation.live
    execution = simulation.run()
    assert execution.status == "SUCCEEDED"
    assert "RollBackRepair" not in execution.visited
    assert simulation.live == before
    assert simulation.store.statuses == ["REFUSED"]
    (facts,) = simulation.store.repairs.values()
    assert facts["refusedByRule"] == rule
    assert facts["approval"]["answeredBy"] == "ada"
    assert told(simulation) == "REFUSED"
    assert simulation.store.claims == {}


def test_pause_while_the_second_question_waits_takes_the_first_rung_back() -> None:
    def pause_later(simulation: Simulation) -> None:
        if simulation.live["memory"] > 128:
            pause(simulation)

    yes = {"decision": "approve"}
    simulation = answering_late([yes, yes], pause_later, behaviour=Behaviour(needs_mb=1000))
    simulation.run()
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK", "REFUSED"]
    assert told(simulation) == "ROLLED_BACK"


def release(simulation: Simulation) -> None:
    """Somebody deploys other code that needs as much memory; callers of an alias get it, too."""
    simulation.functions.deploy("code-2")
    for name, alias in simulation.function.aliases.items():
        number = simulation.function.publish()
        simulation.function.aliases[name] = Alias(name, number, alias.weights)


def release_once_applied(simulation: Simulation) -> None:
    """While the first change is verified."""
    if simulation.store.statuses == ["EXECUTED"] and simulation.function.latest.code == "code-1":
        release(simulation)


@pytest.mark.parametrize("alias", [True, False])
def test_deployment_while_a_question_waits_voids_the_yes(alias: bool) -> None:
    yes = {"decision": "approve", "answeredBy": "ada"}
    simulation = Simulation(
        behind_alias("live") if alias else function(),
        STARVED,
        called_through="live" if alias else None,
        policy={"mode": Mode.ASK},
    )
    simulation.answer = lambda _: release(simulation) or yes  # type: ignore[func-returns-value]
    execution = simulation.run()
    assert execution.status == "SUCCEEDED"
    assert "RollBackRepair" not in execution.visited
    assert simulation.live["memory"] == 128
    assert simulation.live["aliases"] == ({"live": "2"} if alias else {})
    assert simulation.store.statuses == ["REFUSED"]
    assert told(simulation) == "REFUSED"
    (facts,) = simulation.store.repairs.values()
    assert facts["refusedByRule"] == "newer deployment"
    assert facts["approval"]["answeredBy"] == "ada"
    assert simulation.store.claims == {}


def test_question_after_a_refused_one_is_about_what_is_deployed_now() -> None:
    simulation = answering_late([{"decision": "approve"}], release, behaviour=STARVED)
    simulation.run()
    simulation.answer = lambda _: {"decision": "approve"}
    machine = StateMachine(
        DEFINITION, simulation.tasks(), simulation.clock, simulation.traffic, simulation.answer
    )
    machine.run({"functionName": "orders", "manual": True}, f"{EXECUTION}-by-hand")
    assert simulation.store.statuses == ["REFUSED", "VERIFIED"]
    assert simulation.live["memory"] == 384


@pytest.mark.parametrize("needs_mb", [300, 1000])
@pytest.mark.parametrize("alias", [True, False])
def test_deployment_while_a_repair_is_verified_stops_it_and_is_told(alias: bool, needs_mb: int) -> None:
    """No rung is climbed for code that nobody has looked at, and no success of it is claimed for ours."""
    called = "live" if alias else None
    made = behind_alias("live") if alias else function()
    simulation = Simulation(made, Behaviour(needs_mb=needs_mb), called_through=called)

    simulation.on_wait = release_once_applied
    execution = simulation.run()
    assert execution.visited.count("DetermineAction") == 1
    assert "RollBackRepair" not in execution.visited
    assert simulation.live["memory"] == 384
    assert simulation.store.statuses == ["INCONCLUSIVE"]
    assert told(simulation) == "INCONCLUSIVE"
    (facts,) = simulation.store.repairs.values()
    assert "somebody deployed other code" in facts["outcome"]


@pytest.mark.parametrize("alias", [True, False])
@pytest.mark.parametrize(("answer", "status"), [("approve", "REFUSED"), ("reject", "REJECTED")])
@pytest.mark.parametrize("also", [lambda _: None, pause])
def test_deployment_while_the_second_question_waits_stops_the_ladder_and_leaves_what_is_applied(
    alias: bool, answer: str, status: str, also: Any
) -> None:
    """Nobody knows whether the new code needs the first rung: whatever else forbids the second, it stays."""
    made = behind_alias("live") if alias else function()
    called = "live" if alias else None
    simulation = Simulation(made, Behaviour(needs_mb=1000), called_through=called, policy={"mode": Mode.ASK})
    answers = iter(["approve", answer])

    def reply(_payload: Any) -> Any:
        if simulation.store.statuses[0] == "EXECUTED":
            release(simulation)
            also(simulation)
        return {"decision": next(answers), "answeredBy": "ada"}

    simulation.answer = reply
    execution = simulation.run()
    assert execution.visited.count("RollBackRepair") == 1
    assert simulation.live["memory"] == 384
    assert simulation.live["aliases"] == ({"live": "3"} if alias else {})
    assert simulation.store.statuses == ["INCONCLUSIVE", status]
    assert told(simulation) == "INCONCLUSIVE"
    (first, second) = simulation.store.repairs.values()
    where = "version 3 of orders" if alias else "orders"
    assert (
        "left as it is: memory of orders: 128 MB → 384 MB; since the repair was planned" in first["outcome"]
    )
    assert f"other code has been deployed to {where}" in first["outcome"]
    assert "startedAt" not in second
    assert simulation.store.claims == {}


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.AUTO])
def test_alias_that_somebody_shifts_step_by_step_is_not_moved_back_under_it(mode: Mode) -> None:
    """A canary begins before the second rung: moving the alias now would throw its deployment out of step."""
    made = behind_alias("live")
    simulation = Simulation(made, Behaviour(needs_mb=1000), called_through="live", policy={"mode": mode})

    def shift(current: Simulation) -> None:
        alias = current.function.aliases["live"]
        if alias.version == "2" and current.state == "Stabilize":
            current.function.aliases["live"] = Alias("live", "2", {"7": 0.1})

    simulation.on_wait = shift
    simulation.run()
    assert simulation.function.aliases["live"] == Alias("live", "2", {"7": 0.1})
    assert simulation.store.statuses[0] == "INCONCLUSIVE"
    (first, *_) = simulation.store.repairs.values()
    assert "; alias live splits its traffic over 2 versions, and nobody knows" in first["outcome"]


def test_unreleased_work_in_latest_forbids_a_further_step_and_keeps_all_but_our_memory() -> None:
    """The alias serves what was repaired in vain: the next release shall not bring our memory with it."""
    simulation = Simulation(behind_alias("live"), Behaviour(needs_mb=1000), called_through="live")

    def develop(current: Simulation) -> None:
        if current.state == "Stabilize" and current.function.latest.code == "code-1":
            current.functions.deploy("code-2", timeout_s=30)

    simulation.on_wait = develop
    execution = simulation.run()
    assert execution.output["plan"]["refusal"]["rule"] == "unreleased code"
    assert simulation.live["aliases"] == {"live": "1"}
    latest = simulation.function.latest
    assert (latest.memory_mb, latest.timeout_s, latest.code) == (128, 30, "code-2")
    assert (simulation.store.statuses, told(simulation)) == (["ROLLED_BACK"], "ROLLED_BACK")


def test_deployment_that_sets_the_former_memory_again_leaves_nothing_of_ours() -> None:
    answers = iter(["approve", "approve"])
    simulation = Simulation(function(), Behaviour(needs_mb=1000), policy={"mode": Mode.ASK})

    def reply(_payload: Any) -> Any:
        if simulation.store.statuses[0] == "EXECUTED":
            simulation.functions.deploy("code-2", memory_mb=128)
        return {"decision": next(answers)}

    simulation.answer = reply
    simulation.run()
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK", "REFUSED"]


def test_verifier_that_fails_after_a_deployment_takes_nothing_back() -> None:
    simulation = Simulation(function(), STARVED)
    simulation.fault = Fault(Call("VerifyRepair", "store.save_evidence", 1), "permanent", forever=True)

    simulation.on_wait = release_once_applied
    simulation.run()
    assert simulation.live["memory"] == 384
    assert (simulation.store.statuses, told(simulation)) == (["INCONCLUSIVE"], "FAILED")
    (facts,) = simulation.store.repairs.values()
    assert facts["outcome"].startswith("the workflow failed with AwsCallFailed: ")
    assert "left as it is: memory of orders: 128 MB → 384 MB; " in facts["outcome"]


def test_price_that_forbids_more_headroom_leaves_what_works() -> None:
    """348 of 384 MB in use: it works, a further rung would be better, and the owner does not pay for it."""
    simulation = Simulation(function(), Behaviour(needs_mb=348, takes_s=2.9))
    frugal = a_policy(limits=Limits(max_extra_cost_usd_per_month=0.0001))

    def save_money(current: Simulation) -> None:
        if current.function.latest.memory_mb > 128:
            current.policies.policies["orders"] = frugal

    simulation.on_wait = save_money
    execution = simulation.run()
    assert simulation.live["memory"] == 384
    assert simulation.store.statuses == ["VERIFIED"]
    assert told(simulation) == "VERIFIED"
    assert execution.output["plan"]["is_last_rung"]


@pytest.mark.parametrize(
    ("state", "call"),
    [
        ("DetermineAction", "policies.policy"),
        ("DetermineAction", "store.record_repair"),
        ("ExecuteRepair", "policies.is_paused"),
        ("ExecuteRepair", "functions.update_configuration"),  # such as memory above the account's quota
    ],
)
@pytest.mark.parametrize("kind", ["transient", "permanent"])
def test_step_for_more_headroom_that_fails_takes_back_no_step_that_works(
    state: str, call: str, kind: str
) -> None:
    """348 of 384 MB in use: without them, every call would die again."""
    simulation = Simulation(function(), Behaviour(needs_mb=348))
    simulation.fault = Fault(Call(state, call, 2), kind, forever=True)
    execution = simulation.run()
    assert "RecordFailure" in execution.visited
    assert execution.output["rollback"]["status"] == "kept"
    assert simulation.live["memory"] == 384
    assert (simulation.store.statuses[0], told(simulation)) == ("INCONCLUSIVE", "FAILED")
    first, *_ = simulation.store.repairs.values()
    assert "it works, but peak use is 91% of the limit" in first["outcome"]
    assert "memory of orders: 128 MB → 384 MB stays" in first["outcome"]
    assert simulation.store.claims == {}


def test_half_a_step_for_more_headroom_takes_everything_back() -> None:
    simulation = Simulation(behind_alias("live"), Behaviour(needs_mb=348), called_through="live")
    simulation.fault = Fault(Call("ExecuteRepair", "functions.publish_version", 2), "permanent", forever=True)
    simulation.run()
    assert (simulation.live["memory"], simulation.live["aliases"]) == (128, {"live": "1"})
    assert set(simulation.store.statuses) == {"ROLLED_BACK"}


def test_pause_before_a_step_for_more_headroom_leaves_what_works() -> None:
    simulation = Simulation(function(), Behaviour(needs_mb=348))
    record = simulation.store.record_repair

    def record_and_pause(incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
        record(incident, executed_at, facts)
        if facts.get("rung") == 2:
            simulation.policies.paused.add("orders")

    simulation.store.record_repair = record_and_pause  # type: ignore[method-assign]
    simulation.run()
    assert simulation.live["memory"] == 384
    assert simulation.store.statuses == ["INCONCLUSIVE", "REFUSED"]
    assert told(simulation) == "INCONCLUSIVE"


def test_all_rungs_together_stay_below_the_price_cap() -> None:
    """Each step alone would be cheap enough; 128 MB to 1536 MB is not."""
    prices: list[float] = []

    def note(current: Simulation) -> None:
        facts = current.store.repairs.values()
        prices[:] = [f["extraCostUsdPerMonth"] for f in facts if "extraCostUsdPerMonth" in f]

    free = Simulation(function(), Behaviour(needs_mb=1000), on_wait=note)
    free.run()
    assert prices == sorted(prices)
    assert len(prices) == 3
    assert prices[2] > prices[1] + 0.01  # each is counted from 128 MB
    cap = Limits(max_extra_cost_usd_per_month=(prices[2] + prices[1]) / 2)
    capped = Simulation(function(), Behaviour(needs_mb=1000), policy={"limits": cap})
    capped.run()
    assert capped.live["memory"] == 128
    assert capped.store.statuses == ["ROLLED_BACK"] * 2


def test_another_error_behind_the_kill_is_no_repair() -> None:
    simulation = Simulation(function(), Behaviour(needs_mb=300, raises="ValueError"))
    simulation.run()
    assert simulation.live["memory"] == 128
    assert simulation.store.statuses == ["ROLLED_BACK"]
    assert told(simulation) == "ROLLED_BACK"


def test_traffic_that_stops_leaves_the_verdict_open() -> None:
    simulation = Simulation(function(), STARVED)

    def nobody_calls(current: Simulation) -> None:
        if current.function.latest.memory_mb > 128:
            current.runs = [run for run in current.runs if run.memory_size_mb == 128]

    simulation.on_wait = nobody_calls
    simulation.run()
    assert simulation.live["memory"] == 384
    assert simulation.store.statuses == ["INCONCLUSIVE"]
    assert told(simulation) == "INCONCLUSIVE"


def test_somebody_who_changes_the_memory_meanwhile_is_left_alone() -> None:
    simulation = Simulation(function(), STARVED)

    def meddle(current: Simulation) -> None:
        if current.state == "Stabilize" and current.function.latest.memory_mb == 384:
            current.functions.deploy("code-1", memory_mb=777)

    simulation.on_wait = meddle
    simulation.run()
    assert simulation.live["memory"] == 777
    assert told(simulation) == "INCONCLUSIVE"
    assert simulation.store.statuses == ["INCONCLUSIVE"]
    (facts,) = simulation.store.repairs.values()
    assert "(memory 384 MB is 777 MB now)" in facts["outcome"]
    assert "nothing was left to take back; left as it is: memory of orders" in facts["outcome"]


def test_somebody_who_changes_the_memory_while_we_do_is_left_alone() -> None:
    simulation = Simulation(function(), STARVED)

    def meddle(current: Simulation) -> None:
        if current.state == "WaitForUpdate":
            current.functions.deploy("code-1", memory_mb=777)

    simulation.on_wait = meddle
    simulation.run()
    assert simulation.live["memory"] == 777
    assert (simulation.store.statuses, told(simulation)) == (["FAILED"], "FAILED")
    (facts,) = simulation.store.repairs.values()
    assert facts["outcome"].startswith("ExecuteRepair failed with StaleConfiguration: memory of orders")


def test_half_a_repair_that_somebody_leaves_behind_is_taken_back() -> None:
    """The timeout is put back by hand, and the queue keeps the visibility timeout that was raised for it."""
    simulation = Simulation(function(), Behaviour(takes_s=5), queue=True)

    def put_back(current: Simulation) -> None:
        if current.state == "Stabilize" and current.function.latest.timeout_s == 9:
            current.functions.deploy("code-1", timeout_s=3)

    simulation.on_wait = put_back
    execution = simulation.run()
    assert "RollBackRepair" in execution.visited
    assert (simulation.live["timeout"], simulation.live["visibility"]) == (3, {QUEUE: 18})
    assert (simulation.store.statuses, told(simulation)) == (["INCONCLUSIVE"], "INCONCLUSIVE")
    (facts,) = simulation.store.repairs.values()
    assert "(timeout 9 s is 3 s now)" in facts["outcome"]
    assert "taken back: visibility timeout of orders-inbox: 54 s → 18 s" in facts["outcome"]


def test_value_that_somebody_put_back_while_it_was_verified_is_asked_about_next_time() -> None:
    simulation = Simulation(function(), STARVED, policy={"cooldown_s": 0})

    def put_back(current: Simulation) -> None:
        if current.state == "Stabilize" and current.function.latest.memory_mb == 384:
            current.functions.deploy("code-1", memory_mb=128)

    simulation.on_wait = put_back
    simulation.run()
    simulation.answer = lambda _: {"decision": "reject"}
    simulation.on_wait = lambda _: None
    machine = StateMachine(
        DEFINITION, simulation.tasks(), simulation.clock, simulation.traffic, simulation.answer
    )
    again = machine.run({"target": "orders", "manual": True}, f"{EXECUTION}-by-hand")
    assert again.output["plan"]["decision"] == "ask"
    assert "somebody has put the old value back" in "; ".join(again.output["plan"]["reasons"])
    assert simulation.store.statuses == ["INCONCLUSIVE", "REJECTED"]


@pytest.mark.parametrize("refusal", ["somebody else", "aws"])
def test_repair_that_is_refused_before_its_first_write_has_changed_nothing_and_is_no_repair(
    refusal: str,
) -> None:
    simulation = Simulation(function(), STARVED)
    if refusal == "aws":
        call = Call("ExecuteRepair", "functions.update_configuration", 1)
        simulation.fault = Fault(call, "permanent", forever=True)
    else:
        record = simulation.store.record_repair

        def record_and_meddle(incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
            record(incident, executed_at, facts)
            if "startedAt" in facts:  # after the last look, before the first write
                simulation.functions.deploy("code-1", memory_mb=777)

        simulation.store.record_repair = record_and_meddle  # type: ignore[method-assign]
    execution = simulation.run()
    assert execution.status == "SUCCEEDED"
    assert simulation.live["memory"] == (128 if refusal == "aws" else 777)
    assert (simulation.store.statuses, told(simulation)) == (["FAILED"], "FAILED")
    (facts,) = simulation.store.repairs.values()
    assert facts["outcome"].startswith("nothing was changed: the workflow failed with ")
    assert ("AccessDeniedException" if refusal == "aws" else "777 MB") in facts["outcome"]
    (attempt,) = simulation.store.attempts("orders")
    assert not attempt.started


def test_alias_that_somebody_moves_meanwhile_is_left_alone() -> None:
    simulation = Simulation(behind_alias("live"), Behaviour(needs_mb=5000), called_through="live")

    def release(current: Simulation) -> None:
        if current.live["aliases"]["live"] == "2":
            current.function.versions["9"] = a_configuration(version="9", memory_mb=384, fingerprint="code-2")
            current.function.aliases["live"] = Alias("live", "9")

    simulation.on_wait = release
    simulation.run()
    assert simulation.live["aliases"] == {"live": "9"}
    assert "VERIFIED" not in simulation.store.statuses


@pytest.mark.parametrize(
    ("mode", "status"), [(Mode.OBSERVE, "OBSERVED"), (Mode.AUTO, "VERIFIED"), (Mode.ASK, "VERIFIED")]
)
def test_modes(mode: Mode, status: str) -> None:
    simulation = Simulation(function(), STARVED, policy={"mode": mode})
    before = simulation.live
    simulation.run()
    assert simulation.store.statuses == [status]
    assert (simulation.live == before) is (status == "OBSERVED")


def test_pause_switch() -> None:
    simulation = Simulation(function(), STARVED)
    simulation.policies.paused.add("orders")
    simulation.run()
    assert simulation.live["memory"] == 128
    assert told(simulation) == "REFUSED"


def test_code_error_is_explained_and_nothing_changed() -> None:
    simulation = Simulation(function(), Behaviour(raises="ValueError"))
    simulation.run()
    assert told(simulation) == "ADVISED"
    assert simulation.store.repairs == {}
    assert simulation.store.diagnosis["rootCause"] == "code_error"


def test_healthy_function_with_an_alarm_set_by_hand() -> None:
    simulation = Simulation(function(), Behaviour())
    simulation.run()
    assert told(simulation) == "NOTHING_WRONG"
    assert simulation.store.repairs == {}


def investigated_after_its_repair(trouble: Behaviour = STARVED) -> Simulation:
    """A starved function is repaired; twenty minutes later a person investigates the last hour."""
    simulation = Simulation(function(), STARVED)
    simulation.run()
    assert simulation.store.statuses == ["VERIFIED"]
    simulation.behaviour = trouble
    simulation.traffic(1200)
    machine = StateMachine(DEFINITION, simulation.tasks(), simulation.clock, simulation.traffic)
    since = iso(simulation.clock.now - timedelta(hours=1))
    machine.run({"target": "orders", "since": since, "manual": True}, f"{EXECUTION}-by-hand")
    return simulation


def test_function_that_is_repaired_already_is_said_to_be() -> None:
    simulation = investigated_after_its_repair()
    (first, _), (again, _) = simulation.announcer.messages.values()
    assert (first, again) == ("VERIFIED", "ALREADY_REPAIRED")
    assert simulation.store.statuses == ["VERIFIED"]
    assert simulation.live["memory"] == 384
    (_, diagnosis) = simulation.store.diagnoses.values()
    assert (diagnosis["diagnosisResult"], diagnosis["rootCause"]) == ("ROOT_CAUSE_FOUND", "out_of_memory")


def test_failure_that_came_back_after_its_repair_is_not_hidden() -> None:
    simulation = investigated_after_its_repair(Behaviour(needs_mb=500))
    again = list(simulation.announcer.messages.values())[-1][0]
    assert again != "ALREADY_REPAIRED"
    assert len(simulation.store.statuses) > 1


def test_account_without_concurrency_delays_an_incident_and_stops_none() -> None:
    simulation = Simulation(function(), STARVED)
    simulation.traffic(300)
    throttled = {name: throttling(task, 8) for name, task in simulation.tasks().items()}
    execution = StateMachine(DEFINITION, throttled, simulation.clock, simulation.traffic).run(EVENT)
    assert execution.status == "SUCCEEDED"
    assert "RecordFailure" not in execution.visited
    assert simulation.store.statuses == ["VERIFIED"]
    assert told(simulation) == "VERIFIED"


def throttling(task: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    """The task, which Lambda refuses to start at first."""
    refusals = iter(range(times))

    def run(event: Any) -> Any:
        if next(refusals, None) is not None:
            raise TaskFailed("Lambda.TooManyRequestsException", "Rate Exceeded.")
        return task(event)

    return run


@pytest.mark.parametrize("event", [None, [], "text", 7, {}, {"functionName": "gone"}, {"detail": {}}])
def test_bad_event_ends_in_a_message(event: Any) -> None:
    simulation = Simulation(function(), STARVED)
    execution = simulation.run(event)
    assert execution.status == "SUCCEEDED"
    assert simulation.live["memory"] == 128
    ((subject, _),) = simulation.announcer.messages.values()
    assert subject == "INVALID_EVENT"
    assert simulation.store.diagnosis["diagnosisResult"] == "INVALID_EVENT"


def test_five_executions_of_one_event_make_one_repair() -> None:
    simulation = Simulation(function(), STARVED)
    simulation.traffic(300)
    machine = StateMachine(DEFINITION, simulation.tasks(), simulation.clock, simulation.traffic)
    visited = [machine.run(EVENT, f"{EXECUTION}-{i}").visited for i in range(5)]
    assert sum("ExecuteRepair" in path for path in visited) == 1
    assert [path[-1] for path in visited[1:]] == ["AlreadyHandled"] * 4
    assert simulation.announcer.stages == ["result"]


def test_function_that_nobody_onboarded_is_only_observed() -> None:
    simulation = Simulation(function(), STARVED)
    simulation.policies.policies.clear()
    simulation.run()
    assert simulation.live["memory"] == 128
    assert told(simulation) == "OBSERVED"
