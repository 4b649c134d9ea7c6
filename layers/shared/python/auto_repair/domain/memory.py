"""Reading memory figures: which runs died of memory, and whether use climbs with age (a leak)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import factorial, prod

from auto_repair.domain.evidence import Invocation, Status, by_log_stream
from auto_repair.domain.statistics import slope

FULL = 0.95  # share of the limit at which a failed run counts as out of memory; AWS kills at 96 % too
LEAK_MIN_RUNS = 3  # survived runs of one process before a trend means anything
LEAK_LOOKS = 5  # points of a life at which its memory is compared
LEAK_MIN_GROWTH = 0.2  # of the limit, over the life of a process
LEAK_FRESH_SHARE = 0.7  # a fresh process that already fills this much is simply too small
LEAK_SHARE = 2 / 3  # of the processes that lived long enough
LEAK_CHANCE = 0.01  # how likely luck may be at most, before a climb is called a leak
MEMORY_ERRORS = ("Runtime.OutOfMemory", "MemoryError", "java.lang.OutOfMemoryError")
ENDS_THE_PROCESS = ("Runtime.ExitError", "Runtime.OutOfMemory")


def died_of_memory(run: Invocation) -> bool:
    """Killed, reported as out of memory, or failed with its memory full.

    A run that crawls into the timeout with full memory counts: more time would not help it.
    `Runtime.ExitError` alone does not: a missing shared library ends with the same word.
    """
    if run.status is Status.SUCCESS:
        return False
    full = run.memory_share >= FULL
    return (
        run.killed
        or run.error_type in MEMORY_ERRORS
        or (full and (run.status is Status.TIMEOUT or run.error_type in ("Runtime.ExitError", "")))
    )


@dataclass(frozen=True)
class Leak:
    """Memory that climbs from run to run within execution environments."""

    environments: int
    mb_per_run: float
    first_mb: int
    last_mb: int


def leak(runs: Iterable[Invocation]) -> Leak | None:
    """The leak that these runs show, if most processes that lived long enough show it.

    Runs of varied input also climb, since the reported peak never falls: the run with the largest input
    so far sets a new one. But then the k-th look sets a record with chance 1/k only, so that a life of n
    looks climbs at every one of them with chance 1/n!; a few such lives are no luck any more.
    """
    lives = [life for life in map(_survived, lives_of(runs)) if len(life) >= LEAK_MIN_RUNS]
    climbing = [life for life in lives if _climbs(life)]
    luck = prod(1 / factorial(len(_looks(life))) for life in climbing)
    if len(climbing) < LEAK_SHARE * len(lives) or luck > LEAK_CHANCE:
        return None
    longest = max(climbing, key=len)
    return Leak(
        len(climbing), _per_run(longest), longest[0].max_memory_used_mb, longest[-1].max_memory_used_mb
    )


def lives_of(runs: Iterable[Invocation]) -> Iterator[tuple[Invocation, ...]]:
    """Runs of one process, oldest first: a cold start begins a life, a kill and a timeout end one."""
    for stream in by_log_stream(runs):
        life: list[Invocation] = []
        for run in stream:
            if run.init_ms is not None and life:
                yield tuple(life)
                life = []
            life.append(run)
            if _is_last(run):
                yield tuple(life)
                life = []
        if life:
            yield tuple(life)


def _is_last(run: Invocation) -> bool:
    return run.killed or run.status is Status.TIMEOUT or run.error_type in ENDS_THE_PROCESS


def _survived(life: tuple[Invocation, ...]) -> tuple[Invocation, ...]:
    """The life without the run that ended it: that one was the largest, whatever the reason."""
    return life[:-1] if _is_last(life[-1]) else life


def _looks(life: tuple[Invocation, ...]) -> list[int]:
    """Memory at the beginning and the end of a life and at even steps between."""
    steps = min(len(life), LEAK_LOOKS) - 1
    return [life[round(i * (len(life) - 1) / steps)].max_memory_used_mb for i in range(steps + 1)]


def _per_run(life: tuple[Invocation, ...]) -> float:
    return slope([float(i) for i in range(len(life))], [float(r.max_memory_used_mb) for r in life])


def _climbs(life: tuple[Invocation, ...]) -> bool:
    used = [run.max_memory_used_mb for run in life]
    limit = life[-1].memory_size_mb or 1
    # The first run also fills caches: half of the least growth must come after it, and go on.
    warm_growth = used[-1] - used[1]
    levels_off = used[-1] - used[len(used) // 2] < 0.25 * warm_growth
    return (
        used[0] < LEAK_FRESH_SHARE * limit
        and used[-1] - used[0] >= LEAK_MIN_GROWTH * limit
        and warm_growth >= LEAK_MIN_GROWTH / 2 * limit
        and not levels_off
        and all(later > earlier for earlier, later in pairwise(_looks(life)))
    )
