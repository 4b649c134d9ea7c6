"""People answer to the findings of an incident: the ranking, the record and the report follow.

Nothing but our own record changes: an answer here repairs nothing and approves nothing.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from auto_repair.contracts.documents import decode, encode
from auto_repair.contracts.finding_requests import FindingRequest
from auto_repair.domain.answers import Answer, Answered, accepted, declined, heard
from auto_repair.domain.case import Case, Notice
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis
from auto_repair.domain.errors import InvalidEvent, ResourceMissing, TransientError
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.domain.redaction import redact
from auto_repair.domain.similar_incidents import Correction
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Clock, IncidentMemory, IncidentStore
from auto_repair.use_cases.diagnose_issue import facts_of
from auto_repair.use_cases.notify_result import CASE_FILE

TRIES = 4  # others may answer in between
NO_REPORT_YET = "The incident has no report yet; the one it ends with will hold the answer."
NO_REPORT = "The incident ended without a report that could be written again; the answer is on record."


class Records(Protocol):
    """Incidents as they were written down."""

    def find(self, incident_id: str) -> IncidentRecord:
        """Raises `ResourceMissing` where no incident has that id."""
        ...

    def newest(self, function_name: str) -> Sequence[dict[str, str]]:
        """The function's newest incidents, newest first."""
        ...

    def answer(self, incident: Incident, answer: Answer) -> None:
        """Write an answer down. Repeatable; those of others stay."""
        ...

    def load_case(self, incident: Incident, name: str) -> str | None:
        """The text of a file beside the incident's report; None where there is none."""
        ...


class Conclude(Protocol):
    """From evidence to a diagnosis without the hypotheses that were declined.

    `incident_id`: of the incident that it is about, which teaches nothing about itself.
    """

    def __call__(
        self, evidence: Evidence, declined: Collection[str] = (), *, incident_id: str
    ) -> Diagnosis: ...


