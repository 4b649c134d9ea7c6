"""Metric periods on the scaled clock: a period of 60 s covers 60 × LOCAL_PERIOD_SCALE real seconds."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from local.settings import Settings

Series = dict[int, float]  # start of a bucket in epoch seconds → value


@functools.cache
def _scale() -> float:
    return Settings.from_environment().period_scale


def real_seconds(period_s: int) -> int:
    """The real length of a period; never below 1 s, since timestamps are whole seconds."""
    return max(1, round(period_s * _scale()))


@dataclass(frozen=True)
class Window:
    """The buckets of one period within a time range, oldest first.

    period_s: as configured, unscaled. step_s: its real length. Buckets are aligned to the clock.
    """

    period_s: int
    step_s: int
    starts: tuple[int, ...]

    @classmethod
    def between(cls, period_s: int, start: float, end: float) -> Window:
        """All buckets that begin before `end`; the first one contains `start`."""
        step = real_seconds(period_s)
        first = math.floor(start / step) * step
        return cls(period_s, step, tuple(range(first, math.ceil(end), step)))

    @classmethod
    def of_complete(cls, period_s: int, count: int, now: float) -> Window:
        """The last `count` buckets that have ended by `now`."""
        step = real_seconds(period_s)
        end = math.floor(now / step) * step
        return cls(period_s, step, tuple(range(end - count * step, end, step)))

    def bucket(self, timestamp: float) -> int:
        """The start of the bucket that covers a time."""
        return math.floor(timestamp / self.step_s) * self.step_s

    @property
    def start(self) -> int:
        return self.starts[0] if self.starts else 0

    @property
    def end(self) -> int:
        return self.starts[-1] + self.step_s if self.starts else 0
