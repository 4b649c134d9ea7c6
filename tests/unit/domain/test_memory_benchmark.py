"""A small run of `make bench-memory`: memory helps, and one wrong label costs no more than it brought."""

from random import Random

import pytest

from auto_repair.domain.fingerprint import Fingerprint
from scripts.bench_memory import Case, Fleet, Score, by_a_person, golden, likeliest, poisoned, remembering
from tests.builders import NOW

SEEDS, KNOWN, TESTED = range(2), 40, 20


@pytest.fixture(scope="module")
def fleets() -> list[list[Case]]:
    return [list(Fleet(seed).incidents(KNOWN + TESTED)) for seed in SEEDS]


def test_incidents_are_drawn_the_same_way_again(fleets: list[list[Case]]) -> None:
    assert list(Fleet(0).incidents(KNOWN + TESTED)) == fleets[0]
    assert {case.cause for case in fleets[0]} == set(golden())


def test_memory_helps_and_spoils_next_to_nothing(fleets: list[list[Case]]) -> None:
    score = scored(fleets, poison=False)
    assert score.with_it >= score.without + 0.05
    assert score.spoiled <= 0.02


def test_one_wrong_label_does_not_make_it_worse_than_no_memory(fleets: list[list[Case]]) -> None:
    score = scored(fleets, poison=True)
    assert score.with_it >= score.without
    assert score.spoiled <= 0.02


def scored(fleets: list[list[Case]], *, poison: bool) -> Score:
    cases, answers, rng = [], [], Random(1)
    for incidents in fleets:
        past = [by_a_person(case, rng) for case in incidents[:KNOWN]]
        for case in incidents[KNOWN:]:
            cases.append(case)
            answers.append(poisoned(case, past, sorted(golden()), rng) if poison else remembering(case, past))
    return Score.of(cases, answers)


def test_the_score() -> None:
    case = Case("f", Fingerprint(), {"leak": 0.6, "timeout": 0.3}, "leak", NOW)
    wrong = Case("f", case.seen, {"timeout": 0.3}, "leak", NOW)
    assert Score.of([case, wrong], ["leak", "leak"]) == Score(0.5, 1.0, 0.5, 0.0)
    assert Score.of([case, wrong], ["timeout", ""]) == Score(0.5, 0.0, 0.0, 0.5)
    assert likeliest({}) == ""
