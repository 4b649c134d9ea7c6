"""What owners allow: modes per repair, and freeze windows across weeks and time zones."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.policy import NOT_ONBOARDED, FreezeWindow, FunctionPolicy, Mode

MONDAY = datetime(2026, 2, 2, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of one week, day 0 is its Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def test_new_functions_are_only_observed() -> None:
    assert FunctionPolicy().mode_for("raise_memory") is Mode.OBSERVE
    assert NOT_ONBOARDED.mode_for("raise_memory") is Mode.OBSERVE


def test_mode_of_a_repair_beats_the_mode_of_the_function() -> None:
    policy = FunctionPolicy(mode=Mode.ASK, repairs={"raise_memory": Mode.AUTO})
    assert policy.mode_for("raise_memory") is Mode.AUTO
    assert policy.mode_for("raise_timeout") is Mode.ASK


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        (at(4, 15, 59), False),
        (at(4, 16), True),
        (at(6, 23, 59), True),
        (at(0, 0), True),
        (at(0, 7, 59), True),
        (at(0, 8), False),
        (at(2, 12), False),
    ],
)
def test_weekend_wraps_around_the_weeks_end(moment: datetime, frozen: bool) -> None:
    assert FreezeWindow("fri 16:00", "mon 08:00").covers(moment) is frozen


@pytest.mark.parametrize(
    ("moment", "frozen"), [(at(1, 8, 59), False), (at(1, 9), True), (at(3, 16), True), (at(3, 17), False)]
)
def test_span_within_the_week(moment: datetime, frozen: bool) -> None:
    assert FreezeWindow("Tue 09:00", " thu 17:00").covers(moment) is frozen


def test_local_time_counts_also_across_the_date_line() -> None:
    window = FreezeWindow("mon 08:00", "mon 09:00", "Pacific/Auckland")
    assert window.covers(datetime(2026, 2, 1, 19, 30, tzinfo=UTC))  # Sunday in UTC
    assert not window.covers(datetime(2026, 2, 2, 8, 30, tzinfo=UTC))


def test_local_time_counts_in_summer_and_in_winter() -> None:
    window = FreezeWindow("fri 16:00", "fri 17:00", "Europe/Berlin")
    assert window.covers(datetime(2026, 1, 30, 15, 30, tzinfo=UTC))
    assert window.covers(datetime(2026, 7, 31, 14, 30, tzinfo=UTC))
    assert not window.covers(datetime(2026, 7, 31, 15, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("friday 16:00", "the day is one of"),
        ("16:00", "the day is one of"),
        ("", "the day is one of"),
        ("fri", "isoformat"),
        ("fri 25:00", "hour"),
    ],
)
def test_unreadable_window_is_an_error(start: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        FreezeWindow(start, "mon 08:00").covers(MONDAY)


_SPOT = st.tuples(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), st.times())


@given(start=_SPOT, end=_SPOT, moment=st.datetimes(timezones=st.just(ZoneInfo("UTC"))))
def test_window_and_its_complement_share_the_week(
    start: tuple[str, time], end: tuple[str, time], moment: datetime
) -> None:
    (first, second) = (f"{day} {clock:%H:%M}" for day, clock in (start, end))
    if first != second:
        assert FreezeWindow(first, second).covers(moment) != FreezeWindow(second, first).covers(moment)
