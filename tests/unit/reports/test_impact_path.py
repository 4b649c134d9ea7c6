"""The way from the cause to the alarm: who is on it, what is wrong there, and what is only inferred."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

from auto_repair.domain.diagnosis import Diagnosis, Verdict
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Edge
from auto_repair.reports.impact_path import (
    MOST_BESIDE,
    UNKNOWN_CALL,
    ImpactPath,
    Part,
    impact_path,
    short_path,
)
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.path_drawing import draw_path
from tests.unit.reports import cases
from tests.unit.reports import investigations as given


def path_of(report: IncidentReport) -> ImpactPath:
    path = impact_path(report)
    assert path
    return path


def with_path(*path: str) -> IncidentReport:
    """The report as it would be, had the engine told this path."""
    cause = replace(given.DENIED, path=path)
    return given.image_service(diagnosis=replace(given.DIAGNOSIS, hypotheses=(cause,)))


def with_topology(*edges: Edge, more: tuple[Resource, ...] = ()) -> IncidentReport:
    around = given.surroundings()
    topology = around.scope.topology
    known = replace(topology, resources=topology.resources + more, edges=topology.edges + edges)
    around = replace(around, scope=replace(around.scope, topology=known))
    evidence = given.image_service().evidence_before
    assert evidence
    return given.image_service(evidence_before=replace(evidence, surroundings=around))


def test_it_leads_from_the_cause_to_the_alarm() -> None:
    bucket, function, api = path_of(given.image_service()).way
    assert [s.part for s in (bucket, function, api)] == [Part.CAUSE, Part.BETWEEN, Part.ALARM]
    assert (bucket.service, bucket.name) == ("S3 bucket", given.BUCKET.name)
    assert (bucket.wrong, bucket.since) == (f"PutBucketPolicy by {given.ACTOR}", given.CHANGED_AT)
    assert function.wrong.startswith("311× AccessDenied when calling the GetObject operation")
    assert function.since == given.REFUSED.first_seen
    assert (api.name, api.wrong) == ("image-api", "280 of 304 calls failed")


def test_links_tell_what_was_seen_and_what_was_not() -> None:
    known = {(link.source, link.target): link for link in path_of(given.image_service()).links}
    assert known[given.SERVICE.id, given.API.id].is_seen
    inferred = known[given.BUCKET.id, given.SERVICE.id]
    assert (inferred.is_seen, inferred.because) == (False, "environment variable BUCKET")


def test_a_call_that_nobody_knows_is_said_to_be_inferred() -> None:
    (link, *_) = path_of(with_path(given.BUCKET.id, given.API.id)).links
    assert (link.because, link.is_seen, link.is_on_path) == (UNKNOWN_CALL, False, True)


def test_without_a_path_of_the_engine_the_shortest_known_way_counts() -> None:
    assert [s.resource for s in path_of(with_path()).way] == [
        given.BUCKET.id,
        given.SERVICE.id,
        given.API.id,
    ]


def test_affected_resources_stand_beside_the_way() -> None:
    path = path_of(given.image_service())
    assert [s.resource for s in path.beside] == [given.EXPORT.id, given.NIGHTLY.id]
    aside = [(link.source, link.target) for link in path.links if not link.is_on_path]
    assert aside == [(given.BUCKET.id, given.EXPORT.id), (given.EXPORT.id, given.NIGHTLY.id)]


def test_many_beside_the_way_are_counted_and_not_drawn() -> None:
    others = tuple(Resource("lambda", f"reader-{n}") for n in range(9))
    path = path_of(with_topology(*(Edge(o.id, given.BUCKET.id, "trace") for o in others), more=others))
    assert len(path.beside) == MOST_BESIDE
    assert path.hidden == 9 + 2 - MOST_BESIDE


def test_no_cause_and_no_surroundings_have_no_path() -> None:
    nobody = Diagnosis(Verdict.CANNOT_TELL, "who knows", (given.DENIED,))
    assert impact_path(given.image_service(diagnosis=nobody)) is None
    assert impact_path(given.slow_database()) is None
    assert impact_path(cases.repaired()) is None


def test_a_cause_that_is_the_alarmed_resource_has_no_path() -> None:
    itself = replace(given.MESSENGER, confidence=0.9)
    report = given.image_service(diagnosis=replace(given.DIAGNOSIS, hypotheses=(itself,)))
    assert impact_path(report) is None


def test_in_one_line() -> None:
    report = given.image_service()
    assert short_path(given.DENIED.path, report) == (
        f"{given.BUCKET.id} → lambda:image-service → apigateway:image-api"
    )
    assert short_path((given.API.id,), report) == ""


class TestDrawing:
    def drawn(self, report: IncidentReport) -> ET.Element:
        return ET.fromstring(draw_path(path_of(report)))

    def test_it_is_named_and_described(self) -> None:
        svg = self.drawn(given.image_service())
        ids = {e.get("id"): e.text for e in svg.iter() if e.get("id")}
        assert svg.get("role") == "img"
        assert all(ids[name] for name in str(svg.get("aria-labelledby")).split())
        assert ids["impact-path-desc"] == path_of(given.image_service()).text

    def test_what_was_not_seen_is_dashed(self) -> None:
        kinds = [e.get("class") for e in self.drawn(given.image_service()).iter("g")]
        assert kinds[:4] == ["on-path inferred", "on-path", "aside", "aside inferred"]
        assert kinds[4:] == ["cause", "between", "alarm", "beside", "beside"]

    def test_all_boxes_lie_on_the_paper_and_apart(self) -> None:
        svg = self.drawn(given.image_service())
        width, height = float(str(svg.get("width"))), float(str(svg.get("height")))
        boxes = [[float(str(e.get(a))) for a in ("x", "y", "width", "height")] for e in svg.iter("rect")]
        assert len(boxes) == 5
        for x, y, w, h in boxes:
            assert 0 <= x < x + w <= width
            assert 0 <= y < y + h <= height
        for n, (x, y, w, h) in enumerate(boxes):
            for other_x, other_y, other_w, other_h in boxes[:n]:
                beside = x + w <= other_x or other_x + other_w <= x
                below = y + h <= other_y or other_y + other_h <= y
                assert beside or below

    def test_long_names_are_cut_and_kept_in_the_tooltip(self) -> None:
        long = Resource("s3", "b" * 63)
        report = with_topology(more=(long,))
        cause = replace(given.DENIED, resource=long.id, path=(long.id, given.SERVICE.id, given.API.id))
        report = replace(report, diagnosis=replace(given.DIAGNOSIS, hypotheses=(cause,)))
        svg = self.drawn(report)
        shown = [e.text or "" for e in svg.iter("text") if e.get("class") == "name"]
        assert shown[0].endswith("b…")
        assert any(long.name in (e.text or "") for e in svg.iter("title"))


def test_a_moment_before_the_change_is_kept_as_it_was_seen() -> None:
    early = replace(given.REFUSED, first_seen=given.CHANGED_AT - timedelta(minutes=2), count_before=4)
    report = given.image_service()
    assert report.evidence_before
    around = given.surroundings(signatures=(early,))
    report = replace(report, evidence_before=replace(report.evidence_before, surroundings=around))
    _, function, _ = path_of(report).way
    assert function.wrong == "its own metrics look well, those that need it fail"
