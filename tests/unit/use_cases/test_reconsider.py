"""People answer to findings; ranking, record and report follow, and nothing else does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.contracts.finding_requests import Operation
from auto_repair.domain.answers import Answer, Say
from auto_repair.domain.errors import InvalidEvent, TransientError
from auto_repair.domain.similar_incidents import Correction
from auto_repair.domain.surroundings import ResourceChange
from auto_repair.use_cases.diagnose_issue import facts_of
from auto_repair.use_cases.reconsider import NO_REPORT, NO_REPORT_YET
from tests.builders import FUNCTION, NOW, some_surroundings
from tests.unit.use_cases.dialogue import SICK, SORT_KEY, Desk, asking

DECLINE = asking(Operation.DECLINE, "cause", "ada", comment="nothing was deployed")
ACCEPT = asking(Operation.ACCEPT, "guess", "grace")


def finished() -> Desk:
    desk = Desk()
    desk.finish()
    return desk


def ids(desk: Desk) -> list[str]:
    return [h["id"] for h in desk.store.diagnosis["reconsidered"]["hypotheses"]]


def test_listing_changes_nothing() -> None:
    desk = finished()
    before = (dict(desk.store.diagnosis), dict(desk.store.documents))
    findings = desk.reconsider()(asking(Operation.LIST))
    assert [h.id for h in findings.hypotheses] == ["cause", "guess"]
    assert findings.report == "s3://reports/incident-1/report.md"
    assert (findings.status, findings.answers, findings.notes) == ("ADVISED", (), ())
    assert (desk.store.diagnosis, desk.store.documents) == before
    assert desk.memory.corrections == []


def test_a_declined_finding_is_excluded_and_both_rankings_are_on_record() -> None:
    desk = finished()
    findings = desk.reconsider()(DECLINE)
    assert [h.id for h in findings.hypotheses] == ["guess"]
    assert findings.hypotheses[0].confidence == 0.6  # it was .3 while the declined one had .9
    assert ids(desk) == ["guess"]
    assert [h["id"] for h in desk.store.diagnosis["hypotheses"]] == ["cause", "guess"]
    (answer,) = desk.records.log
    assert (answer.say, answer.by, answer.comment) == (Say.DECLINE, "ada", "nothing was deployed")


def test_the_report_says_so_at_its_address() -> None:
    desk = finished()
    assert "'cause'" in desk.page
    assert desk.reconsider()(DECLINE).report == "s3://reports/incident-1/report.md"
    assert desk.page.startswith("ADVISED ['guess']")
    assert "ruled out by ada" in desk.page
    assert desk.announcer.stages == ["result"]


def test_an_accepted_finding_is_the_confirmed_cause_and_memory_learns() -> None:
    desk = finished()
    desk.reconsider()(DECLINE)
    findings = desk.reconsider()(ACCEPT)
    assert findings.confirmed_cause == "guess"
    assert findings.hypotheses[0].because[0].text.startswith("confirmed by grace")
    name, executed_at, incident_id, correction = desk.memory.corrections[-1]
    assert (name, executed_at, incident_id) == (FUNCTION, SORT_KEY, "incident-1")
    assert correction == Correction("guess", ("cause",), "grace", correction.at)


def test_the_same_answer_again_is_heard_once_and_a_change_of_mind_replaces() -> None:
    desk = finished()
    first = desk.reconsider()(DECLINE)
    assert desk.reconsider()(DECLINE).answers == first.answers
    assert len(desk.records.log) == 1
    back = desk.reconsider()(asking(Operation.ACCEPT, "cause", "ada"))
    assert (back.confirmed_cause, [h.id for h in back.hypotheses]) == ("cause", ["cause", "guess"])
    assert [a.say for a in desk.records.log] == [Say.DECLINE, Say.ACCEPT]
    assert desk.memory.corrections[-1][3].declined == ()


def test_an_answer_that_comes_meanwhile_is_not_lost() -> None:
    desk = finished()
    other = Answer("guess", Say.DECLINE, "grace", "2026-01-31T12:06:00.000000Z")
    desk.records.meanwhile = [lambda: desk.records.answer(desk.incident, other)]
    findings = desk.reconsider()(DECLINE)
    assert {a.by for a in findings.answers} == {"ada", "grace"}
    assert ids(desk) == []
    assert desk.memory.corrections[-1][3].declined == ("cause", "guess")


def test_endless_answers_are_told_as_passing() -> None:
    desk = finished()
    desk.records.meanwhile = [
        lambda n=n: desk.records.answer(desk.incident, Answer("guess", Say.DECLINE, f"p{n}", "2026-02-01"))  # type: ignore[misc]
        for n in range(20)
    ]
    with pytest.raises(TransientError, match="others keep answering"):
        desk.reconsider()(DECLINE)


def test_an_answer_to_an_open_incident_waits_for_its_report_and_approves_nothing() -> None:
    desk = Desk()
    desk.records.status = "OPEN"
    desk.store.record_repair(desk.incident, "t", {"status": "AWAITING_APPROVAL", "action": "raise_memory"})
    findings = desk.reconsider()(DECLINE)
    assert findings.notes[0] == NO_REPORT_YET
    assert "raise_memory waits for approval" in findings.notes[1]
    assert desk.store.statuses == ["AWAITING_APPROVAL"]
    desk.finish()
    assert "ruled out by ada" in desk.page


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (
            asking(Operation.LIST, incident_id="nowhere"),
            "incidentId: there is no incident 'nowhere'; give functionName",
        ),
        (
            asking(Operation.LIST, incident_id="nowhere", function_name=FUNCTION),
            f"'nowhere'; the newest of {FUNCTION} are incident-1",
        ),
        (
            asking(Operation.LIST, function_name="other"),
            f"functionName: incident incident-1 is about {FUNCTION}",
        ),
        (
            asking(Operation.ACCEPT, "sunspots", "ada"),
            "finding: incident incident-1 has none called 'sunspots'; its findings are cause, guess",
        ),
    ],
)
def test_what_nobody_knows_is_named_with_what_is_known(request_: object, told: str) -> None:
    desk = finished()
    with pytest.raises(InvalidEvent, match=told):
        desk.reconsider()(request_)  # type: ignore[arg-type]
    assert desk.records.log == []


def test_an_incident_without_diagnosis_has_no_findings() -> None:
    desk = Desk()
    desk.store.diagnoses.clear()
    desk.records.status = "JOINED"
    with pytest.raises(InvalidEvent, match="because its alarm joined another incident; the newest of"):
        desk.reconsider()(DECLINE)


def test_an_incident_that_failed_without_a_report_keeps_the_answer() -> None:
    desk = Desk()
    desk.records.status = "FAILED"
    assert desk.reconsider()(DECLINE).notes == (NO_REPORT,)
    assert ids(desk) == ["guess"]


def test_nothing_is_recorded_where_the_evidence_is_gone() -> None:
    desk = finished()
    desk.store.evidence.clear()
    with pytest.raises(InvalidEvent, match="evidence of incident incident-1 is no longer kept"):
        desk.reconsider()(DECLINE)
    assert desk.records.log == []


def test_a_lead_is_listed_beside_the_findings_and_may_be_confirmed() -> None:
    desk = finished()
    put = ResourceChange("s3:images", NOW - timedelta(minutes=5), "PutBucketPolicy", "deployer/ci")
    unclear = replace(SICK, surroundings=some_surroundings(changes=(put,)))
    desk.store.record_diagnosis(
        desk.incident, facts_of(desk.diagnose.conclude(unclear)) | {"evidenceRef": "unclear"}
    )
    desk.store.evidence["unclear"] = unclear
    (lead,) = desk.reconsider()(asking(Operation.LIST)).leads
    assert lead.id == "neighbour_changed@s3:images"
    confirmed = desk.reconsider()(asking(Operation.ACCEPT, lead.id, "grace"))
    assert (confirmed.confirmed_cause, confirmed.hypotheses[0].id) == (lead.id, lead.id)
    assert confirmed.leads == ()


def test_answers_are_dated() -> None:
    desk = finished()
    desk.reconsider()(DECLINE)
    assert desk.records.log[0].at.startswith(f"{NOW:%Y-%m-%dT%H}:05")


def test_the_report_holds_the_answers_and_what_was_diagnosed_before_them() -> None:
    desk = Desk()
    desk.finish()
    assert desk.reports[-1].answers == ()
    assert desk.reports[-1].first_diagnosis is None
    desk.reconsider()(asking(Operation.DECLINE, "cause", "ada", comment="its password=hunter2 is right"))
    report = desk.reports[-1]
    assert [(a.finding, a.say, a.comment) for a in report.answers] == [
        ("cause", Say.DECLINE, "its password=[redacted] is right")
    ]
    assert report.first_diagnosis == desk.case.diagnosis
    assert desk.case.diagnosis
    assert report.diagnosed_at == desk.case.diagnosis.at


def test_what_became_known_since_an_approval_was_asked_for_is_listed_with_the_question() -> None:
    desk = Desk()
    desk.records.status = "OPEN"
    desk.store.record_repair(desk.incident, "t", {"status": "AWAITING_APPROVAL", "action": "raise_memory"})
    desk.store.record_diagnosis(desk.incident, {"evidenceChanged": {"changes": ["PutBucketPolicy by ada"]}})
    notes = desk.reconsider()(asking(Operation.LIST)).notes
    assert notes[-1] == "Became known since it was asked: PutBucketPolicy by ada"
