"""Whatever fails on the way, people are told once, or the execution fails so that others tell them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.domain.case import Case, EvidenceReference, Notice
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.fingerprint import Fingerprint
from auto_repair.domain.incident import Disposition, Incident
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.similar_incidents import PastIncident
from auto_repair.domain.timestamps import iso
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.use_cases.notify_result import LAST_ATTEMPT, Document, NotifyResult
from tests.builders import (
    FUNCTION,
    NOW,
    a_case,
    a_change,
    a_diagnosis,
    a_plan,
    a_verification,
    an_alarm,
    an_incident,
    evidence,
    progress,
)
from tests.fakes import FakeAnnouncer, FakeClock, FakeMemory, FakeStore

CALLS = (
    "record_diagnosis",
    "record_repair",
    "repairs_of",
    "attempts",
    "load_evidence",
    "joined_alarms",
    "save_document",
    "publish",
    "close",
    "remember",
)


@dataclass
class Desk:
    """A notifier and what it can tell; `broken` names calls that fail and how."""

    broken: dict[str, Exception] = field(default_factory=dict)
    store: Any = field(default_factory=FakeStore)
    memory: Any = field(default_factory=FakeMemory)
    announcer: Any = field(default_factory=FakeAnnouncer)
    reports: list[IncidentReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store.evidence = {"before": evidence(), "after-1": evidence()}
        self.store.open(an_incident(), NOW + timedelta(days=2))

    def notify(self, case: Case, attempt: int = 0) -> Notice:
        ports = (self.store, self.memory, self.announcer)
        store, memory, announcer = (Breaking(port, self.broken) for port in ports)
        return NotifyResult(
            store=store,
            memory=memory,
            announcer=announcer,
            clock=FakeClock(),
            documents=(
                Document("report.html", "text/html", self._render),
                Document("report.md", "text/markdown", lambda report: f"# {report.status}"),
            ),
            write_message=lambda report, uri: (f"[{report.status}] orders", f"see {uri}"),
            environment="test",
            region="eu-central-1",
            executed_by="notifier",
        )(case, attempt=attempt)

    def _render(self, report: IncidentReport) -> str:
        self.reports.append(report)
        return f"<h1>{report.status}</h1>"


class Breaking:
    """A port of which some calls fail."""

    def __init__(self, port: Any, broken: dict[str, Exception]) -> None:
        self._port = port
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        if name not in self._broken:
            return getattr(self._port, name)

        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise self._broken[name]

        return fail


VERIFIED = a_case(
    evidence=EvidenceReference("before"), plan=a_plan(), repair=progress(), verification=a_verification()
)
DECLINED = a_case(plan=a_plan(decision=Decision.ASK), approval={"decision": "reject", "answeredBy": "ada"})
BAD_EVENT = Case(an_incident(disposition=Disposition.REJECTED, problem="functionName: say which"))


def test_report_message_record_and_release() -> None:
    desk = Desk()
    notice = desk.notify(VERIFIED)
    assert notice.report == "s3://reports/incident-1/report.html"
    assert notice.message_id
    assert desk.announcer.messages == {
        ("incident-1", "result"): ("[VERIFIED] orders", "see s3://reports/incident-1/report.html")
    }
    assert sorted(desk.store.documents) == [
        "s3://reports/incident-1/case.json",
        "s3://reports/incident-1/report.html",
        "s3://reports/incident-1/report.md",
    ]
    assert desk.store.diagnosis["reportUri"] == notice.report
    assert desk.store.diagnosis["status"] == "VERIFIED"
    assert desk.store.claims == {}
    assert desk.store.incidents["incident-1"].status == "VERIFIED"


def test_report_knows_everything() -> None:
    desk = Desk()
    other = an_incident(id="incident-2", alarm=an_alarm(name="another alarm"), execution_arn="other")
    desk.store.open(other, NOW + timedelta(days=2))
    desk.notify(VERIFIED)
    (report,) = desk.reports
    assert report.evidence_before == report.evidence_after == evidence()
    assert report.account == "123456789012"
    assert report.joined_alarms == ["another alarm"]
    assert report.plan == VERIFIED.plan


def test_alarm_that_comes_while_the_report_is_written_is_not_lost_in_it() -> None:
    """What joins after the report was begun would be told to nobody, and looked into by nobody."""
    came: list[Disposition] = []

    class Late(FakeStore):
        def save_document(self, incident: Incident, name: str, body: str, content_type: str) -> str:
            late = an_incident(id=f"at {name}", alarm=an_alarm(name="late"), execution_arn=f"late {name}")
            if name.startswith("report"):
                came.append(self.open(late, NOW + timedelta(days=2)).disposition)
            return super().save_document(incident, name, body, content_type)

    Desk(store=Late()).notify(VERIFIED)
    assert came == [Disposition.OPENED, Disposition.JOINED]  # the second one joins the first


def test_repeat_sends_no_second_message() -> None:
    desk = Desk()
    assert desk.notify(VERIFIED) == desk.notify(VERIFIED, attempt=1)
    assert len(desk.announcer.messages) == 1


def test_no_is_on_record_with_who_said_it() -> None:
    desk = Desk()
    desk.notify(DECLINED)
    (facts,) = desk.store.repairs.values()
    assert facts["status"] == "REJECTED"
    assert facts["approval"] == {"decision": "reject", "answeredBy": "ada", "comment": ""}
    assert facts["outcome"] == "reject by ada"
    assert desk.reports[0].approval is not None


def test_answer_of_json_null_is_on_record_as_a_no() -> None:
    desk = Desk()
    desk.notify(a_case(plan=a_plan(decision=Decision.ASK), approval=None))
    (facts,) = desk.store.repairs.values()
    assert facts["status"] == "REJECTED"
    assert facts["approval"]["decision"] == "unclear"
    assert desk.reports[0].approval is not None


def test_bad_event_is_on_record_with_its_problem() -> None:
    desk = Desk()
    desk.notify(BAD_EVENT)
    assert desk.store.diagnosis["diagnosisResult"] == "INVALID_EVENT"
    assert desk.store.diagnosis["summary"] == "functionName: say which"
    assert desk.store.repairs == {}


def test_ordinary_ends_add_nothing_to_the_repairs() -> None:
    desk = Desk()
    desk.notify(a_case(plan=Plan(Decision.NOTHING, ("Nothing to repair.",))))
    desk.notify(VERIFIED)
    assert desk.store.repairs == {}


@pytest.mark.parametrize("case", [VERIFIED, DECLINED, BAD_EVENT], ids=["verified", "declined", "bad event"])
@pytest.mark.parametrize("name", CALLS)
def test_passing_error_is_left_to_the_retry(name: str, case: Case) -> None:
    desk = Desk({name: TransientError("throttled")})
    try:
        desk.notify(case)
    except TransientError:
        assert desk.announcer.messages == {}
        desk.broken.clear()
        desk.notify(case, attempt=1)
    assert len(desk.announcer.messages) == 1
    assert desk.store.claims == {}


DENIED = AwsCallFailed("any", "Thing", "AccessDeniedException", "no")


@pytest.mark.parametrize("error", [TransientError("throttled"), DENIED], ids=["passing", "permanent"])
@pytest.mark.parametrize("case", [VERIFIED, DECLINED, BAD_EVENT], ids=["verified", "declined", "bad event"])
@pytest.mark.parametrize("name", CALLS)
def test_error_that_stays_ends_in_a_message_or_a_failed_execution(
    name: str, case: Case, error: Exception
) -> None:
    desk = Desk({name: error})
    failed = False
    try:
        desk.notify(case, attempt=LAST_ATTEMPT)
    except (TransientError, AwsCallFailed):
        failed = True
    told = len(desk.announcer.messages) == 1
    assert told is not failed
    assert told or name == "publish"
    assert desk.store.claims == {} or name == "close"


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"record_repair", "publish"}))
def test_message_says_what_could_not_be_done(name: str) -> None:
    desk = Desk({name: DENIED})
    desk.notify(VERIFIED)
    ((_, body),) = desk.announcer.messages.values()
    assert "\n\nNot everything could be written down:\n- any:Thing failed with AccessDenied" in body


def test_message_says_that_the_report_is_missing() -> None:
    desk = Desk({"save_document": DENIED})
    desk.notify(VERIFIED)
    ((_, body),) = desk.announcer.messages.values()
    assert body.startswith("see (the report could not be written)\n")


def test_everything_broken_fails_for_the_message() -> None:
    desk = Desk({name: AwsCallFailed("any", name, "AccessDenied", "no") for name in CALLS})
    with pytest.raises(AwsCallFailed, match="publish"):
        desk.notify(VERIFIED)
    assert desk.announcer.messages == {}


def test_event_that_could_not_be_parsed_is_told_although_nobody_can_say_whose_it_is() -> None:
    """Under the execution's own name: another delivery may be at work on the same event."""
    desk = Desk({"owner": TransientError("throttled")})
    desk.notify(replace(BAD_EVENT, event={"functionName": "payments", "manual": True}))
    assert set(desk.announcer.messages) == {(BAD_EVENT.incident.id, "result")}


