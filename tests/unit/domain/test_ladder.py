"""Steps of the ladder."""

import pytest

from auto_repair.domain.ladder import MAX_RUNGS, for_need, next_rung, round_down, round_up
from auto_repair.repairs.raise_memory import LAMBDA_MAX_MB
from auto_repair.repairs.raise_timeout import LAMBDA_MAX_S


@pytest.mark.parametrize(
    ("smallest", "largest"),
    [(128, LAMBDA_MAX_MB), (1, LAMBDA_MAX_S), (1, 1000)],  # of concurrency: the usual quota
)
def test_longest_ladder_has_rungs_to_the_largest_value(smallest: float, largest: float) -> None:
    value, rungs = smallest, 0
    while value < largest:
        rungs += 1
        value = next_rung(value, rung=rungs)
    assert rungs <= MAX_RUNGS


def test_ladder() -> None:
    assert (next_rung(128, rung=1), next_rung(384, rung=2)) == (384, 768)
    assert for_need(300) == 400
    assert (round_up(385, 64), round_up(384, 64), round_down(447, 64)) == (448, 384, 384)
