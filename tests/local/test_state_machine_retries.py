"""Gap 12: retry delays after the Amazon States Language."""

from __future__ import annotations

import pytest

from local.shims.state_machine_retries import delay_s


@pytest.mark.parametrize(
    ("retrier", "delays"),
    [
        ({}, [1, 2, 4, 8]),
        ({"IntervalSeconds": 3, "BackoffRate": 1.5}, [3, 4.5, 6.75]),
        ({"IntervalSeconds": 3, "MaxDelaySeconds": 5}, [3, 5, 5]),
    ],
)
def test_delays_grow_up_to_the_maximum(retrier: dict[str, float], delays: list[float]) -> None:
    assert [delay_s(retrier, attempt) for attempt in range(len(delays))] == delays


def test_full_jitter_draws_between_zero_and_the_delay() -> None:
    retrier = {"IntervalSeconds": 8, "JitterStrategy": "FULL", "MaxDelaySeconds": 10}
    drawn = [delay_s(retrier, 1) for _ in range(200)]
    assert 0 <= min(drawn) < 3
    assert 7 < max(drawn) <= 10