def test_event_that_could_not_be_parsed_is_told_under_its_own_name() -> None:
    desk = Desk()
    event = {"functionName": "payments", "alarmName": "errors", "manual": True}
    desk.notify(replace(BAD_EVENT, event=event))
    ((told_of, _),) = desk.announcer.messages
    ((recorded, _),) = desk.store.diagnoses
    assert told_of == recorded
    assert "-payments-" in told_of


def test_event_that_nobody_can_read_is_told_as_it_is() -> None:
    desk = Desk()
    desk.notify(replace(BAD_EVENT, event="nonsense"))
    assert set(desk.announcer.messages) == {("incident-1", "result")}


def test_message_says_that_the_failure_itself_could_not_be_recorded() -> None:
    desk = Desk({})
    lost = {"Error": "AwsCallFailed", "Cause": '{"errorMessage": "dynamodb:UpdateItem failed"}'}
    desk.notify(replace(VERIFIED, record_error=lost))
    ((_, body),) = desk.announcer.messages.values()
    assert "- RecordFailure failed with AwsCallFailed: dynamodb:UpdateItem failed" in body


def test_the_report_tells_when_the_diagnosis_was_made() -> None:
    desk = Desk()
    at = datetime(2026, 1, 31, 12, 0, 7, tzinfo=UTC)
    desk.notify(a_case(diagnosis=a_diagnosis(at=at), plan=a_plan(planned_at="2026-01-31T12:00:09.000000Z")))
    (report,) = desk.reports
    assert report.diagnosed_at == at
    assert report.first_diagnosis is None


