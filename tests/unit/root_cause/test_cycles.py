"""Calls in a circle do not explain the culprit away."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_repair.root_cause import (
    Alarm,
    Column,
    Frame,
    Graph,
    Investigation,
    Outcome,
    Role,
    cycles,
    investigate,
)
from auto_repair.root_cause.cycles import shares_in_circles
from auto_repair.root_cause.graph import CallGraph
from tests.unit.root_cause.service_graph import PERIOD_S, column

Edge = tuple[str, str]
REFERENCE_ROWS, BEFORE_ROWS, AFTER_ROWS = 120, 6, 5
CALLS = 400.0


def chain(length: int) -> list[str]:
    return [f"n{i}" for i in range(length)]


def broken_chain(
    nodes: Sequence[str], culprit: str, role: Role, extra: Iterable[Edge], alarmed: str | None = None
) -> Investigation:
    """Every node calls the next once per call; the culprit and all above it are in the same trouble."""
    rng = random.Random(f"{len(nodes)} {culprit} {role}")
    rows, first_bad = REFERENCE_ROWS + BEFORE_ROWS + AFTER_ROWS, REFERENCE_ROWS + BEFORE_ROWS
    harmed = nodes[: nodes.index(culprit) + 1]
    series: list[tuple[Column, list[float]]] = []
    for place, node in enumerate(nodes):
        usual = 0.05 * (len(nodes) - place)
        hurt = [i >= first_bad and node in harmed for i in range(rows)]
        slow = [rng.gauss(usual, 0.03 * usual) + (h and role is Role.LATENCY) * 0.8 for h in hurt]
        good = [(60.0 if h and role is Role.AVAILABILITY else 100.0) for h in hurt]
        series += [
            (column(node, Role.LATENCY), slow),
            (column(node, Role.AVAILABILITY), good),
            (column(node, Role.REQUESTS), [CALLS + rng.randint(-5, 5) for _ in hurt]),
        ]
    times = [PERIOD_S * i for i in range(rows)]
    return Investigation(
        Alarm(alarmed or nodes[0], role, times[first_bad] + 10),
        Frame.of(times[:REFERENCE_ROWS], [(c, v[:REFERENCE_ROWS]) for c, v in series]),
        Frame.of(times[REFERENCE_ROWS:], [(c, v[REFERENCE_ROWS:]) for c, v in series]),
        Graph.of(nodes, [*pairwise(nodes), *extra]),
    )


def ranked(investigation: Investigation) -> list[str]:
    verdict = investigate(investigation)
    assert verdict.outcome is Outcome.INCIDENT
    return [hypothesis.node for hypothesis in verdict.hypotheses]


@pytest.mark.parametrize("role", [Role.LATENCY, Role.AVAILABILITY])
@pytest.mark.parametrize("length", [2, 3, 4])
def test_the_last_node_of_a_circle_stays_the_culprit(length: int, role: Role) -> None:
    nodes = chain(length)
    back = [(nodes[-1], nodes[0])]
    assert ranked(broken_chain(nodes, nodes[-1], role, back))[0] == nodes[-1]


@pytest.mark.parametrize("role", [Role.LATENCY, Role.AVAILABILITY])
@pytest.mark.parametrize("length", [3, 4])
def test_a_culprit_in_the_middle_of_a_circle_is_named(length: int, role: Role) -> None:
    nodes = chain(length)
    back = [(nodes[-1], nodes[0])]
    assert ranked(broken_chain(nodes, nodes[1], role, back))[0] == nodes[1]


@pytest.mark.parametrize("role", [Role.LATENCY, Role.AVAILABILITY])
def test_a_caller_outside_tells_where_the_trouble_leaves_a_circle(role: Role) -> None:
    nodes = chain(5)
    back = [(nodes[4], nodes[1])]
    best = ranked(broken_chain(nodes, nodes[4], role, back, alarmed=nodes[2]))[0]
    assert best == nodes[4]


@pytest.mark.parametrize("role", [Role.LATENCY, Role.AVAILABILITY])
def test_the_alarm_in_the_middle_of_a_circle_nobody_calls_hides_nobody(role: Role) -> None:
    nodes = chain(4)
    back = [(nodes[3], nodes[0])]
    found = ranked(broken_chain(nodes, nodes[3], role, back, alarmed=nodes[1]))
    assert set(found) == set(nodes)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(2, 6), st.sampled_from([Role.LATENCY, Role.AVAILABILITY]))
def test_nobody_is_accused_for_sure_in_a_circle_without_a_beginning(
    data: st.DataObject, length: int, role: Role
) -> None:
    """All of it is in the same trouble: that the alarm is where it is called is no more than likely."""
    nodes = chain(length)
    alarmed = nodes[data.draw(st.integers(0, length - 1))]
    found = investigate(broken_chain(nodes, nodes[-1], role, [(nodes[-1], nodes[0])], alarmed)).hypotheses
    assert {h.node for h in found} == set(nodes)
    assert [h.confidence for h in found] == sorted((h.confidence for h in found), reverse=True)
    assert found[0].confidence < 0.9
    assert found[-1].confidence > 0.05
    told = f"it is one of {length} that call each other in a circle, which nobody else calls"
    assert all(any(told in objection for objection in h.evidence_against) for h in found)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 6), st.sampled_from([Role.LATENCY, Role.AVAILABILITY]))
def test_a_circle_that_somebody_calls_is_as_sure_as_ever(length: int, role: Role) -> None:
    nodes = chain(length)
    verdict = investigate(broken_chain(nodes, nodes[-1], role, [(nodes[-1], nodes[1])]))
    best = verdict.hypotheses[0]
    assert (best.node, best.confidence > 0.9) == (nodes[-1], True)
    assert not any("circle" in objection for objection in best.evidence_against)


def test_callees_that_only_close_a_circle_are_no_excuse() -> None:
    nodes = chain(4)
    back = [(nodes[3], nodes[1])]
    best = investigate(broken_chain(nodes, nodes[3], Role.LATENCY, back)).hypotheses[0]
    assert best.node == nodes[3]
    assert not any("answers for" in objection for objection in best.evidence_against)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 8), st.sampled_from([Role.LATENCY, Role.AVAILABILITY]))
def test_a_call_back_from_the_culprit_to_an_ancestor_does_not_lose_it(
    data: st.DataObject, length: int, role: Role
) -> None:
    nodes = chain(length)
    culprit = data.draw(st.integers(1, length - 1))
    ancestor = data.draw(st.integers(0, culprit - 1))
    back = [(nodes[culprit], nodes[ancestor])]
    assert ranked(broken_chain(nodes, nodes[culprit], role, back))[0] == nodes[culprit]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(3, 7), st.sampled_from([Role.LATENCY, Role.AVAILABILITY]))
def test_wherever_the_alarm_fires_the_culprit_is_kept(data: st.DataObject, length: int, role: Role) -> None:
    nodes = chain(length)
    culprit = data.draw(st.integers(1, length - 1))
    alarmed = data.draw(st.integers(0, culprit))
    ancestor = data.draw(st.integers(0, culprit - 1))
    back = [(nodes[culprit], nodes[ancestor])]
    found = ranked(broken_chain(nodes, nodes[culprit], role, back, alarmed=nodes[alarmed]))
    # Of a circle that nobody outside calls, and whose front is not the alarm, nothing tells the last node.
    assert nodes[culprit] == found[0] if ancestor > 0 or alarmed == 0 else nodes[culprit] in found


NAMES = "abcdefg"
GRAPHS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=25)


@given(GRAPHS, st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES))
def test_what_explains_fully_never_runs_in_a_circle(edges: list[Edge], moved: set[str], alarmed: str) -> None:
    graph = CallGraph.of(Graph.of(NAMES, edges))
    shares = shares_in_circles(graph, moved, alarmed)
    assert not circles_left(graph, shares, moved)


def circles_left(graph: CallGraph, shares: Mapping[Edge, float], moved: set[str]) -> set[str]:
    """Nodes of circles of which every call explains something."""
    left = {
        node: {c for c in graph.callees.get(node, ()) if c in moved and shares.get((node, c), 1.0) > 0}
        for node in moved
    }
    while ends := {node for node, callees in left.items() if not callees & left.keys()}:
        left = {node: callees for node, callees in left.items() if node not in ends}
    return set(left)


class CountedLooks(dict[str, tuple[str, ...]]):
    """Callees that count how often they were asked for."""

    count = 0

    def get(self, *args: Any) -> Any:
        self.count += 1
        return super().get(*args)


@given(GRAPHS, st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES), st.randoms(use_true_random=False))
def test_the_order_of_the_edges_decides_nothing(
    edges: list[Edge], moved: set[str], alarmed: str, rng: random.Random
) -> None:
    shuffled = rng.sample(edges, len(edges))
    given_order, other = (CallGraph.of(Graph.of(NAMES, found)) for found in (edges, shuffled))
    assert shares_in_circles(given_order, moved, alarmed) == shares_in_circles(other, moved, alarmed)


@given(st.integers(1, 6), st.integers(0, 6))
def test_calls_in_no_circle_explain_everything(length: int, skip: int) -> None:
    nodes = chain(length)
    edges = [*pairwise(nodes), *zip(nodes, nodes[skip + 1 :], strict=False)]
    assert not shares_in_circles(CallGraph.of(Graph.of(nodes, edges)), nodes, nodes[0])


@given(GRAPHS, st.sets(st.sampled_from(NAMES)), st.sampled_from(NAMES), st.integers(1, 3))
def test_circles_deeper_than_the_rounds_are_taken_apart_too(
    edges: list[Edge], moved: set[str], alarmed: str, rounds: int
) -> None:
    graph = CallGraph.of(Graph.of(NAMES, edges))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycles, "MOST_ROUNDS", rounds)
        shares = shares_in_circles(graph, moved, alarmed)
    assert not circles_left(graph, shares, moved)


@pytest.mark.parametrize("length", [12, 60])
def test_the_culprit_at_the_end_of_calls_both_ways_stays_first(length: int) -> None:
    nodes = chain(length)
    both_ways = [(callee, caller) for caller, callee in pairwise(nodes)]
    assert ranked(broken_chain(nodes, nodes[-1], Role.AVAILABILITY, both_ways))[0] == nodes[-1]


def test_calls_both_ways_cost_time_in_proportion_to_their_number() -> None:
    steps = {}
    for length in (200, 400):
        nodes = chain(length)
        graph = CallGraph.of(Graph.of(nodes, [e for a, b in pairwise(nodes) for e in ((a, b), (b, a))]))
        looked = CountedLooks(graph.callees)
        shares_in_circles(CallGraph(looked, graph.callers), nodes, nodes[0])
        steps[length] = looked.count
    assert steps[400] < 2.2 * steps[200]


def test_a_circle_through_a_calm_node_is_none() -> None:
    graph = CallGraph.of(Graph.of((), [("a", "b"), ("b", "c"), ("c", "a")]))
    assert not shares_in_circles(graph, {"a", "b"}, "a")
