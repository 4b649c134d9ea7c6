"""Which rows of the window come before the incident and which belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOSTLY_AFTER = 0.5  # a row counts as after the onset when at least half of its period is
BARELY_AFTER = 0.1  # and as before it when at most a tenth is; rows in between say neither
FADING = 0.5  # rows further from the onset weigh less: recovery and other troubles mix in


@dataclass(frozen=True, slots=True)
class Rows:
    """Row numbers of the window, and the weight of each row after the onset."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def weights(self) -> tuple[float, ...]:
        """Weight per row of `after`."""
        return tuple(1 / (1 + FADING * j) for j in range(len(self.after)))


def period_of(timestamps: Sequence[float]) -> float:
    """Seconds from row to row (the median), 60 when there are fewer than two rows."""
    steps = sorted(b - a for a, b in pairwise(timestamps) if b > a)
    return steps[len(steps) // 2] if steps else 60.0


def split(timestamps: Sequence[float], period: float, onset: float) -> Rows:
    """Rows before and after the onset; without any row after it, the last row stands for the incident."""
    before, after = [], []
    for i, begin in enumerate(timestamps):
        share = (begin + period - onset) / period
        if share >= MOSTLY_AFTER:
            after.append(i)
        elif share <= BARELY_AFTER:
            before.append(i)
    if not after and timestamps:
        last = len(timestamps) - 1
        after, before = [last], [i for i in before if i != last]
    return Rows(tuple(before), tuple(after))