def test_a_diagnosis_that_nobody_made_has_no_time() -> None:
    desk = Desk()
    desk.notify(BAD_EVENT)
    assert desk.reports[0].diagnosed_at is None


def test_finished_incident_is_remembered() -> None:
    desk = Desk()
    desk.notify(VERIFIED)
    (past,) = desk.memory.incidents.values()
    assert (past.incident_id, past.status) == (VERIFIED.incident.id, "VERIFIED")
    assert past.diagnosed == "out_of_memory"


def looked_at_again() -> Desk:
    """What incident "before" repaired an hour ago is investigated once more."""
    desk = Desk()
    repair = {"status": "VERIFIED", "action": "raise_memory", "change": a_change()}
    for name, at in (("before", NOW - timedelta(minutes=5)), ("long ago", NOW - timedelta(days=2))):
        earlier = an_incident(id=name, opened_at=at, execution_arn=name)
        desk.store.record_repair(earlier, iso(at), {**repair, "changedAt": iso(at)})
        past = PastIncident(name, FUNCTION, at, Fingerprint(), "out_of_memory", "VERIFIED", "raise_memory")
        desk.memory.remember(earlier, past)
    return desk


def test_failures_that_are_looked_at_twice_are_counted_once() -> None:
    desk = looked_at_again()
    settled_by = desk.store.attempts(FUNCTION)[0]
    nothing = Plan(Decision.NOTHING, ("already repaired",), settled_by=settled_by)
    desk.notify(a_case(evidence=EvidenceReference("before"), plan=nothing))
    desk.notify(a_case(plan=a_plan(decision=Decision.REFUSE)))
    again, anew = desk.reports
    assert again.status == "ALREADY_REPAIRED"
    assert again.prevention[0].because.startswith("2 times in 90 days")
    assert anew.prevention[0].because.startswith("3 times in 90 days")


def test_repairs_of_other_incidents_in_the_window_are_reported() -> None:
    desk = looked_at_again()
    desk.notify(VERIFIED)
    assert [a.incident_id for a in desk.reports[0].earlier_repairs] == ["before"]


def test_without_a_diagnosis_there_is_nothing_to_remember() -> None:
    desk = Desk()
    desk.notify(BAD_EVENT)
    assert desk.memory.incidents == {}
