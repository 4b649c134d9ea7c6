"""NotifyResult: the final record, the report, one message, and the incident is closed.

Each of these is tried whatever became of the others, and the message names what failed for good. When there
is no message, the execution fails, and the workflow's own alarm path tells people.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from auto_repair.contracts.documents import encode
from auto_repair.domain.answers import Answered
from auto_repair.domain.approval import read
from auto_repair.domain.case import Case, Notice
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.errors import AutoRepairError, TransientError
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.fingerprint import fingerprint
from auto_repair.domain.incident import Incident
from auto_repair.domain.outcome import final_status, is_declined
from auto_repair.domain.prevention import Advice, prevention
from auto_repair.domain.repair import Attempt
from auto_repair.domain.similar_incidents import conclude
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Announcer, Clock, IncidentMemory, IncidentStore
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.use_cases.parse_alarm_event import recognised
from auto_repair.use_cases.record_failure import unrecorded

# MaxAttempts of the state's first Retry. Throttled tries count too: after those, the message comes sooner.
LAST_ATTEMPT = 4
PROBLEM_LENGTH = 500  # characters
CASE_FILE = "case.json"  # beside the report, which can be written again from it
JSON = "application/json"
T = TypeVar("T")


class Renderer(Protocol):
    """One form of the report."""

    def __call__(self, report: IncidentReport) -> str: ...


def as_diagnosed(case: Case, _evidence: Evidence | None) -> Answered:
    """Nobody has answered."""
    return Answered(case.diagnosis)


@dataclass(frozen=True)
class Document:
    """A file of the report: its name, its type, and how it is written."""

    name: str
    content_type: str
    render: Renderer


@dataclass(frozen=True)
class NotifyResult:
    """Writes the report, sends one message, closes the incident."""

    store: IncidentStore
    memory: IncidentMemory
    announcer: Announcer
    clock: Clock
    documents: tuple[Document, ...]  # the first one is the one that people are sent to
    write_message: Callable[[IncidentReport, str], tuple[str, str]]
    environment: str
    region: str
    executed_by: str
    answered: Callable[[Case, Evidence | None], Answered] = as_diagnosed

    def __call__(self, case: Case, *, attempt: int = 0) -> Notice:
        """Where it was reported. Repeatable: one message per incident, whatever happens."""
        case = recognised(case, self.store)
        steps = _BestEffort(unrecorded(case), is_last=attempt >= LAST_ATTEMPT)
        status = final_status(case)
        steps.run(lambda: self._record(case, status))
        # Before the answers are read: whoever answers later finds the case and writes the report again.
        steps.run(lambda: self.store.save_document(case.incident, CASE_FILE, written(case), JSON))
        # Before it is asked which alarms have joined: what fires from now on has an incident of its own. And
        # before people are told: a call that fails for good can then be part of the message.
        steps.run(lambda: self.store.close(case.incident, status))
        report = self._report(case, status, steps)
        steps.run(lambda: self._remember(case, report.evidence_before, status))
        uri = self._write(report, steps)
        steps.run(
            lambda: self.store.record_diagnosis(case.incident, {"reportUri": uri, "status": status}),
        )
        return Notice(uri, self._announce(case, report, uri, steps.problems))

    def rewrite(self, case: Case) -> Notice:
        """Write the report of a finished case again, with what has become known since; nobody is told.

        Raises the error of the first document that cannot be written.
        """
        steps = _BestEffort([], is_last=False)
        status = final_status(case)
        report = self._report(case, status, steps)
        steps.run(lambda: self._remember(case, report.evidence_before, status))
        uris = [self._save(report, document) for document in self.documents]
        return Notice(uris[0])

    def _write(self, report: IncidentReport, steps: "_BestEffort") -> str:
        uris = [steps.run(partial(self._save, report, document)) for document in self.documents]
        return uris[0] or ""

    def _save(self, report: IncidentReport, document: Document) -> str:
        return self.store.save_document(
            report.incident, document.name, document.render(report), document.content_type
        )

    def _announce(self, case: Case, report: IncidentReport, uri: str, problems: list[str]) -> str:
        subject, body = self.write_message(report, uri or "(the report could not be written)")
        return self.announcer.publish(
            subject=subject,
            body=body + _not_done(problems),
            incident_id=case.incident.id,
            stage="result",
            function_name=case.incident.function_name,
        )

    def _record(self, case: Case, status: str) -> None:
        if case.diagnosis is None and case.failure is None:
            facts = {
                "diagnosisResult": status,
                "summary": case.incident.problem,
                "executedBy": self.executed_by,
            }
            self.store.record_diagnosis(case.incident, facts)
        if case.plan is None or case.plan.change is None or not is_declined(case):
            return
        answer = read(case.approval)
        self.store.record_repair(
            case.incident,
            case.plan.planned_at,
            {
                "status": "REJECTED",
                "endedAt": iso(self.clock()),
                "outcome": f"{answer.decision} by {answer.answered_by}",
                "approval": {
                    "decision": answer.decision,
                    "answeredBy": answer.answered_by,
                    "comment": answer.comment,
                },
            },
        )

    def _remember(self, case: Case, evidence: Evidence | None, status: str) -> None:
        """What later incidents are compared with."""
        if evidence is not None and case.diagnosis is not None:
            past = conclude(case, fingerprint(evidence, case.diagnosis), status)
            self.memory.remember(case.incident, past)

    def _report(self, case: Case, status: str, steps: "_BestEffort") -> IncidentReport:
        attempts: list[Mapping[str, Any]] = (
            steps.run(lambda: list(self.store.repairs_of(case.incident))) or []
        )
        evidence = self._evidence(case.evidence.ref if case.evidence else "", steps)
        answered = steps.run(lambda: self.answered(case, evidence)) or as_diagnosed(case, evidence)
        diagnosis, first = answered.diagnosis, case.first_diagnosis or case.diagnosis
        return IncidentReport(
            incident=case.incident,
            status=status,
            environment=self.environment,
            region=self.region,
            account=_account(case.incident.execution_arn),
            evidence_before=evidence,
            evidence_after=self._evidence(case.verification.evidence_ref if case.verification else "", steps),
            diagnosis=diagnosis,
            plan=case.plan,
            attempts=attempts,
            approval=read(case.approval) if case.approval or is_declined(case) else None,
            repair=case.repair,
            verification=case.verification,
            rollback=case.rollback,
            failure=case.failure,
            prevention=steps.run(lambda: self._prevention(diagnosis, case)) or (),
            diagnosed_at=first.at if first else None,
            first_diagnosis=first if first != diagnosis else None,
            answers=answered.answers,
            reopenings=case.reopenings,
            earlier_repairs=steps.run(lambda: self._earlier_repairs(case.incident, evidence)) or (),
            joined_alarms=steps.run(lambda: list(self.store.joined_alarms(case.incident))) or [],
            reported_at=self.clock(),
        )

    def _prevention(self, diagnosis: Diagnosis | None, case: Case) -> tuple[Advice, ...]:
        cause = diagnosis.root_cause if diagnosis else None
        if cause is None:
            return ()
        # Failures that an earlier incident has repaired are looked at twice, and have happened once.
        settled_by = case.plan.settled_by if case.plan else None
        same = (case.incident.id, settled_by.incident_id if settled_by else "")
        past = (one for one in self.memory.past() if one.incident_id not in same)
        return prevention(cause.id, case.incident.function_name, past, self.clock())

    def _earlier_repairs(self, incident: Incident, evidence: Evidence | None) -> tuple[Attempt, ...]:
        """What other incidents changed within the window that is told of, oldest first."""
        if evidence is None:
            return ()
        since = iso(evidence.window.start)
        attempts = self.store.attempts(incident.function_name)
        return tuple(a for a in reversed(attempts) if a.incident_id != incident.id and a.changed_at >= since)

    def _evidence(self, ref: str, steps: "_BestEffort") -> Evidence | None:
        return steps.run(lambda: self.store.load_evidence(ref)) if ref else None


class _BestEffort:
    """Runs every step, notes what failed for good, and stops early only where a retry is still to come."""

    def __init__(self, problems: list[str], *, is_last: bool) -> None:
        self._is_last = is_last
        self.problems = problems

    def run(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except AutoRepairError as error:
            if isinstance(error, TransientError) and not self._is_last:
                raise
            self.problems.append(str(error))
        return None


def _not_done(problems: list[str]) -> str:
    """The end of a message whose record or report is not complete; empty for an ordinary one."""
    lines = "".join(f"\n- {problem[:PROBLEM_LENGTH]}" for problem in problems)
    return f"\n\nNot everything could be written down:{lines}" if lines else ""


def written(case: Case) -> str:
    """The case as the text of a file."""
    return json.dumps(encode(case), ensure_ascii=False) + "\n"


def _account(execution_arn: str) -> str:
    parts = execution_arn.split(":")
    return parts[4] if len(parts) > 4 else ""
