"""Edges that the graph lacks are found by calls that vary in step, at a cost that does not explode."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.root_cause.graph import MOST_HARMED, CallGraph, missing_edges
from auto_repair.root_cause.model import Graph
from auto_repair.root_cause.series import correlation, standardised
from auto_repair.root_cause.traffic import Calls

ROWS = 60
LEVELS = st.lists(st.floats(-1e6, 1e6), max_size=20)


def calls_like(rng: random.Random) -> Calls:
    return Calls((), tuple(rng.uniform(50, 150) for _ in range(ROWS)))


def test_a_leaf_whose_calls_vary_in_step_is_connected() -> None:
    rng = random.Random(1)
    graph = CallGraph.of(Graph.of((), [("service", "known"), ("service", "calm")]))
    shared = calls_like(rng)
    calls = {"service": shared, "known": shared, "leaf": shared, "other": calls_like(rng), "small": shared}
    volume = {"service": 10.0, "known": 9.0, "leaf": 9.0, "other": 9.0, "small": 1.0}
    assert missing_edges(graph, list(volume), volume, calls) == [("service", "leaf")]


def test_among_many_in_trouble_the_most_harmed_are_compared() -> None:
    rng = random.Random(2)
    many = 2 * MOST_HARMED
    graph = CallGraph.of(Graph.of((), [(f"service{i}", f"calm{i}") for i in range(many)]))
    shared = calls_like(rng)
    volume = {f"{kind}{i}": 1000.0 + i for kind in ("service", "leaf") for i in range(many)}
    found = missing_edges(graph, list(volume), volume, dict.fromkeys(volume, shared))
    assert len(found) == MOST_HARMED**2
    assert (f"service{many - 1}", f"leaf{many - 1}") in found
    assert not any(node in ("service0", "leaf0") for edge in found for node in edge)


@given(LEVELS, LEVELS)
def test_rows_made_alike_multiply_to_their_correlation(left: list[float], right: list[float]) -> None:
    rows = min(len(left), len(right))
    left, right = left[:rows], right[:rows]
    product = sum(a * b for a, b in zip(standardised(left), standardised(right), strict=False))
    assert product == pytest.approx(correlation(left, right), abs=1e-6)
