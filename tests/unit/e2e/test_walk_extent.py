"""What a run of the walks is asked for, and that its parts are the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.walk_extent import MOST_PARTS, Extent, Progress

PARTS = [Extent(True, part, parts) for parts in range(1, MOST_PARTS + 1) for part in range(1, parts + 1)]


@pytest.mark.parametrize(
    ("environment", "extent"),
    [
        ({}, Extent()),
        ({"WALK": "", "WALK_PART": ""}, Extent()),
        ({"WALK": "full"}, Extent(is_full=True)),
        ({"WALK": "full", "WALK_PART": ""}, Extent(is_full=True)),
        ({"WALK": "full", "WALK_PART": "2/4"}, Extent(True, 2, 4)),
        ({"WALK": "full", "WALK_PART": "8/8"}, Extent(True, 8, 8)),
    ],
)
def test_what_the_variables_ask_for(environment: dict[str, str], extent: Extent) -> None:
    assert Extent.of(environment) == extent


@pytest.mark.parametrize(
    "part", ["5/4", "0/4", "1/9", "2", "2/", "/4", "-1/4", "2/4/8", "a/b", "1/0", "²/4", " "]
)
def test_a_part_that_there_is_not_is_told_with_what_to_set(part: str) -> None:
    with pytest.raises(ValueError, match=r"^WALK_PART is '.+at most 8, such as WALK_PART=2/4\.$"):
        Extent.of({"WALK": "full", "WALK_PART": part})


@pytest.mark.parametrize("walk", ["Full", "1", "yes"])
def test_an_unknown_walk_is_told_with_what_to_set(walk: str) -> None:
    with pytest.raises(ValueError, match=f"^WALK is '{walk}': set WALK=full"):
        Extent.of({"WALK": walk})


def test_a_part_of_the_ordinary_walk_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^WALK_PART is '2/4', .* set WALK=full too\.$"):
        Extent.of({"WALK_PART": "2/4"})


@given(st.text(), st.lists(st.integers(), max_size=20), st.integers(1, MOST_PARTS))
def test_the_parts_are_disjoint_and_together_the_whole(name: str, ways: list[int], parts: int) -> None:
    shares = [share(name, ways, part, parts) for part in range(1, parts + 1)]
    assert Counter(way for ways in shares for way in ways) == Counter(ways)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def share(name: str, ways: Sequence[int], part: int, parts: int) -> list[int]:
    return Extent(True, part, parts).share(name, ways)


def test_a_share_depends_on_nothing_but_name_and_part() -> None:
    assert share("NotifyResult: sns:Publish", range(9), 2, 4) == [3, 7]
    assert share("NotifyResult: sns:Publish", range(9), 3, 4) == [0, 4, 8]


def test_the_whole_keeps_its_order() -> None:
    assert Extent().share("a call", [3, 1, 2]) == [3, 1, 2]


def test_a_line_for_each_incident_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(40)
    with ThreadPoolExecutor(8) as lanes:
        list(
            lanes.map(lambda n: progress.tell("repaired", f"call {n} throttled once", "VERIFIED"), range(40))
        )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [f"{n}/40" for n in range(1, 41)]
    assert {line.split(": ", 1)[1] for line in lines} == {
        f"call {n} throttled once → VERIFIED" for n in range(40)
    }
