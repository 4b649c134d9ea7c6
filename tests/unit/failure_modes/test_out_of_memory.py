"""Out of memory: killed, or starved into the timeout, and no leak."""

from auto_repair.failure_modes.out_of_memory import detect
from tests.builders import a_kill, a_life, a_run, a_timeout, an_error, evidence, in_turn


def test_killed_runs_match() -> None:
    found = detect(evidence(invocations=in_turn([a_kill(), a_kill()])))
    assert found is not None
    assert found.confidence == 0.95
    assert [reason.text for reason in found.because] == [
        "2 of 2 failed runs died of memory",
        "peak 128 MB of 128 MB",
        "the log says `signal: killed`",
    ]


def test_timeout_with_full_memory_is_memory_and_not_time() -> None:
    found = detect(evidence(invocations=in_turn([a_timeout(3, used=122)])))
    assert found is not None
    assert "1 of them crawled into the timeout with full memory" in [r.text for r in found.because]


def test_other_failures_beside_it_make_it_less_likely() -> None:
    found = detect(evidence(invocations=in_turn([a_kill(), an_error(), an_error(), an_error()])))
    assert found is not None
    assert found.confidence < 0.5


def test_kill_with_memory_to_spare_speaks_against_it() -> None:
    found = detect(evidence(invocations=in_turn([a_kill(used=70, memory_size_mb=128)])))
    assert found is not None
    assert found.confidence == 0.6
    assert found.against


def test_leak_is_not_too_little_memory() -> None:
    runs = in_turn(a_life(52, 64, 76, 88, 100, 112, killed=True) * 2)
    assert detect(evidence(invocations=runs)) is None


def test_leak_seen_earlier_counts() -> None:
    history = in_turn(a_life(52, 64, 76, 88, 100, 112, killed=True) * 2)
    assert detect(evidence(history=history, invocations=in_turn([a_kill()]))) is None


def test_one_large_input_among_small_ones_is_too_little_memory() -> None:
    runs = in_turn(a_life(60, 70, 72, 71, 70, killed=True) * 3)
    assert detect(evidence(invocations=runs)) is not None


def test_exit_without_full_memory_is_something_else() -> None:
    assert detect(evidence(invocations=in_turn([an_error("Runtime.ExitError")]))) is None


def test_old_kills_are_no_present_trouble() -> None:
    assert detect(evidence(history=in_turn([a_kill()]), invocations=in_turn([a_run()]))) is None


def test_nothing_without_runs() -> None:
    assert detect(evidence()) is None
