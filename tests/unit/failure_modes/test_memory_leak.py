"""A leak is found by its climb, and no memory cures it."""

from auto_repair.failure_modes.memory_leak import FAILURE_MODE, detect
from tests.builders import a_kill, a_life, evidence, in_turn

LEAKING = in_turn(a_life(52, 64, 76, 88, 100, 112, killed=True) * 2)


def test_climb_that_ends_in_a_kill_matches() -> None:
    found = detect(evidence(invocations=LEAKING))
    assert found is not None
    assert found.confidence == 0.9
    assert "12 MB a run" in found.because[1].text
    assert "module-level lists" in found.advice


def test_no_repair_is_offered() -> None:
    assert FAILURE_MODE.repair is None


def test_climb_without_a_kill_is_no_failure_yet() -> None:
    assert detect(evidence(invocations=in_turn(a_life(52, 64, 76, 88, 100, 112)))) is None


def test_kills_without_a_climb_are_something_else() -> None:
    assert detect(evidence(invocations=in_turn([a_kill()] * 5))) is None
    assert detect(evidence(invocations=in_turn(a_life(60, 110, 118, 120, 120, killed=True) * 3))) is None
