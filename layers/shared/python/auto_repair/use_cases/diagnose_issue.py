"""DiagnoseIssue: from evidence to a ranked list of hypotheses, on record."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from auto_repair.domain.case import Case
from auto_repair.domain.diagnosis import Diagnosis, FailureMode, Hypothesis, Inquiry, Verdict
from auto_repair.domain.errors import AutoRepairError, InvalidEvent
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.fingerprint import fingerprint
from auto_repair.domain.incident import Incident
from auto_repair.domain.ranking import MAX_TEXT, diagnose, recalled
from auto_repair.domain.resources import at_heart
from auto_repair.domain.similar_incidents import recall
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Advisor, Clock, IncidentMemory, IncidentStore, RunbookSearch

MODEL_DECIDED = "a model put this cause before the one that our own rules hold likelier: a person decides"


@dataclass(frozen=True)
class DiagnoseIssue:
    """Asks every failure mode and writes the outcome to the diagnosis table."""

    failure_modes: tuple[FailureMode, ...]
    store: IncidentStore
    memory: IncidentMemory
    clock: Clock
    executed_by: str
    advisor: Advisor | None = None  # off unless a model is set
    runbooks: RunbookSearch | None = None

    def __call__(self, case: Case) -> Diagnosis:
        """The ranked outcome; `NOTHING_WRONG` and `CANNOT_TELL` are ordinary results."""
        if case.evidence is None:
            raise InvalidEvent("evidence: the state document has none; CollectMetricsAndLogs comes first")
        evidence = self.store.load_evidence(case.evidence.ref)
        diagnosis = self._diagnosed(evidence)
        # Where the surroundings are looked at next, the past and the advisor are asked once those are known.
        if not diagnosis.look_around:
            remembered = self._recalled(diagnosis, evidence, case.incident.id)
            diagnosis = self._advised(case.incident, evidence, remembered)
        now = self.clock()
        diagnosis = replace(diagnosis, at=now)
        facts = facts_of(diagnosis) | scope_of(evidence)
        mine = {"evidenceRef": case.evidence.ref, "executedBy": self.executed_by, "diagnosedAt": iso(now)}
        self.store.record_diagnosis(case.incident, {**facts, **mine})
        return diagnosis

    def _advised(self, incident: Incident, evidence: Evidence, diagnosis: Diagnosis) -> Diagnosis:
        """The diagnosis as an advisor judges and words it, within bounds; the verdict stays ours."""
        if self.advisor is None or not diagnosis.hypotheses:
            return diagnosis
        # Imported late: only with a model, which is off by default.
        from auto_repair.domain.advice import advised, brief, counsel

        problem = incident.question or (incident.alarm.reason if incident.alarm else "") or diagnosis.summary
        around = evidence.surroundings.items if evidence.surroundings else ()
        extracts = self.runbooks.search(diagnosis.summary) if self.runbooks else ()
        language = incident.reading.language if incident.reading else "en"
        advice = self.advisor.advise(
            brief(incident.id, problem, diagnosis, (*evidence.items, *around), extracts, language)
        )
        return replace(
            advised(diagnosis, advice),
            counsel=counsel(advice, diagnosis),
            needs_person=MODEL_DECIDED if advice.changes_the_first else "",
        )

    def conclude(
        self, evidence: Evidence, declined: Collection[str] = (), *, incident_id: str = ""
    ) -> Diagnosis:
        """The ranked outcome without the hypotheses that people declined, by id. Writes nothing.

        `incident_id`: of the incident that it is about, which teaches nothing about itself.
        """
        return self._recalled(self._diagnosed(evidence, declined), evidence, incident_id)

    def _diagnosed(self, evidence: Evidence, declined: Collection[str] = ()) -> Diagnosis:
        causes, inquiry = _inquired(evidence)
        return diagnose(evidence, self.failure_modes, causes, declined, inquiry)

    def _recalled(self, diagnosis: Diagnosis, evidence: Evidence, incident_id: str) -> Diagnosis:
        """With what similar incidents of the past turned out to be."""
        if diagnosis.verdict is Verdict.NOTHING_WRONG and not diagnosis.hypotheses:
            return diagnosis
        try:
            past = self.memory.past()
        except AutoRepairError as error:
            gap = f"incident_memory: {error}"[:MAX_TEXT]
            return replace(diagnosis, missing=(*diagnosis.missing, gap))
        seen = fingerprint(evidence, diagnosis)
        return recalled(evidence, diagnosis, recall(seen, past, evidence.window.end, incident_id))


def _inquired(evidence: Evidence) -> tuple[tuple[Hypothesis, ...], Inquiry | None]:
    if evidence.surroundings is None:
        return (), None
    # Imported late: the engine costs a cold start a good deal, and common incidents do without it.
    from auto_repair.root_cause.around import inquire

    return inquire(evidence)


def facts_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the diagnosis table says of it."""
    best, said = diagnosis.root_cause, diagnosis.counsel
    return {
        "diagnosisResult": diagnosis.verdict.value,
        "summary": diagnosis.summary,
        "rootCause": best.failure_mode if best else "",
        "rootCauseResource": best.resource if best else "",
        "confidence": best.confidence if best else 0.0,
        "hypotheses": [_hypothesis(h) for h in diagnosis.hypotheses],
        "inquiry": _inquiry(diagnosis.inquiry) if diagnosis.inquiry else {},
        "missingEvidence": list(diagnosis.missing),
        "explanation": said.explanation if said else "",
        "advisor": [text for text in (said.model, *said.remarks) if text] if said else [],
    }


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    return {
        "id": hypothesis.id,
        "failureMode": hypothesis.failure_mode,
        "resource": hypothesis.resource,
        "path": list(hypothesis.path),
        "confidence": hypothesis.confidence,
        "because": [reason.text for reason in hypothesis.because],
        "against": [reason.text for reason in hypothesis.against],
    }


def _inquiry(inquiry: Inquiry) -> dict[str, Any]:
    return {
        "outcome": inquiry.outcome.value,
        "probability": inquiry.probability,
        "reasons": list(inquiry.reasons),
        "leads": [_hypothesis(lead) for lead in inquiry.leads],
    }


def scope_of(evidence: Evidence) -> dict[str, Any]:
    """Which resources were looked at, and from when to when: a change there may be told later."""
    around = evidence.surroundings.scope.resources if evidence.surroundings else ()
    ids = {at_heart(evidence.function_name).id, *(resource.id for resource in around)}
    return {
        "resources": sorted(ids),
        "observedFrom": iso(evidence.window.start),
        "observedUntil": iso(evidence.window.end),
    }
