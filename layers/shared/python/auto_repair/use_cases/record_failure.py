"""RecordFailure: our own workflow failed. Write down where and why, before people are told."""

from dataclasses import dataclass, replace
from typing import Any

from auto_repair.domain.case import Case, WorkflowError
from auto_repair.domain.outcome import failed_state, readable_cause
from auto_repair.domain.repair import OPEN
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Clock, IncidentStore
from auto_repair.use_cases.parse_alarm_event import recognised

_SETTLED = (ProgressStatus.DONE, ProgressStatus.LEFT, ProgressStatus.KEPT)


@dataclass(frozen=True)
class RecordFailure:
    """Records the error that a Catch left in the state document."""

    store: IncidentStore
    clock: Clock
    executed_by: str

    def __call__(self, case: Case, error: WorkflowError) -> WorkflowError:
        """The error with the state that failed and a readable cause."""
        case = recognised(case, self.store)
        failure = _failure(case, error)
        told = f"{failure.state} failed with {failure.error}: {failure.cause}"
        if case.rollback is not None and case.rollback.status is ProgressStatus.GAVE_UP:
            told = f"{told}; not rolled back: {case.rollback.reason}"
        self.store.record_diagnosis(
            case.incident,
            {
                "workflowResult": "FAILED",
                "failedState": failure.state,
                "error": failure.error,
                "cause": failure.cause,
                "executedBy": self.executed_by,
            }
            | ({} if case.diagnosis else {"diagnosisResult": "WORKFLOW_FAILED"}),
        )
        for planned_at, begun in self._unfinished(case).items():
            outcome = told if begun else f"nothing was changed: {told}"
            facts = {"status": "FAILED", "outcome": outcome, "endedAt": iso(self.clock())}
            self.store.record_repair(case.incident, planned_at, facts)
        return failure

    def _unfinished(self, case: Case) -> dict[str, bool]:
        """The plans that are now known to have failed, also one whose answer got lost on its way here, and
        whether anything may have been written for them. What the rollback has settled stays as it says."""
        attempts = self.store.attempts(case.incident.function_name)
        ours = {a.executed_at: a for a in attempts if a.incident_id == case.incident.id}
        found = {at: a.started for at, a in ours.items() if a.status in OPEN}
        plan = case.plan
        settled = case.rollback is not None and case.rollback.status in _SETTLED
        if plan and plan.change and not settled:
            last = ours.get(plan.planned_at)
            if last is None or last.started:
                found[plan.planned_at] = True
        return found


def _failure(case: Case, error: WorkflowError) -> WorkflowError:
    """What went wrong first, and that the rollback failed, if it did: that is news of its own."""
    first = WorkflowError(failed_state(case), error.error, readable_cause(error.cause))
    if case.rollback_error is None:
        return first
    name, cause = _caught(case.rollback_error)
    if not error.error:
        return WorkflowError("RollBackRepair", name, cause)
    return replace(first, cause=f"{first.cause}; then RollBackRepair failed with {name}: {cause}")


def unrecorded(case: Case) -> list[str]:
    """That the failure itself could not be written down; empty where it could, or nothing failed."""
    if case.record_error is None:
        return []
    name, cause = _caught(case.record_error)
    return [f"RecordFailure failed with {name}: {cause}"]


def _caught(error: dict[str, Any]) -> tuple[str, str]:
    """Name and readable cause of what a Catch left behind."""
    return str(error.get("Error", "")), readable_cause(str(error.get("Cause", "")))
