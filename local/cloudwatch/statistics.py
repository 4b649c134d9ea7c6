"""CloudWatch's statistics over weighted samples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_EXTENDED = re.compile(r"(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)", re.IGNORECASE)
_RANGE = re.compile(r"(tm|wm|tc|ts)\((\d*\.?\d*)%:(\d*\.?\d*)%\)", re.IGNORECASE)
BASIC = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


class UnknownStatistic(ValueError):
    """A statistic CloudWatch does not have."""


@dataclass(slots=True)  # not frozen: that takes three times as long to make, and they come by the thousand
class Sample:
    """One datum: `count` observations adding up to `total`, between `low` and `high`."""

    count: float
    total: float
    low: float
    high: float

    @property
    def is_distribution(self) -> bool:
        """Whether percentiles can be computed: a statistic set only has them if all its values are equal."""
        return self.low == self.high and self.low >= 0


def statistic(samples: Sequence[Sample], name: str) -> float | None:
    """The statistic of a bucket, or None where it has no value. UnknownStatistic if AWS has no such name."""
    samples = [sample for sample in samples if sample.count > 0]
    if name in BASIC:
        return _basic(samples, name) if samples else None
    kind, low, high = _trim(name)
    if not samples or not all(sample.is_distribution for sample in samples):
        return None
    return _percentile(samples, high) if kind == "p" else _trimmed(samples, kind, low, high)


def is_extended(name: str) -> bool:
    """Whether the name is a percentile or another trimmed statistic."""
    return bool(_EXTENDED.fullmatch(name) or _RANGE.fullmatch(name) or name.upper() == "IQM")


def _basic(samples: Sequence[Sample], name: str) -> float:
    count = sum(sample.count for sample in samples)
    total = sum(sample.total for sample in samples)
    return {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count,
        "Minimum": min(sample.low for sample in samples),
        "Maximum": max(sample.high for sample in samples),
    }[name]


def _trim(name: str) -> tuple[str, float, float]:
    """Kind, lower and upper percentage of an extended statistic."""
    if name.upper() == "IQM":
        return "tm", 25.0, 75.0
    if match := _EXTENDED.fullmatch(name):
        return match[1].lower(), 0.0, float(match[2])
    if match := _RANGE.fullmatch(name):
        return match[1].lower(), float(match[2] or 0), float(match[3] or 100)
    raise UnknownStatistic(f"The value {name} for parameter Stat is not supported.")


def _percentile(samples: Sequence[Sample], percentage: float) -> float:
    """Linear interpolation between the two nearest ranks."""
    ordered = sorted((sample.low, sample.count) for sample in samples)
    total = sum(count for _, count in ordered)
    rank = percentage / 100 * (total - 1) if total > 1 else 0.0

    def at(index: int) -> float:
        seen = 0.0
        for value, count in ordered:
            seen += count
            if index < seen:
                return value
        return ordered[-1][0]

    below, share = at(int(rank)), rank - int(rank)
    return below + share * (at(int(rank) + 1) - below) if share else below


def _trimmed(samples: Sequence[Sample], kind: str, low: float, high: float) -> float | None:
    lower, upper = _percentile(samples, low), _percentile(samples, high)
    if kind == "wm":
        clipped = [(min(max(sample.low, lower), upper), sample.count) for sample in samples]
        return sum(value * count for value, count in clipped) / sum(count for _, count in clipped)
    kept = [sample for sample in samples if lower <= sample.low <= upper]
    count, total = sum(sample.count for sample in kept), sum(sample.total for sample in kept)
    if kind == "tc":
        return count
    if kind == "ts":
        return total
    return total / count if count else None
