"""Throttled by its own reservation, not by the account's limit."""

from auto_repair.domain.evidence import Concurrency, Evidence
from auto_repair.failure_modes.throttled_by_reserved_concurrency import detect
from tests.builders import a_series, evidence


def throttled(reserved: int | None, peak: float = 0, account: float = 0, throttles: float = 40) -> Evidence:
    return evidence(
        concurrency=Concurrency(reserved, 1000, 1000 - (reserved or 0)),
        series=(
            a_series("Throttles", throttles),
            a_series("ConcurrentExecutions", peak),
            a_series("AccountConcurrentExecutions", account),
        ),
    )


def test_reservation_used_up_matches() -> None:
    found = detect(throttled(5, peak=5))
    assert found is not None
    assert found.confidence == 0.95
    assert "reserved concurrency is 5" in [reason.text for reason in found.because]


def test_reservation_of_zero_matches() -> None:
    found = detect(throttled(0))
    assert found is not None
    assert found.confidence == 0.95


def test_burst_between_two_samples_stays_likely() -> None:
    found = detect(throttled(100, peak=20))
    assert found is not None
    assert found.confidence == 0.7
    assert found.against


def test_exhausted_account_is_somebody_elses_doing() -> None:
    found = detect(throttled(5, peak=5, account=980))
    assert found is not None
    assert found.confidence < 0.5


def test_nothing_without_throttles_or_reservation() -> None:
    assert detect(throttled(5, peak=5, throttles=0)) is None
    assert detect(throttled(None, peak=5)) is None
    assert detect(evidence(concurrency=None, series=(a_series("Throttles", 3),))) is None
