"""Joining what sources know, and reading figures from it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import (
    Concurrency,
    Evidence,
    EvidenceItem,
    Window,
    by_log_stream,
    merge,
    percentile,
)
from tests.builders import (
    FUNCTION,
    NOW,
    a_configuration,
    a_gap,
    a_kill,
    a_run,
    a_series,
    a_timeout,
    a_window,
    ago,
    evidence,
    in_turn,
)


def part(**facts: object) -> Evidence:
    return Evidence(FUNCTION, a_window(), **facts)  # type: ignore[arg-type]


def test_window_ends_before_its_end() -> None:
    window = Window(ago(minutes=15), NOW)
    assert ago(minutes=15) in window
    assert NOW not in window
    assert window.seconds == 900


def test_parts_make_a_whole() -> None:
    item = EvidenceItem("a", "logs", "query", a_window(), "3")
    whole = merge(
        part(items=(item,)),
        [
            part(configuration=a_configuration(), items=(item,)),
            part(concurrency=Concurrency(0, 1000, 1000), series=(a_series("Errors", 1),)),
            part(invocations=(a_run(),), missing=(a_gap("xray"),)),
            part(series=(a_series("Throttles", 2),)),
        ],
    )
    assert whole.configuration == a_configuration()
    assert whole.concurrency == Concurrency(0, 1000, 1000)
    assert [s.name for s in whole.series] == ["Errors", "Throttles"]
    assert len(whole.items) == 2
    assert whole.lacks("xray")
    assert not whole.lacks("lambda_logs")


def test_part_that_knows_nothing_takes_nothing_away() -> None:
    whole = part(configuration=a_configuration(), alias="live")
    assert merge(whole, [part()]) == whole


def test_metric_that_was_not_seen_is_empty() -> None:
    assert evidence().metric("Errors").total == 0.0
    assert evidence().metric("Errors").peak == 0.0
    assert evidence().normal("Errors").values == ()


def test_series_since_a_moment_begins_with_a_whole_period() -> None:
    series = a_series("Errors", 1, 2, 3, start=NOW)
    assert series.since(NOW + timedelta(seconds=1)).values == (2.0, 3.0)
    assert series.since(NOW).values == (1.0, 2.0, 3.0)
    assert (series.total, series.peak) == (6.0, 3.0)


def test_runs_by_how_they_ended() -> None:
    seen = evidence(invocations=in_turn([a_run(), a_kill(), a_timeout()]))
    assert len(seen.successes) == 1
    assert len(seen.failures) == 2


def test_run_knows_when_it_began_and_how_full_it_was() -> None:
    run = a_run(96, duration_ms=1500.0, ended_at=NOW)
    assert run.started_at == NOW - timedelta(seconds=1.5)
    assert run.memory_share == 0.75
    assert a_run(96, memory_size_mb=0).memory_share == 0.0


def test_environments_are_told_apart_and_put_in_order() -> None:
    early, late = (
        a_run(log_stream="a", ended_at=ago(minutes=2)),
        a_run(log_stream="a", ended_at=ago(minutes=1)),
    )
    other = a_run(log_stream="b")
    assert list(by_log_stream([late, other, early])) == [(early, late), (other,)]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 50), (0.95, 95), (0.99, 99), (0.07, 7), (1.0, 100)]
)
def test_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile(range(1, 101), share) == expected


def test_percentile_of_few_values() -> None:
    assert percentile([], 0.5) == 0.0
    assert percentile([3.0, 1.0], 0.5) == 1.0
    assert percentile([7.0], 0.99) == 7.0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_percentile_is_a_value_that_this_share_does_not_pass(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-6
