"""The little statistics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.statistics import clean_runs_needed, slope


@pytest.mark.parametrize(
    ("rate", "at_least", "needed"),
    [
        (1.0, 3, 3),
        (1.0, 0, 1),  # silence is never proof
        (0.5, 3, 5),
        (0.1, 3, 29),
        (0.01, 3, 299),
        (0.0, 3, 30),
        (0.0, 100, 100),
        (0.9, 20, 20),
    ],
)
def test_clean_runs_needed(rate: float, at_least: int, needed: int) -> None:
    assert clean_runs_needed(rate, at_least) == needed


@given(st.floats(0.001, 0.999))
def test_so_many_clean_runs_are_luck_in_one_of_twenty_cases_at_most(rate: float) -> None:
    needed = clean_runs_needed(rate, 1)
    assert (1 - rate) ** needed <= 0.05 + 1e-9
    if needed > 1:
        assert (1 - rate) ** (needed - 1) > 0.05 - 1e-9


def test_slope_is_not_moved_by_an_outlier() -> None:
    line = [2.0 * i for i in range(9)]
    assert slope([float(i) for i in range(9)], [*line[:8], 500.0]) == 2.0


def test_slope_needs_two_different_points() -> None:
    assert slope([], []) == 0.0
    assert slope([1.0], [5.0]) == 0.0
    assert slope([1.0, 1.0], [5.0, 9.0]) == 0.0
