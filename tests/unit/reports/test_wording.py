"""Figures, times and confidence in words."""

from datetime import UTC, datetime

import pytest

from auto_repair.domain.repair import Setting
from auto_repair.reports import wording


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.97, "very likely (97 %)"), (0.7, "likely (70 %)"), (0.5, "possible (50 %)"), (0.1, "weak (10 %)")],
)
def test_confidence(share: float, words: str) -> None:
    assert wording.confidence(share) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (None, "not priced"),
        (0.0, "no extra cost"),
        (0.004, "under USD 0.01 a month"),
        (1234.5, "at most about USD 1,234.50 more a month"),
        (-2.0, "USD 2.00 less a month"),
    ],
)
def test_price(usd: float | None, words: str) -> None:
    assert wording.price(usd) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (43, "43 s"),
        (250, "4 min 10 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_span(seconds: float, words: str) -> None:
    assert wording.span(seconds) == words


@pytest.mark.parametrize("text", ["2026-01-31T12:04:31+00:00", "2026-01-31T12:04:31Z", "2026-01-31T12:04:31"])
def test_moments_are_utc_unless_they_say_otherwise(text: str) -> None:
    assert wording.parsed(text) == datetime(2026, 1, 31, 12, 4, 31, tzinfo=UTC)
    assert wording.moment(wording.parsed(text)) == "2026-01-31 12:04:31 UTC"


@pytest.mark.parametrize("text", ["", None, "yesterday", 17])
def test_what_is_no_moment_is_none(text: object) -> None:
    assert wording.parsed(text) is None


def test_values_and_lists() -> None:
    assert wording.setting_value(Setting.RESERVED_CONCURRENCY, None) == "none"
    assert wording.setting_value(Setting.TIMEOUT_S, 30) == "30 s"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed([]) == ""
    assert wording.listed(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert wording.listed(["a", "b"], most=2) == "a and b"
    assert (wording.count(1, "run"), wording.count(1200, "run")) == ("1 run", "1,200 runs")
