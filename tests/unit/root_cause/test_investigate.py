"""What the engine answers for a system whose fault is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auto_repair.root_cause import (
    Change,
    Column,
    Frame,
    Graph,
    InvalidInvestigation,
    Investigation,
    Kind,
    LogSignature,
    Outcome,
    Role,
    Verdict,
    investigate,
)
from tests.unit.root_cause.service_graph import (
    EDGES,
    PERIOD_S,
    REFERENCE_ROWS,
    System,
    column,
    mapped,
    with_frames,
)


def nodes(verdict: Verdict) -> list[str]:
    return [hypothesis.node for hypothesis in verdict.hypotheses]


@pytest.mark.parametrize("culprit", ["table", "mail", "search", "cart"])
def test_names_the_slow_node_and_not_its_callers(culprit: str) -> None:
    verdict = investigate(System(slow={culprit: 0.2}).investigation())
    assert verdict.outcome is Outcome.INCIDENT
    assert nodes(verdict)[0] == culprit
    assert verdict.hypotheses[0].kind is Kind.SLOW
    assert verdict.hypotheses[0].confidence > 0.8


@pytest.mark.parametrize("culprit", ["table", "search", "cart"])
def test_names_the_failing_node_by_its_counts(culprit: str) -> None:
    verdict = investigate(System(failing={culprit: 0.05}).investigation(Role.AVAILABILITY))
    assert verdict.outcome is Outcome.INCIDENT
    assert nodes(verdict)[0] == culprit
    assert verdict.hypotheses[0].kind is Kind.FAILING


def test_names_the_alarmed_node_when_nobody_below_answers_for_it() -> None:
    assert nodes(investigate(System(slow={"shop": 0.2}).investigation()))[0] == "shop"


def test_says_no_incident_when_nothing_moved() -> None:
    for seed in range(5):
        verdict = investigate(System(seed=seed).investigation())
        assert verdict.outcome is Outcome.NO_INCIDENT
        assert verdict.reasons


def test_drift_since_the_reference_is_no_incident() -> None:
    quiet = System().investigation()
    drifted = replace(
        quiet, window=mapped(quiet.window, lambda c, v: v and v * 3 if c.role is Role.LATENCY else v)
    )
    assert investigate(drifted).outcome is Outcome.NO_INCIDENT


def test_the_path_leads_from_the_cause_to_the_alarm() -> None:
    verdict = investigate(System(slow={"table": 0.2}).investigation())
    assert [step.node for step in verdict.hypotheses[0].path] == ["table", "cart", "shop"]
    assert not any(step.inferred for step in verdict.hypotheses[0].path)


def test_a_cause_the_graph_does_not_connect_is_reached_by_an_inferred_step() -> None:
    without = tuple(edge for edge in EDGES if "search" not in edge)
    verdict = investigate(System(slow={"search": 0.2}, edges=without).investigation())
    best = verdict.hypotheses[0]
    assert best.node == "search"
    assert [(step.node, step.inferred) for step in best.path] == [("search", False), ("shop", True)]
    assert "the given graph has no call from shop to search" in best.evidence_against


def test_without_a_graph_the_cause_is_among_the_first_three() -> None:
    assert "table" in nodes(investigate(System(slow={"table": 0.2}, edges=()).investigation()))[:3]


def test_callers_carry_the_objection_that_their_callee_answers_for_it() -> None:
    verdict = investigate(System(slow={"cart": 0.1, "table": 0.3}).investigation())
    cart = next(h for h in verdict.hypotheses if h.node == "cart")
    assert any("table answers for" in objection for objection in cart.evidence_against)


def test_evidence_states_level_and_baseline_in_the_metrics_unit() -> None:
    item = investigate(System(slow={"search": 0.2}).investigation()).hypotheses[0].evidence_for[0]
    assert item.observed == pytest.approx(0.22, abs=0.01)
    assert item.baseline == pytest.approx(0.02, abs=0.005)
    assert item.sigmas is not None
    assert item.sigmas > 10


def test_since_is_the_first_row_of_the_incident() -> None:
    investigation = System(slow={"search": 0.2}).investigation()
    assert investigate(investigation).hypotheses[0].since == (REFERENCE_ROWS + 4) * PERIOD_S


def test_an_alarm_that_comes_late_changes_nothing() -> None:
    prompt = System(slow={"table": 0.2}).investigation()
    late = replace(prompt, alarm=replace(prompt.alarm, at=prompt.alarm.at + 2 * PERIOD_S))
    assert nodes(investigate(late))[0] == nodes(investigate(prompt))[0] == "table"


def test_a_rising_resource_accuses_its_node_and_joins_the_other_evidence() -> None:
    verdict = investigate(System(slow={"cart": 0.2}, memory={"cart": 80}).investigation())
    assert {item.kind for item in verdict.hypotheses[0].evidence_for} >= {Kind.SLOW, Kind.SATURATED}


def test_a_callee_nobody_called_before_does_not_excuse_its_caller() -> None:
    investigation = System(failing={"cart": 0.2}).investigation(Role.AVAILABILITY)
    first_bad = len(investigation.window.timestamps) - 4
    newcomer = {
        column("wrong_table", Role.REQUESTS): (0.0,) * first_bad + (40.0,) * 4,
        column("wrong_table", Role.AVAILABILITY): (None,) * first_bad + (0.0,) * 4,
    }
    window = replace(investigation.window, columns={**investigation.window.columns, **newcomer})
    graph = Graph.of((), (*EDGES, ("cart", "wrong_table")))
    verdict = investigate(replace(investigation, window=window, graph=graph))
    assert nodes(verdict)[0] == "cart"
    assert any("wrong_table" in item.summary for item in verdict.hypotheses[0].evidence_for)


def test_an_edge_only_its_caller_finds_slow_accuses_the_callee() -> None:
    investigation = System().investigation()

    def with_edge(frame: Frame, outer: float) -> Frame:
        rows = len(frame.timestamps)
        jitter = [1 + 0.02 * (i % 5) for i in range(rows)]
        slow_from = rows - 4 if outer > 0 else rows
        caller = [0.02 * j + (outer if i >= slow_from else 0.0) for i, j in enumerate(jitter)]
        edge = {
            Column("shop", "seen", "p50", Role.CALLER_LATENCY, "search"): tuple(caller),
            Column("shop", "told", "p50", Role.CALLEE_LATENCY, "search"): tuple(0.01 * j for j in jitter),
        }
        return replace(frame, columns={**frame.columns, **edge})

    verdict = investigate(
        replace(
            investigation,
            reference=with_edge(investigation.reference, 0.0),
            window=with_edge(investigation.window, 0.5),
        )
    )
    assert verdict.hypotheses[0].node == "search"
    assert verdict.hypotheses[0].kind is Kind.UNREACHABLE


def test_calls_that_stop_accuse_the_caller_when_nothing_else_moved() -> None:
    investigation = System().investigation()
    requests = column("search", Role.REQUESTS)

    def silent(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        return (*values[:-4], 0.0, 0.0, 0.0, 0.0)

    columns = {c: silent(v) if c == requests else v for c, v in investigation.window.columns.items()}
    verdict = investigate(replace(investigation, window=replace(investigation.window, columns=columns)))
    assert verdict.hypotheses[0].node == "shop"
    assert verdict.hypotheses[0].kind is Kind.SILENT


def bucket_case(*changes: Change, logs: tuple[LogSignature, ...] = ()) -> Investigation:
    """The function below the shop's API fails because of a bucket that has no metrics at all."""
    investigation = System(failing={"shop": 0.3}).investigation(Role.AVAILABILITY, changes, logs)
    return replace(investigation, graph=Graph.of((), (*EDGES, ("cart", "bucket"))))


