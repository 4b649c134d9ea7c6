"""How sure to be: scores turned into probabilities that hold up when counted.

Two questions, answered apart. Is there an incident at all? A logistic of the best score and of how far
the alarmed node itself moved (Platt, 1999). Which candidate is it? Scores to a power, normalised, as in
temperature scaling (Guo et al., ICML 2017). The constants were fitted by `scripts/bench_rca.py
--calibrate` on all public cases, their stress variants and quiet stretches of the references;
docs/root-cause-benchmarks.md has the cross-validated error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

INTERCEPT = -4.1
PER_SCORE, SCORE_CAP = 1.55, 4.0
PER_SIGMA, SIGMA_CAP = 0.87, 5.0
SHARPNESS = 3.0

QUIET_BELOW = 0.2  # an alarm that fired with less than this is answered with "no incident"
SURE_FROM = 0.5  # below this the candidates are leads, not findings


def incident_probability(best_score: float, alarm_sigmas: float) -> float:
    """Probability that the alarm stands for an incident among the measured nodes."""
    logit = (
        INTERCEPT
        + PER_SCORE * min(best_score, SCORE_CAP)
        + PER_SIGMA * min(max(alarm_sigmas, 0.0), SIGMA_CAP)
    )
    return 1 / (1 + math.exp(-logit))


def confidences(scores: Sequence[float], probability: float) -> list[float]:
    """Probability of each candidate to be the cause; they sum to the incident's."""
    best = max(scores, default=0.0)
    if best <= 0:
        return [0.0 for _ in scores]
    weights = [(max(0.0, score) / best) ** SHARPNESS for score in scores]
    return [probability * weight / sum(weights) for weight in weights]


def calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error: mean distance between stated confidence and share of right answers."""
    if not pairs:
        return 0.0
    gaps = 0.0
    for k in range(bins):
        held = [(c, right) for c, right in pairs if min(bins - 1, int(c * bins)) == k]
        gaps += abs(sum(c for c, _ in held) - sum(right for _, right in held))
    return gaps / len(pairs)
