"""How far a column moved, judged against the reference *and* the minutes before the alarm.

Only what is new against both counts: a column that differs from the reference but not from the rows
before the alarm drifted (other day, other release), one that differs from the minutes before but not
from the reference does this now and then. The yardstick is the column itself: windows of the same
shape are laid over the reference, and the spread of their levels and of their before/after steps is
the noise. Nothing depends on the unit. Spreads are upper quantiles, as in Rousseeuw and Croux (1993)
on robust scale, so that a bad stretch of up to five percent of the reference does not hide an incident.
Single bad rows spoil every window that holds them: of those, one in a hundred is about what it bears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import cast

from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.series import Gappy, mean, present

BLOCKS = 80  # windows laid over the reference; more do not change a quantile, fewer make it coarse
RELATIVE_FLOOR = 1e-3  # a column never resolves better than a thousandth of its level
MEMORYLESS = 0.5  # discount when the rows before the alarm exist but this column is empty there
PERSISTENCE = 2.0  # without its highest row a shift must keep at least 1 / PERSISTENCE of its sigmas
_NORMAL = ((0.9, 1.2816), (0.95, 1.6449), (0.98, 2.0537))  # quantiles of the standard normal


@dataclass(frozen=True, slots=True)
class Shift:
    """Upward movement of one column; `sigmas` is 0 unless it is new against both baselines."""

    sigmas: float = 0.0
    excess: float = 0.0  # column's unit, against the nearer baseline
    base: float = 0.0  # that baseline
    level: float | None = None  # mean of the rows after the onset
    against_reference: float | None = None
    against_before: float | None = None


NO_SHIFT = Shift()


def measure_shift(window: Gappy, reference: Gappy, rows: Rows) -> Shift:
    """Shift of a column between the rows before and after the onset.

    `window` is indexed by `rows`; `reference` holds consecutive periods. A column without data after
    the onset, or with fewer than eight reference values, did not shift: there is nothing to compare with.
    """
    after = present(window[i] for i in rows.after)
    known = present(reference)
    if not after or len(known) < 8:
        return NO_SHIFT
    before = present(window[i] for i in rows.before)
    level = mean(after)
    if before and level <= mean(before):
        return Shift(level=level, against_before=0.0)  # no step upwards: spare the comparison
    levels, steps = _reference_windows(reference, known, len(before) or len(rows.before), len(after))
    usual, noise = centre_and_scale(levels, level)
    floor = RELATIVE_FLOOR * abs(usual) + 1e-9 * abs(level) or 1e-300
    noise = max(noise, floor)
    from_reference = (level - usual) / noise
    if not before or len(steps) < 4:
        sigmas = from_reference * (MEMORYLESS if rows.before else 1.0)
        kept = PERSISTENCE * (_without_highest(after) - usual) / noise
        sigmas = max(0.0, min(sigmas, kept))
        return Shift(sigmas, max(0.0, level - usual), usual, level, from_reference, None)
    earlier = mean(before)
    usual_step, step_noise = centre_and_scale(steps, level - earlier)
    # Noise grows with the level: after a drift upwards the reference's steps are too small a yardstick.
    drift = max(1.0, abs(earlier / usual)) if usual else 1.0
    step_noise = max(step_noise * drift, floor)
    from_before = (level - earlier - usual_step) / step_noise
    rest = _without_highest(after)
    kept = PERSISTENCE * min((rest - usual) / noise, (rest - earlier - usual_step) / step_noise)
    base = max(usual, earlier)
    sigmas = max(0.0, min(from_reference, from_before, kept))
    return Shift(sigmas, max(0.0, level - base), base, level, from_reference, from_before)


def _without_highest(after: Sequence[float]) -> float:
    """Mean without the highest row: one outlier is not an incident, unless there is little else to go by."""
    return mean(after) if len(after) < 3 else (sum(after) - max(after)) / (len(after) - 1)


def _reference_windows(
    reference: Gappy, known: Sequence[float], before: int, after: int
) -> tuple[list[float], list[float]]:
    """Levels and steps of windows of the same shape laid over the reference."""
    levels, steps = slide(reference, before, after)
    if len(levels) >= 8:
        return levels, steps
    return list(known), [b - a for a, b in pairwise(known)]


def slide(reference: Gappy, before: int, after: int) -> tuple[list[float], list[float]]:
    """Mean of `after` rows, and its difference from the mean of the `before` rows preceding them.

    Running sums make a window cost the same whatever its width.
    """
    width = before + after
    last = len(reference) - width
    if last < 4:
        return [], []
    every = max(1, last // BLOCKS)
    gaps = None in reference
    filled = [v or 0.0 for v in reference] if gaps else cast(Sequence[float], reference)
    sums = [*accumulate(filled, initial=0.0)]
    at = (sums[: last + 1 : every], sums[before : last + before + 1 : every], sums[width::every])
    if not gaps:
        levels = [(end - middle) / after for _, middle, end in zip(*at, strict=True)]
        if not before:
            return levels, []
        return levels, [
            level - (middle - start) / before for level, start, middle in zip(levels, *at[:2], strict=True)
        ]
    counts = [*accumulate([v is not None for v in reference], initial=0)]
    held = (counts[: last + 1 : every], counts[before : last + before + 1 : every], counts[width::every])
    gappy_levels, steps = [], []
    for start, middle, end, had_start, had_middle, had_end in zip(*at, *held, strict=True):
        if had_end > had_middle:
            level = (end - middle) / (had_end - had_middle)
            gappy_levels.append(level)
            if had_middle > had_start:
                steps.append(level - (middle - start) / (had_middle - had_start))
    return gappy_levels, steps


def centre_and_scale(values: Sequence[float], towards: float, *, of_rare: bool = True) -> tuple[float, float]:
    """Median, and the spread on the side where `towards` lies, as a standard deviation.

    A column that hardly ever moves has quantiles equal to its median. `of_rare` then takes a third of
    the rarest movement; without it the spread is 0 and the caller judges by other means.
    """
    ordered = sorted(values)
    last = len(ordered) - 1
    centre = ordered[len(ordered) // 2]
    spreads = [
        (ordered[int(q * last)] - centre if towards >= centre else centre - ordered[int((1 - q) * last)]) / z
        for q, z in _NORMAL
    ]
    scale = max(spreads[:2])
    if scale <= 0:
        scale = spreads[2]
    if scale <= 0 and of_rare:
        scale = max(ordered[-1] - centre, centre - ordered[0]) / 3
    return centre, max(0.0, scale)
