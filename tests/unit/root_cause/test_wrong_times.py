"""An alarm's time may be wrong: trouble is found where it was, and none where there was none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_repair.root_cause import Column, Frame, Investigation, Outcome, Role, Verdict, investigate
from auto_repair.root_cause.model import Values
from auto_repair.root_cause.onset import find_stretch
from auto_repair.root_cause.telemetry import read_telemetry
from tests.unit.root_cause.service_graph import BEFORE_ROWS, PERIOD_S, System

ROLES = {Role.LATENCY: System(slow={"table": 0.2}), Role.AVAILABILITY: System(failing={"table": 0.3})}
CALM_ROWS = 6


def past_trouble(system: System, role: Role, calm: int = CALM_ROWS) -> Investigation:
    """Trouble that ended so many rows before the window does; the alarm fires in the last row."""
    bad, good = system.investigation(role), System(seed=system.seed + 1).investigation(role)
    times = bad.window.timestamps
    later = tuple(times[-1] + PERIOD_S * (i + 1) for i in range(calm))
    columns = {c: (*values, *calm_values(good, c, calm)) for c, values in bad.window.columns.items()}
    at = (*times, *later)[-1] + 10
    return replace(bad, window=Frame((*times, *later), columns), alarm=replace(bad.alarm, at=at))


def calm_values(good: Investigation, column: Column, rows: int) -> Values:
    return good.reference.columns[column][:rows]


def alarmed_at(investigation: Investigation, row: float) -> Investigation:
    at = investigation.window.timestamps[0] + row * PERIOD_S
    return replace(investigation, alarm=replace(investigation.alarm, at=at))


def first(verdict: Verdict) -> str:
    assert verdict.outcome is Outcome.INCIDENT
    return verdict.hypotheses[0].node


@pytest.mark.parametrize("role", ROLES)
def test_trouble_that_was_over_when_the_alarm_fired_is_found(role: Role) -> None:
    verdict = investigate(past_trouble(ROLES[role], role))
    assert first(verdict) == "table"
    assert "the trouble was over when the alarm fired" in verdict.hypotheses[0].evidence_against


def test_since_is_when_the_trouble_was_and_not_the_alarm() -> None:
    case = past_trouble(ROLES[Role.LATENCY], Role.LATENCY)
    assert investigate(case).hypotheses[0].since == case.window.timestamps[BEFORE_ROWS]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(ROLES)), st.floats(0, 7.9), st.integers(0, 10_000))
def test_whatever_time_is_given_the_culprit_stays_the_same(role: Role, row: float, seed: int) -> None:
    case = replace(ROLES[role], seed=seed).investigation(role)
    assert first(investigate(alarmed_at(case, row))) == "table"


def test_looking_elsewhere_makes_hardly_any_incident_of_a_quiet_window() -> None:
    quiet = (alarmed_at(past_trouble(System(seed=seed), Role.LATENCY), seed % 14) for seed in range(60))
    assert sum(investigate(case).outcome is Outcome.INCIDENT for case in quiet) <= 1


def test_one_hot_row_is_no_stretch() -> None:
    case = with_hot_rows({5})
    assert find_stretch(read_telemetry(case)) is None
    assert investigate(case).outcome is not Outcome.INCIDENT


def test_two_hot_rows_are_one() -> None:
    stretch = find_stretch(read_telemetry(with_hot_rows({5, 6})))
    assert stretch is not None
    assert stretch.before == (0, 1, 2, 3, 4)
    assert stretch.after == (5, 6)


def test_without_calm_rows_before_it_there_is_no_stretch() -> None:
    assert find_stretch(read_telemetry(with_hot_rows({0, 1, 2}))) is None


def test_trouble_the_reference_knows_as_well_is_no_stretch() -> None:
    case = with_hot_rows({5, 6, 7})
    reference = case.reference
    bursts = {
        column: tuple(v + 5 if i % 10 in (5, 6, 7) and v is not None else v for i, v in enumerate(values))
        for column, values in reference.columns.items()
    }
    assert find_stretch(read_telemetry(replace(case, reference=replace(reference, columns=bursts)))) is None


def test_a_reference_too_short_to_tell_chance_leaves_the_alarms_time() -> None:
    case = with_hot_rows({5, 6})
    short = {column: values[:30] for column, values in case.reference.columns.items()}
    case = replace(case, reference=Frame(case.reference.timestamps[:30], short))
    assert find_stretch(read_telemetry(case)) is None


def test_an_incident_at_the_alarms_time_is_not_traded_for_a_hotter_one_before() -> None:
    case = past_trouble(System(slow={"table": 0.5}), Role.LATENCY)
    rows = len(case.window.timestamps)
    columns = dict(case.window.columns)
    for column, values in columns.items():
        if column.node in ("shop", "search") and column.role is Role.LATENCY:
            columns[column] = tuple(
                v + 0.1 if i >= rows - 3 and v is not None else v for i, v in enumerate(values)
            )
    later = replace(case, window=replace(case.window, columns=columns))
    assert first(investigate(alarmed_at(later, rows - 3 + 0.1))) == "search"


def with_hot_rows(hot: set[int]) -> Investigation:
    """Fourteen rows of the small system, in which some rows are ten times as slow everywhere."""
    calm = past_trouble(System(), Role.LATENCY)
    columns = {
        column: tuple(
            v * 10 if i in hot and column.role is Role.LATENCY and v is not None else v
            for i, v in enumerate(values)
        )
        for column, values in calm.window.columns.items()
    }
    return replace(calm, window=replace(calm.window, columns=columns))
