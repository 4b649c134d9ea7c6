"""Arithmetic over values with gaps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Gappy = Sequence[float | None]


def present(values: Iterable[float | None]) -> list[float]:
    """The values that exist."""
    return [v for v in values if v is not None]


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    return sum(values) / len(values)


def median(values: Iterable[float | None]) -> float | None:
    """Upper median of the values that exist, None without any."""
    ordered = sorted(present(values))
    return ordered[len(ordered) // 2] if ordered else None


def minus(left: Gappy, right: Gappy) -> list[float | None]:
    """Row by row difference, None where either side is missing."""
    return [None if a is None or b is None else a - b for a, b in zip(left, right, strict=False)]


def ratio(over: Gappy, under: Gappy) -> list[float | None]:
    """Row by row quotient, None where it is undefined."""
    return [None if a is None or b is None or b <= 0 else a / b for a, b in zip(over, under, strict=False)]


def correlation(left: Gappy, right: Gappy, at_least: int = 3) -> float:
    """Pearson's r over the rows both sides have; 0 when it is undefined."""
    pairs = [(a, b) for a, b in zip(left, right, strict=False) if a is not None and b is not None]
    if len(pairs) < at_least:
        return 0.0
    mean_l, mean_r = mean([a for a, _ in pairs]), mean([b for _, b in pairs])
    var_l, var_r = sum((a - mean_l) ** 2 for a, _ in pairs), sum((b - mean_r) ** 2 for _, b in pairs)
    if var_l <= 0 or var_r <= 0:
        return 0.0
    # Two roots, not the root of the product: the product may leave the range of floats.
    return sum((a - mean_l) * (b - mean_r) for a, b in pairs) / (math.sqrt(var_l) * math.sqrt(var_r))


def standardised(values: Sequence[float], at_least: int = 3) -> list[float]:
    """Values with mean 0 and length 1, so that the sum of products of two such rows is their correlation.

    Empty where no correlation is defined: fewer than `at_least` values, or all the same.
    """
    if len(values) < at_least:
        return []
    centre = mean(values)
    length = math.sqrt(sum((v - centre) ** 2 for v in values))
    return [(v - centre) / length for v in values] if length > 0 else []
