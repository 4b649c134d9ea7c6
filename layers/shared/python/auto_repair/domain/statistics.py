"""The little statistics that verification and detection rest on."""

from math import ceil, log

CONFIDENCE = 0.95


def clean_runs_needed(failure_rate: float, at_least: int) -> int:
    """Runs without failure after which "nothing has changed" would be a 5 % chance or less.

    With a former failure rate p, n clean runs happen by luck with probability (1-p)^n.
    """
    at_least = max(at_least, 1)
    if failure_rate >= 1.0:
        return at_least
    if failure_rate <= 0.0:
        return max(at_least, 30)
    return max(at_least, ceil(log(1 - CONFIDENCE) / log(1 - failure_rate)))


def slope(xs: list[float], ys: list[float]) -> float:
    """Theil–Sen estimator: the median of all pairwise slopes, robust against outliers (Sen, 1968)."""
    slopes = sorted(
        (ys[j] - ys[i]) / (xs[j] - xs[i])
        for i in range(len(xs))
        for j in range(i + 1, len(xs))
        if xs[j] != xs[i]
    )
    return slopes[len(slopes) // 2] if slopes else 0.0
