"""Every call that any state makes fails, once and for ever, in every way: no incident ends in silence, no
record lies, and the function is as it was, repaired, or restored.

A `transient` error is what AWS throttles or drops, a `permanent` one what it denies, and a `crash` is our
own function ending after a write has reached AWS, so that nobody learns the answer.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from auto_repair.domain.incident import LEASE, Disposition
from auto_repair.domain.policy import Limits, Mode
from tests.builders import a_configuration, an_incident
from tests.fakes import FakeFunction, behind_alias
from tests.simulation import DEFINITION, Behaviour, Fault, Simulation
from tests.state_machine import Execution

# What the names of writing calls begin with.
WRITES = ("update", "publish", "move", "set", "open", "hold", "close", "save", "record")
CHANGED_NOTHING = {"REJECTED", "REFUSED", "OBSERVED", "ADVISED", "NOTHING_WRONG", "CANNOT_TELL"}


def repaired() -> Simulation:
    """Callers of an alias are helped at the first rung."""
    return Simulation(behind_alias("live"), Behaviour(needs_mb=300), called_through="live")


def climbing() -> Simulation:
    """The first rung is not enough."""
    return Simulation(FakeFunction(a_configuration()), Behaviour(needs_mb=700))


def in_vain() -> Simulation:
    """No allowed timeout helps, so that it goes back, and its queue too."""
    limits = Limits(max_timeout_s=9)
    function = FakeFunction(a_configuration())
    return Simulation(function, Behaviour(takes_s=900), queue=True, policy={"limits": limits})


def in_vain_behind_an_alias() -> Simulation:
    """A version was published and the alias moved, and both did not help."""
    limits = Limits(max_memory_mb=384)
    function = behind_alias("live")
    return Simulation(function, Behaviour(needs_mb=900), called_through="live", policy={"limits": limits})


def approved() -> Simulation:
    """A person lets a reservation of 0 be raised."""
    return Simulation(FakeFunction(a_configuration(), reserved=0), Behaviour(busy=3))


def rejected() -> Simulation:
    """A person says no."""
    no = {"decision": "reject", "answeredBy": "ada"}
    function = FakeFunction(a_configuration())
    return Simulation(function, Behaviour(needs_mb=300), policy={"mode": Mode.ASK}, answer=lambda _: no)


def paused() -> Simulation:
    """A person says yes, after somebody has paused the function."""
    simulation = Simulation(
        FakeFunction(a_configuration()), Behaviour(needs_mb=300), policy={"mode": Mode.ASK}
    )

    def answer(_payload: Any) -> Any:
        simulation.policies.paused.add("orders")
        return {"decision": "approve", "answeredBy": "ada"}

    simulation.answer = answer
    return simulation


def asked_again() -> Simulation:
    """Every rung has a question of its own."""
    return Simulation(FakeFunction(a_configuration()), Behaviour(needs_mb=1000), policy={"mode": Mode.ASK})


def advised() -> Simulation:
    """The code fails: its surroundings are looked at, and people are told."""
    return Simulation(FakeFunction(a_configuration()), Behaviour(raises="ValueError"))


ALL = tuple(name for name, state in DEFINITION["States"].items() if state["Type"] == "Task")
# How each story ends, and the states whose calls fail in it: what is alike in all stories, one shows for all.
STORIES: dict[Callable[[], Simulation], tuple[str, tuple[str, ...]]] = {
    repaired: ("VERIFIED", ALL),
    climbing: ("VERIFIED", ("DetermineAction", "VerifyRepair")),
    in_vain: ("ROLLED_BACK", ("ExecuteRepair", "RollBackRepair", "NotifyResult")),
    in_vain_behind_an_alias: ("ROLLED_BACK", ("ExecuteRepair", "RollBackRepair")),
    approved: ("VERIFIED", ("AwaitApproval", "ExecuteRepair")),
    asked_again: ("VERIFIED", ("AwaitApproval",)),
    advised: ("ADVISED", ("LookAround", "DiagnoseIssue")),
    paused: ("REFUSED", ("ExecuteRepair", "NotifyResult")),
    rejected: ("REJECTED", ("DetermineAction", "AwaitApproval", "NotifyResult")),
}
MOST_ALIKE = 2  # of many calls alike in one state, the first ones stand for all
each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


@cache
def undisturbed(story: Callable[[], Simulation]) -> Simulation:
    """The story without any fault."""
    simulation = story()
    simulation.run()
    return simulation


def told(simulation: Simulation) -> list[str]:
    """The statuses that people were told at the end."""
    messages = simulation.announcer.messages
    return [subject for (_, stage), (subject, _) in messages.items() if stage == "result"]


def faults(story: Callable[[], Simulation]) -> Iterator[Fault]:
    """What can go wrong with the calls of a story."""
    _, states = STORIES[story]
    for call in undisturbed(story).calls:
        if call.state not in states or call.nth > MOST_ALIKE:
            continue
        writes = call.name.partition(".")[2].startswith(WRITES)
        for kind in ("transient", "permanent", *(["crash"] if writes else [])):
            yield Fault(call, kind, forever=False)
            yield Fault(call, kind, forever=True)


@each_story
def test_story_without_a_fault(story: Callable[[], Simulation]) -> None:
    simulation = undisturbed(story)
    ending, _ = STORIES[story]
    assert told(simulation) == [ending]


def test_calls_of_every_state_fail_in_some_story() -> None:
    failing = {fault.call.state for story in STORIES for fault in faults(story)}
    assert failing == set(ALL) - {"RecordFailure"}, "it is visited when others fail"


def test_every_port_call_of_the_use_cases_fails_somewhere() -> None:
    made = {(call.state, call.name) for story in STORIES for call in undisturbed(story).calls}
    failing = {(fault.call.state, fault.call.name) for story in STORIES for fault in faults(story)}
    assert made - failing == set()


@each_story
def test_every_call_fails(story: Callable[[], Simulation]) -> None:
    problems = []
    for fault in faults(story):
        simulation = story()
        simulation.fault = fault
        before = simulation.live
        execution = simulation.run()
        problems += [f"{fault}: {problem}" for problem in wrongs(simulation, execution, before)]
        if not fault.forever and fault.kind != "permanent":
            problems += [f"{fault}: {trace}" for trace in traces(simulation, undisturbed(story))]
    assert problems == []


def traces(simulation: Simulation, usual: Simulation) -> Iterator[str]:
    """What passing trouble has left behind that would not be there without it."""
    if told(simulation) != told(usual):
        yield f"{told(simulation)} was told"
    if simulation.live != usual.live:
        yield f"{simulation.live} is live"
    if simulation.store.statuses != usual.store.statuses:
        yield f"{simulation.store.statuses} is on record"


def wrongs(simulation: Simulation, execution: Execution, before: dict[str, Any]) -> Iterator[str]:
    """What must not be, whatever failed."""
    said = told(simulation)
    if execution.status == "FAILED":
        # The rule on failed executions tells people, and lets the function go.
        simulation.fall_back(execution)
    elif len(said) != 1:
        yield f"people were told {said}"
    if not opens_again(simulation, execution):
        yield "the function's next alarm would be swallowed"
    changed = simulation.live != before
    statuses = simulation.store.statuses
    for status in said:
        yield from lies(status, statuses, changed=changed, incomplete=says_incomplete(simulation))
    if not said and changed and not {"EXECUTED", "VERIFIED", "INCONCLUSIVE", "FAILED"} & set(statuses):
        yield f"it is changed, the records say {statuses}"
    if not changed and "VERIFIED" in statuses:
        yield f"nothing is changed, the records say {statuses}"
    if changed and set(statuses) <= {"ROLLED_BACK", "REJECTED", "OBSERVED", "REFUSED"}:
        yield f"it is changed, the records say {statuses}"


def lies(status: str, statuses: list[str], *, changed: bool, incomplete: bool) -> Iterator[str]:
    """How the last message contradicts what is live and on record."""
    if status in ("VERIFIED", "INCONCLUSIVE") and not changed:
        yield f"{status} was told, and nothing is changed"
    if status in CHANGED_NOTHING | {"ROLLED_BACK"} and changed:
        yield f"{status} was told, and it is changed"
    if status == "VERIFIED" and statuses[-1:] != ["VERIFIED"]:
        yield f"VERIFIED was told, the records say {statuses}"
    if status == "FAILED" and changed and "FAILED" not in statuses:
        yield f"FAILED was told, the records say {statuses}"
    open_ends = {"PLANNED", "AWAITING_APPROVAL"} & set(statuses)
    if open_ends and not incomplete:
        yield f"{status} was told, and {open_ends} stayed on record"


def opens_again(simulation: Simulation, execution: Execution) -> bool:
    """Whether the function's next alarm gets an incident of its own, now that this execution is over."""
    simulation.store.ended.add(execution.arn)
    later = an_incident(id="the next one", execution_arn="the next one", opened_at=simulation.clock())
    opening = simulation.store.open(later, simulation.clock() + LEASE)
    return opening.disposition is Disposition.OPENED


def says_incomplete(simulation: Simulation) -> bool:
    """Whether people were told that the record is not complete."""
    bodies = (body for (_, stage), (_, body) in simulation.announcer.messages.items() if stage == "result")
    return any("Not everything could be written down" in body for body in bodies)
