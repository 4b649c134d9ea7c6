"""Which calls fail in the walks, and how: nothing is left out of a full one, whatever its parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from local.faults import ERROR_KINDS, FaultControl
from tests.e2e.fault_walk import WORKFLOW, Point, Scenario, Trial
from tests.e2e.walk_choice import every_way, looks, trials
from tests.e2e.walk_extent import MOST_PARTS, Extent

CONTROL = FaultControl("localhost", 0)  # nothing is asked of it here
FULL = Extent(is_full=True)
NEVER_LOST = set(ERROR_KINDS) - {"answer_lost"}  # of a read, that is a lost connection

READ = Point("DiagnoseIssue", "diagnoser", "dynamodb", "Query", "repairs", nth=1, before=0)
WRITE = Point("NotifyResult", "notifier", "sns", "Publish", "", nth=1, before=0)
START = Point("ExecuteRepair", WORKFLOW, "lambda", "Invoke", "executor", nth=1, before=0)
LOGS = Point("LookAround", "collector", "logs", "FilterLogEvents", "", nth=1, before=0)
EVIDENCE = Point("LookAround", "collector", "s3", "GetObject", "reports", nth=1, before=0)


def again(point: Point, nth: int) -> Point:
    return replace(point, nth=nth, before=nth - 1)


SCENARIO, OTHER = (Scenario(name, "", {}) for name in ("repaired", "approved"))
STORIES = {
    SCENARIO: [READ, again(READ, 2), again(READ, 3), WRITE],
    OTHER: [READ, START],
}


def walked(extent: Extent) -> Counter[str]:
    return Counter(f"{scenario.name}: {trial}" for scenario, trial in trials(CONTROL, STORIES, extent))


@pytest.mark.parametrize("point", [READ, WRITE, START, LOGS])
def test_every_call_fails_in_every_way(point: Point) -> None:
    once = {error for error, forever in every_way(point) if not forever}
    assert once == (NEVER_LOST if point in (READ, LOGS) else set(ERROR_KINDS))
    assert {error for error, forever in every_way(point) if forever} == {"access_denied", "internal"}


def test_a_full_walk_takes_the_first_two_calls_of_a_kind_where_it_is_first_met() -> None:
    ways = {point: len(every_way(point)) for point in (READ, WRITE, START)}
    assert sum(walked(FULL).values()) == 2 * ways[READ] + ways[WRITE] + ways[START]
    assert not any(line.startswith("approved: DiagnoseIssue") for line in walked(FULL))
    assert not any("(3)" in line for line in walked(FULL))


def test_an_ordinary_walk_lets_each_kind_of_call_fail_for_ever_and_writes_once_too() -> None:
    lines = list(walked(Extent()))
    assert [line.split(": ")[1] for line in lines if line.endswith("for ever")] == [
        "DiagnoseIssue",
        "NotifyResult",
        "ExecuteRepair",
    ]
    assert len([line for line in lines if line.endswith("once")]) == 2


@pytest.mark.parametrize("parts", range(1, MOST_PARTS + 1))
def test_parts_walk_everything_once_between_them(parts: int) -> None:
    each = [walked(Extent(True, part, parts)) for part in range(1, parts + 1)]
    assert sum(each, Counter()) == walked(FULL)


@pytest.mark.parametrize("part", range(1, MOST_PARTS + 1))
def test_even_the_smallest_part_walks_every_call(part: int) -> None:
    smallest = trials(CONTROL, STORIES, Extent(True, part, MOST_PARTS))
    assert {trial.point for _, trial in smallest} == {READ, again(READ, 2), WRITE, START}


def looked(made: list[Point], extent: Extent) -> list[Trial]:
    return looks(CONTROL, made, extent)


def test_looking_around_lets_each_kind_of_call_fail_in_one_way() -> None:
    assert [str(trial) for trial in looked([LOGS, again(LOGS, 2), EVIDENCE, START], Extent())] == [
        "LookAround: logs:FilterLogEvents internal once",
        "LookAround: s3:GetObject on reports access_denied for ever",
    ]


def test_looking_around_in_full_lets_it_fail_in_every_way_and_hang_last() -> None:
    found = [(trial.error, trial.forever) for trial in looked([EVIDENCE, START], FULL)]
    assert Counter(found) == Counter((error, forever) for error in NEVER_LOST for forever in (False, True))
    assert [error for error, _ in found[-2:]] == ["timeout", "timeout"]


def test_of_calls_side_by_side_none_fails_by_one_lost_request() -> None:
    found = looked([LOGS, again(LOGS, 2)], FULL)
    assert {trial.error for trial in found if trial.forever} == NEVER_LOST
    assert {trial.error for trial in found if not trial.forever} == {"access_denied", "conflict"}


@pytest.mark.parametrize("parts", range(1, MOST_PARTS + 1))
def test_parts_look_around_at_everything_once_between_them(parts: int) -> None:
    made = [LOGS, again(LOGS, 2), EVIDENCE]
    each = [Counter(map(str, looked(made, Extent(True, part, parts)))) for part in range(1, parts + 1)]
    assert sum(each, Counter()) == Counter(map(str, looked(made, FULL)))
    assert all(
        {line.split()[1] for line in part} == {"logs:FilterLogEvents", "s3:GetObject"} for part in each
    )
