"""Gap 12: retry delays with MaxDelaySeconds and jitter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import SystemRandom
from typing import Any

from ministack.services import stepfunctions

from local.shims import wrap

_chance = SystemRandom()


def install() -> None:
    @wrap(stepfunctions, "_find_matching_retrier")
    def find_matching_retrier(
        original: Any, retriers: Sequence[Any], error: str, counts: Mapping[int, int]
    ) -> Any:
        retrier, index = original(retriers, error, counts)
        if retrier is None:
            return retrier, index
        # The emulator computes interval × rate ^ attempt: given the final delay, it has nothing to add.
        seconds = delay_s(retrier, counts.get(index, 0))
        return {**retrier, "IntervalSeconds": seconds, "BackoffRate": 1.0}, index


def delay_s(retrier: Mapping[str, Any], attempt: int) -> float:
    """Seconds before retry number `attempt`, counted from 0, on the unscaled clock."""
    delay = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** attempt
    delay = min(delay, float(retrier.get("MaxDelaySeconds", delay)))
    is_jittered = retrier.get("JitterStrategy") == "FULL"
    return _chance.uniform(0, delay) if is_jittered else delay
