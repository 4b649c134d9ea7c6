"""Evidence that arrives late re-opens the verdict of a finished incident.

CloudTrail tells of a change minutes after it was made: an incident may have ended by then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from auto_repair.contracts.finding_requests import FindingRequest
from auto_repair.domain.answers import Reopening, declined, heard
from auto_repair.domain.case import Case, EvidenceReference, Notice
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Announcer, Clock, IncidentStore
from auto_repair.use_cases.diagnose_issue import facts_of, scope_of
from auto_repair.use_cases.look_around import LEFT_OUT, LookAround, surroundings_of
from auto_repair.use_cases.notify_result import CASE_FILE, JSON, written
from auto_repair.use_cases.reconsider import Conclude, Records, finished_case, known_incident

LABEL = "again"  # of the evidence


@dataclass(frozen=True)
class SecondLook:
    """What came of looking again. `before` and `after` are ids of findings, empty where none was held
    responsible."""

    incident_id: str
    reopened: bool
    before: str
    after: str
    report: str = ""
    note: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON data, in the names of the request."""
        return {
            "incidentId": self.incident_id,
            "reopened": self.reopened,
            "before": self.before,
            "after": self.after,
            "report": self.report,
            "note": self.note,
        }


@dataclass(frozen=True)
class LookAgain:
    """Looks around a finished incident once more, at the same window."""

    records: Records
    store: IncidentStore
    conclude: Conclude
    look_around: LookAround
    rewrite: Callable[[Case], Notice]
    announcer: Announcer
    clock: Clock

    def __call__(self, request: FindingRequest) -> SecondLook:
        """Whether another cause is held responsible now; then it is on record, and people are told once.

        Raises `InvalidEvent` for an incident that nobody knows or that has not ended yet.
        """
        record = known_incident(self.records, request)
        case = finished_case(self.records, record)
        if case is None or record.is_open:
            why = "has not ended yet" if record.is_open else "ended without a report"
            raise InvalidEvent(f"incidentId: incident {record.incident.id} {why}")
        old = self.store.load_evidence(record.evidence_ref)
        new = replace(old, surroundings=surroundings_of(case.incident, old.window, self.look_around))
        before, after = (self._heard(evidence, record) for evidence in (old, new))
        look = SecondLook(record.incident.id, False, _cause(before.root_cause), _cause(after.root_cause))
        if reason := _why_less(old, new):
            return replace(look, note=f"Not compared: {reason}.")
        if look.before == look.after:
            return replace(look, note="The same cause is held responsible.")
        return self._reopen(case, new, before, after, look)

    def _heard(self, evidence: Evidence, record: IncidentRecord) -> Diagnosis:
        left = self.conclude(evidence, declined(record.answers), incident_id=record.incident.id)
        return heard(left, record.answers)

    def _reopen(
        self,
        case: Case,
        evidence: Evidence,
        before: Diagnosis,
        after: Diagnosis,
        look: SecondLook,
    ) -> SecondLook:
        incident, ref = case.incident, self.store.save_evidence(case.incident, LABEL, evidence)
        at = self.clock()
        now = iso(at)
        told = f"{after.summary} Seen only after the incident had ended: before, {_told(before)}."
        case = replace(
            case,
            evidence=EvidenceReference(ref, len(evidence.items), tuple(_gaps(evidence)), is_wide=True),
            diagnosis=replace(self.conclude(evidence, incident_id=incident.id), summary=told, at=at),
            plan=_open_to_people(case.plan, after),
            reopenings=(*case.reopenings, Reopening(at, look.before, look.after)),
            first_diagnosis=case.first_diagnosis or case.diagnosis,
        )
        self.store.save_document(incident, CASE_FILE, written(case), JSON)
        self.store.record_diagnosis(
            incident,
            {
                "reopened": {"at": now, "before": look.before, "after": look.after},
                "reconsidered": facts_of(after) | {"at": now},
                "evidenceRef": ref,
                **scope_of(evidence),
            },
        )
        report = self.rewrite(case).report
        subject, body = message(incident.function_name, incident.id, before, after, report)
        self.announcer.publish(
            subject=subject,
            body=body,
            incident_id=incident.id,
            stage="reopened",
            function_name=incident.function_name,
        )
        return replace(look, reopened=True, report=report)


def _open_to_people(plan: Plan | None, diagnosis: Diagnosis) -> Plan | None:
    """Where there was nothing to decide, a person now has to act: a second look plans no repair."""
    if plan is None or plan.decision is not Decision.NOTHING or diagnosis.root_cause is None:
        return plan
    reason = "Start an investigation of it now, if it still fails: that one can plan a repair"
    return replace(plan, decision=Decision.ADVISE, reasons=(reason,))


def message(name: str, incident_id: str, before: Diagnosis, after: Diagnosis, report: str) -> tuple[str, str]:
    """Subject and body that tell of another verdict."""
    cause = after.root_cause
    reasons = [f"- {reason.text}" for reason in cause.because] if cause else []
    lines = (
        f"Evidence that arrived after the incident had ended changes its verdict: {_told(after)}.",
        f"Before, {_told(before)}.",
        *reasons,
        f"Nothing was changed. The report tells the rest: {report}",
        f"Incident {incident_id}",
    )
    return f"[Reopened] {name}: {cause.title if cause else 'the cause is open again'}", "\n".join(lines)


def _told(diagnosis: Diagnosis) -> str:
    cause = diagnosis.root_cause
    return f"the cause is held to be {cause.title} ({cause.id})" if cause else "no cause was clear"


def _cause(hypothesis: Hypothesis | None) -> str:
    return hypothesis.id if hypothesis else ""


def _why_less(old: Evidence, new: Evidence) -> str:
    """Why the new look sees less than the old one did; empty where it does not.

    A gap alone is no loss: most are limits of ours or of AWS, met now and not then.
    """
    gone = _seen(old) - _seen(new)
    if gone and (lost := sorted(_gaps(new) - _gaps(old) - {LEFT_OUT})):
        return f"{', '.join(lost)} could be read then, and not now"
    # The neighbourhood may have grown: only what it pushed beyond the limit is missed.
    if LEFT_OUT in _gaps(new) and (pushed := sorted(_resources(old) - _resources(new))):
        return f"{', '.join(pushed)} was looked at then, and now others are nearer"
    return ""


def _seen(evidence: Evidence) -> set[object]:
    """Everything around that a verdict may rest on, in parts that are there or not."""
    around = evidence.surroundings
    if around is None:
        return set()
    return {
        *_resources(evidence),
        *((edge.caller, edge.callee) for edge in around.scope.topology.edges),
        *((s.resource, s.metric, s.statistic, time) for s in around.series for time in s.times),
        *(change.event_id or (change.resource, change.action, change.at) for change in around.changes),
        # One that is known from before is no news.
        *((s.resource, s.template, s.traced, bool(s.count_before)) for s in around.signatures),
    }


def _resources(evidence: Evidence) -> set[str]:
    return {r.id for r in evidence.surroundings.scope.resources} if evidence.surroundings else set()


def _gaps(evidence: Evidence) -> set[str]:
    around = evidence.surroundings.missing if evidence.surroundings else ()
    return {gap.source for gap in (*evidence.missing, *around)}
