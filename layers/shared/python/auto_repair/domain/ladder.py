"""How far to go when a killed run hides what it needs, and where to stop when a run shows it."""

from math import ceil, floor

# A run killed at its limit proves only that it needs more than the limit. Tripling is the largest step that
# still leaves the new limit within three times the need, and the fewest kills on the way.
FIRST_STEP = 3.0
LATER_STEP = 2.0
MAX_RUNGS = 12  # from the smallest value to the largest that AWS offers, with some to spare
HEADROOM = 0.75  # a measured need shall fill at most this share of the new limit


def next_rung(current: float, *, rung: int) -> float:
    """The limit to try on the given rung (1 is the first) while the need is unknown."""
    return current * (FIRST_STEP if rung == 1 else LATER_STEP)


def for_need(need: float) -> float:
    """The limit under which a measured need has headroom."""
    return need / HEADROOM


def round_up(value: float, step: int) -> int:
    """`value` rounded up to a whole multiple of `step`."""
    return ceil(value / step) * step


def round_down(value: float, step: int) -> int:
    """`value` rounded down to a whole multiple of `step`."""
    return floor(value / step) * step
