"""Whatever comes in, an answer or a clear error comes out, independent of names and units."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auto_repair.root_cause import (
    Alarm,
    Change,
    Column,
    Frame,
    Graph,
    InvalidInvestigation,
    Investigation,
    LogSignature,
    Outcome,
    Role,
    Verdict,
    investigate,
)
from tests.unit.root_cause.service_graph import System, mapped, with_frames

NAMES = ("a", "b", "c", "d")  # d often has no data, and "ghost" is only in the graph
SCALED = (Role.LATENCY, Role.AVAILABILITY, Role.REQUESTS)
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 5),
    st.just(0.0),
    st.floats(0, 1000),
)


def _values(rows: int) -> st.SearchStrategy[list[float | None]]:
    return st.lists(NUMBERS, min_size=rows, max_size=rows)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    rows = draw(st.integers(0, 30))
    times = draw(st.lists(st.one_of(st.integers(0, 40), st.floats(0, 1e9)), min_size=rows, max_size=rows))
    wanted = draw(
        st.lists(
            st.tuples(
                st.sampled_from(NAMES),
                st.sampled_from(list(Role)),
                st.sampled_from(["Average", "p90"]),
                st.sampled_from([None, None, *NAMES]),
            ),
            max_size=8,
        )
    )
    columns = [
        (
            Column(node, role.value, statistic, role, callee),
            draw(st.lists(NUMBERS, min_size=rows, max_size=rows)),
        )
        for node, role, statistic, callee in wanted
    ]
    return Frame.of(times, columns)


@st.composite
def investigations(draw: st.DrawFn) -> Investigation:
    nodes = st.sampled_from((*NAMES, "ghost"))
    changes = draw(st.lists(st.tuples(nodes, st.floats(-1e9, 1e9)), max_size=3))
    logs = draw(st.lists(st.tuples(nodes, st.integers(-2, 99)), max_size=3))
    return Investigation(
        Alarm(draw(nodes), draw(st.sampled_from(list(Role))), draw(st.floats(-1e9, 1e9))),
        draw(frames()),
        draw(frames()),
        Graph.of((), draw(st.lists(st.tuples(nodes, nodes), max_size=12))),
        tuple(Change(node, at, "changed") for node, at in changes),
        tuple(LogSignature(node, 0.0, "oops", count) for node, count in logs),
    )


def check(verdict: Verdict, alarm: Alarm) -> None:
    assert 0 <= verdict.probability <= 1
    scores = [h.score for h in verdict.hypotheses]
    assert all(math.isfinite(score) and score >= 0 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert len({h.node for h in verdict.hypotheses}) == len(scores)
    assert sum(h.confidence for h in verdict.hypotheses) <= verdict.probability + 1e-9
    for hypothesis in verdict.hypotheses:
        assert hypothesis.evidence_for
        assert hypothesis.path[0].node == hypothesis.node
        assert hypothesis.path[-1].node == alarm.node
    assert verdict.outcome is not Outcome.CANNOT_TELL or verdict.reasons


@BOUNDED
@given(investigations())
def test_any_input_gets_a_sound_verdict(investigation: Investigation) -> None:
    check(investigate(investigation), investigation.alarm)


@BOUNDED
@given(investigations())
def test_the_same_input_gets_the_same_verdict(investigation: Investigation) -> None:
    assert investigate(investigation) == investigate(investigation)


@BOUNDED
@given(investigations())
def test_renaming_the_nodes_renames_the_verdict(investigation: Investigation) -> None:
    fresh = {name: f"{'zyxwv'[i]}{i}" for i, name in enumerate((*NAMES, "ghost"))}
    renamed = investigate(_renamed(investigation, fresh))
    verdict = investigate(investigation)
    assert [fresh[h.node] for h in verdict.hypotheses] == [h.node for h in renamed.hypotheses]
    assert [h.score for h in verdict.hypotheses] == [h.score for h in renamed.hypotheses]


def _renamed(investigation: Investigation, fresh: dict[str, str]) -> Investigation:
    def column(old: Column) -> Column:
        return replace(old, node=fresh[old.node], callee=fresh[old.callee] if old.callee else None)

    def frame(old: Frame) -> Frame:
        return replace(old, columns={column(c): v for c, v in old.columns.items()})

    graph = investigation.graph
    return replace(
        with_frames(investigation, frame),
        alarm=replace(investigation.alarm, node=fresh[investigation.alarm.node]),
        graph=Graph.of((fresh[n] for n in graph.nodes), ((fresh[a], fresh[b]) for a, b in graph.edges)),
        changes=tuple(replace(c, node=fresh[c.node]) for c in investigation.changes),
        logs=tuple(replace(log, node=fresh[log.node]) for log in investigation.logs),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["table", "search", "cart", "mail"]),
    st.sampled_from([Role.LATENCY, Role.AVAILABILITY]),
    st.fixed_dictionaries(
        {role: st.floats(1e-4, 1e4) for role in (Role.LATENCY, Role.AVAILABILITY, Role.REQUESTS)}
    ),
)
def test_a_change_of_units_changes_nothing(culprit: str, role: Role, factors: dict[Role, float]) -> None:
    investigation = System(slow={culprit: 0.1}, failing={culprit: 0.1}).investigation(role)

    def scaled(frame: Frame) -> Frame:
        return mapped(frame, lambda c, v: None if v is None else v * factors.get(c.role, 1.0))

    expected = [h.node for h in investigate(investigation).hypotheses]
    verdict = investigate(with_frames(investigation, scaled))
    assert [h.node for h in verdict.hypotheses] == expected
    assert expected[0] == culprit


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_shuffled_and_repeated_rows_are_put_in_order(rng: object, repeats: int) -> None:
    investigation = System(slow={"cart": 0.2}).investigation()

    def disordered(frame: Frame) -> Frame:
        order = list(range(len(frame.timestamps)))
        order += [rng.choice(order) for _ in range(repeats)]  # type: ignore[attr-defined]
        rng.shuffle(order)  # type: ignore[attr-defined]
        return Frame.of(
            [frame.timestamps[i] for i in order],
            [(column, [values[i] for i in order]) for column, values in frame.columns.items()],
        )

    assert investigate(with_frames(investigation, disordered)) == investigate(investigation)


def test_a_cycle_still_yields_the_cause() -> None:
    edges = (("shop", "cart"), ("cart", "table"), ("table", "shop"), ("cart", "cart"), ("shop", "search"))
    verdict = investigate(System(slow={"search": 0.3}, edges=edges).investigation())
    assert verdict.hypotheses[0].node == "search"


def test_one_row_of_window_is_judged_against_the_reference() -> None:
    investigation = System(slow={"search": 0.3}).investigation()
    window = investigation.window
    single = Frame(window.timestamps[-1:], {c: v[-1:] for c, v in window.columns.items()})
    verdict = investigate(replace(investigation, window=single))
    assert verdict.hypotheses[0].node == "search"
    assert any("drift" in objection for objection in verdict.hypotheses[0].evidence_against)


def test_constant_columns_that_jump_are_seen_and_constant_ones_are_not() -> None:
    flat = mapped(
        System().investigation().reference, lambda c, _: 100.0 if c.role is not Role.LATENCY else 1.0
    )
    investigation = System().investigation()
    window = mapped(investigation.window, lambda c, _: 100.0 if c.role is not Role.LATENCY else 1.0)
    still = replace(investigation, reference=flat, window=window)
    assert investigate(still).outcome is Outcome.NO_INCIDENT

    def jump(frame: Frame) -> Frame:
        columns = {
            c: (*v[:4], 2.0, 2.0, 2.0, 2.0) if (c.node, c.role) == ("table", Role.LATENCY) else v
            for c, v in frame.columns.items()
        }
        return replace(frame, columns=columns)

    assert investigate(replace(still, window=jump(window))).hypotheses[0].node == "table"


@pytest.mark.parametrize(("times", "values"), [([1, 2], [1.0]), ([None], [1.0]), ([1], ["fast"])])
def test_tables_that_contradict_themselves_are_refused(times: list[int], values: list[float]) -> None:
    with pytest.raises(InvalidInvestigation):
        Frame.of(times, [(Column("a", "latency", "Average", Role.LATENCY), values)])
