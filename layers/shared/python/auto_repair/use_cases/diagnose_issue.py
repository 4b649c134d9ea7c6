"""DiagnoseIssue: from evidence to a ranked list of hypotheses, on record."""

from dataclasses import dataclass

from auto_repair.domain.case import Case
from auto_repair.domain.diagnosis import Diagnosis, FailureMode
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.ranking import diagnose
from auto_repair.ports import IncidentStore
from auto_repair.root_cause.around import causes_around


@dataclass(frozen=True)
class DiagnoseIssue:
    """Asks every failure mode and writes the outcome to the diagnosis table."""

    failure_modes: tuple[FailureMode, ...]
    store: IncidentStore
    executed_by: str

    def __call__(self, case: Case) -> Diagnosis:
        """The ranked outcome; `NOTHING_WRONG` and `CANNOT_TELL` are ordinary results."""
        if case.evidence is None:
            raise InvalidEvent("evidence: the state document has none; CollectMetricsAndLogs comes first")
        evidence = self.store.load_evidence(case.evidence.ref)
        around = causes_around(evidence.surroundings) if evidence.surroundings else ()
        diagnosis = diagnose(evidence, self.failure_modes, around)
        best = diagnosis.root_cause
        self.store.record_diagnosis(
            case.incident,
            {
                "diagnosisResult": diagnosis.verdict.value,
                "summary": diagnosis.summary,
                "rootCause": best.failure_mode if best else "",
                "rootCauseResource": best.resource if best else "",
                "confidence": best.confidence if best else 0.0,
                "hypotheses": [
                    {
                        "id": h.id,
                        "failureMode": h.failure_mode,
                        "resource": h.resource,
                        "path": list(h.path),
                        "confidence": h.confidence,
                        "because": [r.text for r in h.because],
                        "against": [r.text for r in h.against],
                    }
                    for h in diagnosis.hypotheses
                ],
                "missingEvidence": list(diagnosis.missing),
                "evidenceRef": case.evidence.ref,
                "executedBy": self.executed_by,
            },
        )
        return diagnosis