@dataclass(frozen=True)
class Findings:
    """What an incident's findings are now. `notes` are for the person who asked."""

    incident_id: str
    function_name: str
    status: str
    verdict: str = ""
    summary: str = ""
    confirmed_cause: str = ""
    hypotheses: tuple[Hypothesis, ...] = ()
    leads: tuple[Hypothesis, ...] = ()  # too weak to be causes
    answers: tuple[Answer, ...] = ()
    report: str = ""
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON data, in the names of the request."""
        return {
            "incidentId": self.incident_id,
            "functionName": self.function_name,
            "status": self.status,
            "verdict": self.verdict,
            "summary": self.summary,
            "confirmedCause": self.confirmed_cause,
            "hypotheses": [_hypothesis(one) for one in self.hypotheses],
            "leads": [_hypothesis(one) for one in self.leads],
            "answers": encode(self.answers),
            "report": self.report,
            "notes": list(self.notes),
        }


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    return {
        "id": hypothesis.id,
        "title": hypothesis.title,
        "confidence": hypothesis.confidence,
        "because": [reason.text for reason in hypothesis.because],
        "against": [reason.text for reason in hypothesis.against],
    }


@dataclass(frozen=True)
class DiagnosisWithAnswers:
    """The diagnosis of a case as people's answers leave it; without answers it is the case's own."""

    answers: Callable[[Incident], Sequence[Answer]]
    conclude: Conclude

    def __call__(self, case: Case, evidence: Evidence | None) -> Answered:
        if case.diagnosis is None or not (answers := tuple(self.answers(case.incident))):
            return Answered(case.diagnosis)
        if evidence is None:
            return Answered(heard(case.diagnosis, answers), answers)
        left = self.conclude(evidence, declined(answers), incident_id=case.incident.id)
        # When it was made and what a model said then stay true, whatever is concluded now.
        left = replace(left, at=case.diagnosis.at, counsel=case.diagnosis.counsel)
        return Answered(heard(left, answers), answers)


@dataclass(frozen=True)
class Reconsider:
    """Lists the findings of an incident, and takes what people say about one."""

    records: Records
    store: IncidentStore
    conclude: Conclude
    memory: IncidentMemory
    rewrite: Callable[[Case], Notice]
    clock: Clock

    def __call__(self, request: FindingRequest) -> Findings:
        """The findings as they stand now, after the answer if the request is one.

        Raises `InvalidEvent` naming the field for an incident or a finding that nobody knows.
        """
        record = known_incident(self.records, request)
        now = self._heard(record)
        if request.say is None:
            return self._findings(record, now)
        if request.finding not in record.findings:
            raise InvalidEvent(
                f"finding: incident {record.incident.id} has none called {request.finding!r}; "
                f"its findings are {', '.join(record.findings) or 'none'}"
            )
        said_at, comment = iso(self.clock()), redact(request.comment)
        answer = Answer(request.finding, request.say, request.by, said_at, comment)
        self.records.answer(record.incident, answer)
        return self._settled(record.incident)

    def newest(self, function_name: str) -> Sequence[dict[str, str]]:
        """The function's newest incidents, newest first."""
        return self.records.newest(function_name)

    def _settled(self, incident: Incident) -> Findings:
        """Everything that follows from the answers, once nobody answered while it was written."""
        for _ in range(TRIES):
            record = self.records.find(incident.id)
            findings = self._follow(record)
            if self.records.find(incident.id).answers == record.answers:
                return findings
        raise TransientError(f"others keep answering to the findings of incident {incident.id}; try again")

    def _follow(self, record: IncidentRecord) -> Findings:
        incident, diagnosis = record.incident, self._heard(record)
        last = record.answers[-1]
        self.store.record_diagnosis(incident, {"reconsidered": facts_of(diagnosis) | {"at": last.at}})
        correction = Correction(accepted(record.answers), declined(record.answers), last.by, last.at)
        self.memory.correct(incident.function_name, record.executed_at, incident.id, correction)
        case = finished_case(self.records, record)
        report = self.rewrite(case).report if case else ""
        missing = NO_REPORT_YET if record.is_open else NO_REPORT
        return self._findings(record, diagnosis, report, () if case else (missing,))

    def _heard(self, record: IncidentRecord) -> Diagnosis:
        try:
            evidence = self.store.load_evidence(record.evidence_ref)
        except ResourceMissing as error:
            raise InvalidEvent(
                f"incidentId: the evidence of incident {record.incident.id} is no longer kept"
            ) from error
        left = self.conclude(evidence, declined(record.answers), incident_id=record.incident.id)
        return heard(left, record.answers)

    def _findings(
        self, record: IncidentRecord, diagnosis: Diagnosis, report: str = "", notes: Sequence[str] = ()
    ) -> Findings:
        return Findings(
            incident_id=record.incident.id,
            function_name=record.incident.function_name,
            status=record.status,
            verdict=diagnosis.verdict.value,
            summary=diagnosis.summary,
            confirmed_cause=accepted(record.answers),
            hypotheses=diagnosis.hypotheses,
            leads=diagnosis.leads,
            answers=record.answers,
            report=report or str(record.diagnosis.get("reportUri", "")),
            notes=(*notes, *self._questions(record)),
        )

    def _questions(self, record: IncidentRecord) -> tuple[str, ...]:
        """What still waits for an answer that cannot be given here."""
        repairs: list[Any] = list(self.store.repairs_of(record.incident)) if record.is_open else []
        waiting = [item for item in repairs if item.get("status") == "AWAITING_APPROVAL"]
        since = record.diagnosis.get("evidenceChanged", {}).get("changes", ()) if waiting else ()
        return (
            *(
                f"The repair {item.get('action', '')} waits for approval. What is said about a finding does "
                "not answer that question: approve or reject it with the commands of its message."
                for item in waiting
            ),
            *(f"Became known since it was asked: {change}" for change in since),
        )


def known_incident(records: Records, request: FindingRequest) -> IncidentRecord:
    """The record that a request is about. Raises `InvalidEvent` where it has no findings."""
    try:
        record = records.find(request.incident_id)
    except ResourceMissing as error:
        raise InvalidEvent(f"incidentId: {error}{_others(records, request.function_name)}") from error
    name = record.incident.function_name
    if request.function_name not in ("", name):
        raise InvalidEvent(f"functionName: incident {request.incident_id} is about {name}, leave it out")
    if not record.evidence_ref:
        why = "its alarm joined another incident" if record.status == "JOINED" else "it was not diagnosed"
        raise InvalidEvent(
            f"incidentId: incident {request.incident_id} has no findings, because {why}"
            + _others(records, name)
        )
    return record


def _others(records: Records, function_name: str) -> str:
    if not function_name:
        return "; give functionName as well to see that function's incidents"
    ids = [one["incidentId"] for one in records.newest(function_name)]
    return f"; the newest of {function_name} are {', '.join(ids) or 'none'}"


def finished_case(records: Records, record: IncidentRecord) -> Case | None:
    """The case as it was when its report was written; None before that."""
    text = records.load_case(record.incident, CASE_FILE)
    return decode(Case, json.loads(text)) if text else None
