"""What surrounds a function is looked at where its own evidence leaves the cause open."""

import threading
from dataclasses import replace

import pytest

from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.citations import MissingEvidence
from auto_repair.domain.errors import AwsCallFailed, InvalidEvent, TransientError
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, ResourceSeries, Symptom
from auto_repair.domain.topology import Edge, Topology
from auto_repair.use_cases.look_around import MOST_RESOURCES, LookAround, WidenEvidence, ask
from tests.builders import FUNCTION, a_gap, a_run, a_window, an_alarm, an_incident, evidence
from tests.fakes import FakeObservations, FakeStore, FakeTopology

HEART, TABLE = Resource("lambda", FUNCTION), Resource("dynamodb", "stock")
NEXT = Resource("lambda", "billing")
AROUND = FakeTopology(
    {
        HEART.id: Topology((HEART, NEXT), (Edge(HEART.id, NEXT.id, "trace"),)),
        NEXT.id: Topology((NEXT, TABLE), (Edge(NEXT.id, TABLE.id, "environment variable"),)),
    }
)
SERIES = ResourceSeries(TABLE.id, "ThrottledRequests", "Sum", MetricRole.SATURATION)


def test_evidence_is_stored_again_with_its_surroundings() -> None:
    store, watching = FakeStore(), FakeObservations(Observation(series=(SERIES,)))
    incident = an_incident(alarm=an_alarm())
    before = evidence(invocations=(a_run(),), missing=(a_gap("concurrency"),))
    ref = store.save_evidence(incident, "before", before)
    widen = WidenEvidence(LookAround((AROUND,), (watching,)), store)
    reference = widen(Case(incident, EvidenceReference(ref)))
    wide = store.evidence[reference.ref]
    assert replace(wide, surroundings=None) == before
    assert wide.surroundings is not None
    # The neighbours of the functions nearby are known as well.
    assert [r.id for r in wide.surroundings.scope.resources] == [HEART.id, NEXT.id, TABLE.id]
    assert wide.surroundings.series == (SERIES,)
    assert (reference.is_wide, reference.missing) == (True, ("concurrency",))
    assert wide.surroundings.scope.window == before.window


def test_evidence_comes_first() -> None:
    with pytest.raises(InvalidEvent, match="CollectMetricsAndLogs comes first"):
        WidenEvidence(LookAround(()), FakeStore())(Case(an_incident()))


def test_many_neighbours_are_cut_to_the_nearest() -> None:
    tables = tuple(Resource("dynamodb", f"t{i}") for i in range(50))
    crowd = FakeTopology(
        {HEART.id: Topology((HEART, *tables), tuple(Edge(HEART.id, t.id, "policy") for t in tables))}
    )
    around = LookAround((crowd,))
    near = around.topology(HEART, a_window(), HEART).around(HEART.id, MOST_RESOURCES)
    assert len(near.resources) == MOST_RESOURCES
    assert near.resources[0] == HEART
    symptom = Symptom(HEART.id, MetricRole.AVAILABILITY, a_window().start)
    observed = around(symptom, around.topology(HEART, a_window(), HEART), a_window())
    assert [gap.reason for gap in observed.missing] == [
        "39 resources farther away were not looked at: 12 are the limit"
    ]


def test_slow_source_is_missing() -> None:
    release = threading.Event()

    def wait_long(_source: FakeObservations) -> str:
        release.wait(5)
        return "late"

    answers, missing = ask([FakeObservations()], wait_long, deadline_s=0.05)
    release.set()
    assert answers == []
    assert missing == (MissingEvidence("fake_observations", "no answer within 0 s"),)


def test_answers_come_in_the_order_of_the_sources_and_errors_between_them() -> None:
    sources = [FakeObservations(name=name) for name in "abc"]

    def answer(source: FakeObservations) -> str:
        if source.name == "b":
            raise AwsCallFailed("xray", "GetServiceGraph", "AccessDeniedException", "no")
        return source.name

    answers, missing = ask(sources, answer, deadline_s=5)
    assert answers == ["a", "c"]
    assert [gap.source for gap in missing] == ["b"]


def test_source_that_breaks_leaves_a_gap_and_its_traceback_in_our_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(source: FakeObservations) -> str:
        return {"a": "a"}[source.name]

    answers, missing = ask([FakeObservations(name="a"), FakeObservations(name="b")], answer, deadline_s=5)
    assert answers == ["a"]
    broke = "this source broke (KeyError), which is a defect of ours: see our own log"
    assert missing == (MissingEvidence("b", broke),)
    assert caplog.records[0].exc_info is not None


def test_fatal_error_is_raised() -> None:
    def fail(_source: FakeObservations) -> None:
        raise TransientError("throttled")

    with pytest.raises(TransientError):
        ask([FakeObservations()], fail, deadline_s=5, is_fatal=lambda _name, _error: True)


def test_nobody_to_ask() -> None:
    assert ask([], lambda _: 1, deadline_s=5) == ([], ())
