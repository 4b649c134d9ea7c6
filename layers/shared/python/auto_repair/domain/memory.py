"""Reading memory figures: which runs died of memory, and whether use climbs with age (a leak)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auto_repair.domain.evidence import Invocation, Status, by_log_stream
from auto_repair.domain.statistics import slope

FULL = 0.95  # share of the limit at which a failed run counts as out of memory; AWS kills at 96 % too
LEAK_MIN_RUNS = 4  # runs of one environment before a trend means anything
LEAK_MIN_GROWTH = 0.2  # of the limit, over the life of an environment
LEAK_FRESH_SHARE = 0.7  # a fresh environment that already fills this much is simply too small
MEMORY_ERRORS = ("Runtime.OutOfMemory", "MemoryError", "java.lang.OutOfMemoryError")


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
    """The leak that these runs show, if most environments that lived long enough show it."""
    lives = [life for life in lives_of(runs) if len(life) >= LEAK_MIN_RUNS]
    climbing = [life for life in lives if _climbs(life)]
    if not climbing or len(climbing) < len(lives) / 2:
        return None
    longest = max(climbing, key=len)
    return Leak(
        len(climbing), _per_run(longest), longest[0].max_memory_used_mb, longest[-1].max_memory_used_mb
    )


def lives_of(runs: Iterable[Invocation]) -> Iterator[tuple[Invocation, ...]]:
    """Runs of one process, oldest first: a cold start, a kill and a timeout each begin a new life."""
    for stream in by_log_stream(runs):
        life: list[Invocation] = []
        for run in stream:
            if run.init_ms is not None and life:
                yield tuple(life)
                life = []
            life.append(run)
            if run.killed or run.status is Status.TIMEOUT:
                yield tuple(life)
                life = []
        if life:
            yield tuple(life)


def _per_run(life: tuple[Invocation, ...]) -> float:
    return slope([float(i) for i in range(len(life))], [float(r.max_memory_used_mb) for r in life])


def _climbs(life: tuple[Invocation, ...]) -> bool:
    used = [run.max_memory_used_mb for run in life]
    limit = life[-1].memory_size_mb or 1
    growth = used[-1] - used[0]
    # The reported peak never falls within a life, so varied input also climbs at first and then levels
    # off. A leak is still climbing in the second half of the life.
    second_half = used[-1] - used[len(used) // 2]
    return (
        used[0] < LEAK_FRESH_SHARE * limit
        and growth >= LEAK_MIN_GROWTH * limit
        and second_half >= 0.25 * growth
        and _per_run(life) > 0
    )
