"""Steps of the ladder."""

from auto_repair.domain.ladder import for_need, next_rung, round_down, round_up


def test_ladder() -> None:
    assert (next_rung(128, rung=1), next_rung(384, rung=2)) == (384, 768)
    assert for_need(300) == 400
    assert (round_up(385, 64), round_up(384, 64), round_down(447, 64)) == (448, 384, 384)
