"""List prices."""

import pytest

from auto_repair.domain.pricing import monthly_compute_usd, monthly_requests_usd


def test_monthly_price_of_a_steady_load() -> None:
    # 1 GB for 1 s once a second for 30.4 days at 0.0000166667 USD
    price = monthly_compute_usd(memory_mb=1024, invocations_per_second=1, duration_s=1)
    assert price == pytest.approx(43.78, abs=0.01)
    arm = monthly_compute_usd(memory_mb=1024, invocations_per_second=1, duration_s=1, architecture="arm64")
    assert arm == pytest.approx(0.8 * price, rel=0.001)


def test_monthly_price_of_requests() -> None:
    # one call a second for 30.4 days at 0.20 USD per million
    assert monthly_requests_usd(1) == pytest.approx(0.525, abs=0.001)
