"""Times in every form that AWS writes, and in the one that we do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.timestamps import from_epoch_ms, iso, parse, to_epoch_ms
from tests.builders import (
    NOW,
)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000+0000",
        "2026-01-31T13:00:00.000+01:00",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.000Z",
    ],
)
def test_every_form_of_time_that_aws_writes(text: str) -> None:
    assert parse(text) == NOW


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+05:00"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month|calendar"):
        parse(text)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001  # hypothesis wants no zone
def test_text_order_is_time_order(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert parse(iso(aware)) == aware
    assert iso(aware) < iso(aware + timedelta(microseconds=1))
    assert iso(aware.astimezone(timezone(timedelta(hours=5)))) == iso(aware)


def test_step_functions_count_milliseconds() -> None:
    assert from_epoch_ms(1769860800000) == NOW


def test_milliseconds_there_and_back() -> None:
    moment = NOW + timedelta(milliseconds=250)
    assert to_epoch_ms(NOW) == 1769860800000
    assert from_epoch_ms(to_epoch_ms(moment)) == moment
