"""Which runs died of memory, and which climbs are leaks."""

import random
from dataclasses import replace

import pytest

from auto_repair.domain.evidence import Invocation, Status
from auto_repair.domain.memory import died_of_memory, leak, lives_of
from tests.builders import a_kill, a_life, a_run, a_timeout, an_error, in_turn


@pytest.mark.parametrize(
    "run",
    [
        a_kill(),
        a_kill(used=96, memory_size_mb=128),  # the last report before the kill shows less than it was
        a_kill(memory_size_mb=0, used=0),  # the platform reports no memory at all
        a_kill(killed=False, error_type="Runtime.OutOfMemory", used=60),
        a_kill(killed=False, error_type="Runtime.ExitError", used=123, memory_size_mb=128),
        an_error("MemoryError"),
        an_error("java.lang.OutOfMemoryError"),
        a_timeout(3, used=122),
    ],
)
def test_died_of_memory(run: Invocation) -> None:
    assert died_of_memory(run)


@pytest.mark.parametrize(
    "run",
    [
        a_run(128),  # full and well: it just fits
        a_timeout(3, used=121),
        a_timeout(3, memory_size_mb=0, used=0),
        an_error("ValueError", used=128),
        an_error("Runtime.ExitError", used=70),  # a missing shared library ends with the same word
    ],
)
def test_did_not_die_of_memory(run: Invocation) -> None:
    assert not died_of_memory(run)


def test_a_kill_a_timeout_and_a_cold_start_each_end_a_life() -> None:
    runs = in_turn(
        [
            *a_life(60, 70, killed=True),
            a_run(60),
            a_timeout(3),
            a_run(61),
            replace(a_run(62), init_ms=180.0),
            an_error("Runtime.ExitError"),
            a_run(63),
        ]
    )
    assert [len(life) for life in lives_of(runs)] == [3, 2, 1, 2, 1]


def test_an_exception_does_not_end_the_process() -> None:
    assert [len(life) for life in lives_of(in_turn([a_run(60), an_error(), a_run(62)]))] == [3]


def test_environments_live_their_own_lives() -> None:
    runs = in_turn([a_run(60, log_stream="a"), a_run(60, log_stream="b"), a_run(61, log_stream="a")])
    assert sorted(len(life) for life in lives_of(runs)) == [1, 2]


def test_steady_climb_until_the_kill_is_a_leak() -> None:
    found = leak(in_turn(a_life(52, 64, 76, 88, 100, 112, 124, killed=True)))
    assert found is not None
    assert (found.environments, found.mb_per_run, found.first_mb, found.last_mb) == (1, 12, 52, 124)


def test_quick_leak_shows_only_when_several_lives_agree() -> None:
    life = a_life(50, 75, 100, killed=True)
    assert leak(in_turn(life * 2)) is None
    assert leak(in_turn(life * 3)) is not None


def test_leak_with_a_warm_up_jump_is_seen() -> None:
    assert leak(in_turn(a_life(50, 90, 95, 100, 105, 110, killed=True))) is not None


def test_slow_leak_over_hundreds_of_runs_is_seen() -> None:
    assert leak(in_turn(a_life(*(60 + i // 4 for i in range(240)), killed=True))) is not None


@pytest.mark.parametrize(
    "life",
    [
        a_life(60, 70, 72, 71, 70, killed=True),  # one large input among small ones
        a_life(60, 61, 60, 62, 61, 60, killed=True),
        a_life(60, 95, 112, 118, 120, 120, killed=True),  # climbs and levels off
        a_life(60, 95, 112, 118, 120, 121, killed=True),  # the same, never quite still
        a_life(60, 110, 111, 112, 113, 114, killed=True),  # a cache fills, then hardly anything
        a_life(95, 100, 105, 110, 115, 120, killed=True),  # fresh and already nearly full
        a_life(60, 62, 64, 66, 68, 70),  # grows by less than a fifth of the limit
        a_life(60, 90, killed=True),  # too short to tell
        [a_kill()],
        [],
    ],
)
def test_no_leak(life: list[Invocation]) -> None:
    assert leak(in_turn(life * 3)) is None


def test_the_killed_run_itself_is_no_trend() -> None:
    lives = [a_life(60, 62, 61, 60, killed=True, stream=f"stream-{i}") for i in range(5)]
    assert leak(in_turn([run for life in lives for run in life])) is None


def test_healthy_environments_speak_against_a_leak() -> None:
    leaking = a_life(52, 64, 76, 88, 100, 112, killed=True)
    healthy = [a_life(60, 61, 60, 61, 60, stream=f"well-{i}") for i in range(2)]
    assert leak(in_turn([*leaking, *healthy[0], *healthy[1]])) is None


def test_memory_that_nobody_reports_is_no_leak() -> None:
    assert leak(in_turn([a_run(0, memory_size_mb=0) for _ in range(10)])) is None


def peaks(needs: list[int]) -> list[int]:
    """What the platform reports: the highest use so far of the process."""
    return [max(needs[: i + 1]) for i in range(len(needs))]


def test_varied_input_is_hardly_ever_taken_for_a_leak() -> None:
    chance = random.Random(7)
    taken = 0
    for _ in range(500):
        runs: list[Invocation] = []
        for stream in range(4):
            needs = [chance.randint(40, 140) for _ in range(12)]
            fitting = next((i for i, need in enumerate(needs) if need > 128), len(needs))
            if fitting:
                runs += a_life(*peaks(needs[:fitting]), stream=f"s{stream}", killed=fitting < len(needs))
        taken += leak(in_turn(runs)) is not None
    assert taken <= 10  # 2 %


def test_real_leaks_of_varied_size_are_nearly_always_seen() -> None:
    chance = random.Random(7)
    seen = 0
    for _ in range(200):
        runs: list[Invocation] = []
        for stream in range(4):
            held, used = 45, []
            while (held := held + chance.randint(8, 20)) <= 128:
                used.append(held)
            runs += a_life(*used, stream=f"s{stream}", killed=True)
        seen += leak(in_turn(runs)) is not None
    assert seen >= 190  # 95 %


def test_timeouts_split_lives_too() -> None:
    crawled = [*a_life(60, 80, 100), a_timeout(3, used=126)]
    assert [run.status for run in in_turn(crawled)][-1] is Status.TIMEOUT
    assert leak(in_turn(crawled * 3)) is not None