def test_a_fresh_change_within_reach_outweighs_the_symptom_it_causes() -> None:
    at = bucket_case().alarm.at
    best = investigate(bucket_case(Change("bucket", at - 120, "PutBucketPolicy", "ops"))).hypotheses[0]
    assert best.node == "bucket"
    assert best.kind is Kind.CHANGED
    assert "PutBucketPolicy" in best.evidence_for[0].summary
    assert [step.node for step in best.path] == ["bucket", "cart", "shop"]


@pytest.mark.parametrize(
    "change",
    [
        Change("bucket", -36_000.0, "PutBucketPolicy"),  # ten hours earlier
        Change("bucket", 600.0, "PutBucketPolicy"),  # after the onset
        Change("elsewhere", -60.0, "PutBucketPolicy"),  # nothing in trouble calls it
    ],
)
def test_old_later_and_unrelated_changes_do_not_win(change: Change) -> None:
    at = bucket_case().alarm.at
    verdict = investigate(bucket_case(replace(change, at=at + change.at)))
    assert nodes(verdict)[0] == "shop"


def test_the_later_of_two_changes_is_suspected_more() -> None:
    at = bucket_case().alarm.at
    verdict = investigate(
        bucket_case(Change("table", at - 3000, "UpdateTable"), Change("bucket", at - 60, "PutBucketPolicy"))
    )
    assert nodes(verdict).index("bucket") < nodes(verdict).index("table")


def test_a_new_message_accuses_the_node_it_names() -> None:
    at = bucket_case().alarm.at
    log = LogSignature("cart", at, "AccessDenied on GetObject", count=120, names="bucket")
    verdict = investigate(bucket_case(logs=(log,)))
    assert "bucket" in nodes(verdict)[:2]
    known = replace(log, count_before=4000)
    before = next(h.score for h in verdict.hypotheses if h.node == "bucket")
    after = next(h.score for h in investigate(bucket_case(logs=(known,))).hypotheses if h.node == "bucket")
    assert after < before / 5


def test_cannot_tell_without_data_around_the_alarm() -> None:
    investigation = System(slow={"cart": 1.0}).investigation()
    verdict = investigate(replace(investigation, window=mapped(investigation.window, lambda _c, _v: None)))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert verdict.reasons == ("no metric has data around the alarm",)


def test_cannot_tell_without_a_reference() -> None:
    investigation = System(slow={"cart": 1.0}).investigation()
    verdict = investigate(replace(investigation, reference=Frame()))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "reference" in verdict.reasons[0]


def test_cannot_tell_when_the_reference_holds_no_values() -> None:
    investigation = System(slow={"cart": 1.0}).investigation()
    empty = mapped(investigation.reference, lambda _c, _v: None)
    verdict = investigate(replace(investigation, reference=empty))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "in the reference" in verdict.reasons[0]


def blinded(investigation: Investigation, node: str, rows: tuple[int, ...], role: Role) -> Investigation:
    """The window without a node's values of one role in some rows."""

    def hidden(c: Column, values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        gone = (c.node, c.role) == (node, role)
        return tuple(None if gone and i in rows else v for i, v in enumerate(values))

    columns = {c: hidden(c, v) for c, v in investigation.window.columns.items()}
    return replace(investigation, window=replace(investigation.window, columns=columns))


@pytest.mark.parametrize("role", [Role.LATENCY, Role.AVAILABILITY])
def test_a_node_nobody_saw_while_its_caller_suffered_is_not_cleared(role: Role) -> None:
    system = System(slow={"search": 0.2}) if role is Role.LATENCY else System(failing={"search": 0.2})
    verdict = investigate(blinded(system.investigation(role), "search", (4, 5, 6, 7), role))
    assert "search" in nodes(verdict)[:2]
    found = next(h for h in verdict.hypotheses if h.node == "search")
    assert "was not observed" in found.evidence_for[0].summary


def test_a_calm_callee_with_gaps_ranks_behind_its_guilty_caller() -> None:
    investigation = System(slow={"cart": 0.2}).investigation()
    verdict = investigate(blinded(investigation, "table", (4, 5, 6, 7), Role.LATENCY))
    assert nodes(verdict)[0] == "cart"
    assert "table" in nodes(verdict)


def test_gaps_while_nothing_is_wrong_make_no_incident() -> None:
    for seed in range(5):
        quiet = System(seed=seed).investigation()
        for node in ("table", "search"):
            assert investigate(blinded(quiet, node, (4, 5), Role.LATENCY)).outcome is Outcome.NO_INCIDENT


def test_percentiles_stand_in_for_an_average_that_is_missing() -> None:
    investigation = blinded(
        System(slow={"search": 0.2}).investigation(), "search", (4, 5, 6, 7), Role.LATENCY
    )

    def with_percentiles(full: Frame, frame: Frame) -> Frame:
        average = full.columns[column("search", Role.LATENCY)]
        factors = {"p50": 0.8, "p90": 1.9, "p99": 3.4}
        added = {
            Column("search", "latency", statistic, Role.LATENCY): tuple(v and v * f for v in average)
            for statistic, f in factors.items()
        }
        return replace(frame, columns={**frame.columns, **added})

    full = System(slow={"search": 0.2}).investigation()
    verdict = investigate(
        replace(
            investigation,
            window=with_percentiles(full.window, investigation.window),
            reference=with_percentiles(full.reference, investigation.reference),
        )
    )
    best = verdict.hypotheses[0]
    assert best.node == "search"
    assert best.evidence_for[0].observed == pytest.approx(0.22, rel=0.15)


def test_a_change_is_reported_even_when_there_are_no_metrics() -> None:
    investigation = System().investigation()
    blind = replace(
        investigation,
        window=Frame(),
        reference=Frame(),
        changes=(Change("cart", investigation.alarm.at - 60, "UpdateFunctionCode"),),
    )
    verdict = investigate(blind)
    assert nodes(verdict) == ["cart"]
    assert verdict.reasons[0] == "no metric has data around the alarm"


def test_an_alarm_without_a_time_is_refused() -> None:
    investigation = System().investigation()
    with pytest.raises(InvalidInvestigation):
        investigate(replace(investigation, alarm=replace(investigation.alarm, at=float("nan"))))


def test_missing_request_counts_still_leave_the_right_node_first() -> None:
    investigation = System(slow={"table": 0.2}).investigation()

    def without_counts(frame: Frame) -> Frame:
        kept = {c: v for c, v in frame.columns.items() if c.role is not Role.REQUESTS}
        return replace(frame, columns=kept)

    assert nodes(investigate(with_frames(investigation, without_counts)))[0] == "table"
