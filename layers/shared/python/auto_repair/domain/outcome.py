"""How an incident ended, in one word for the tables and the report."""

import json

from auto_repair.domain.approval import read
from auto_repair.domain.case import Case
from auto_repair.domain.incident import Disposition
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import NextStep, Outcome, Verification

ALREADY_REPAIRED = "ALREADY_REPAIRED"  # by an earlier incident, and well since
CAUSE_LENGTH = 2000


def final_status(case: Case) -> str:
    """A status of the repairs table, or NOTHING_WRONG, ALREADY_REPAIRED, CANNOT_TELL, ADVISED,
    INVALID_EVENT."""
    if _has_failed(case):
        return "FAILED"
    if case.incident.disposition is Disposition.REJECTED:
        return "INVALID_EVENT"
    if case.rollback is not None:
        return rolled_back(case.rollback.status, case.verification)
    if is_declined(case):
        return "REJECTED"
    if case.repair is not None and case.repair.status is ProgressStatus.REFUSED:
        return "REFUSED"
    if case.verification is not None:
        return _verified(case.verification)
    if case.plan is None:
        return "FAILED"
    if case.plan.settled_by is not None:
        return ALREADY_REPAIRED
    if case.plan.decision is Decision.NOTHING and case.diagnosis is not None:
        return case.diagnosis.verdict.value
    return {Decision.OBSERVE: "OBSERVED", Decision.REFUSE: "REFUSED", Decision.ADVISE: "ADVISED"}.get(
        case.plan.decision, "FAILED"
    )


def _has_failed(case: Case) -> bool:
    """Whether our own workflow failed, also when not even that could be recorded."""
    return any(part is not None for part in (case.failure, case.error, case.rollback_error))


def _verified(verification: Verification) -> str:
    if verification.outcome is Outcome.REPAIRED:
        return "VERIFIED"
    return "INCONCLUSIVE" if verification.next_step is NextStep.FINISH else "FAILED"


def rolled_back(rollback: ProgressStatus, verification: Verification | None) -> str:
    """What taking a repair back came to. Where somebody else changed what was repaired, or deployed something
    else to it, it was no failure of the repair, and what is left is theirs."""
    if rollback in (ProgressStatus.LEFT, ProgressStatus.KEPT) or (
        verification is not None and verification.is_overruled
    ):
        return "INCONCLUSIVE"
    return "ROLLED_BACK" if rollback is ProgressStatus.DONE else "FAILED"


def is_declined(case: Case) -> bool:
    """Whether the plan asked and nobody said yes. No answer at all is told from a failed question."""
    asked = case.plan is not None and case.plan.decision is Decision.ASK
    return asked and not _has_failed(case) and not read(case.approval).approved


def failed_state(case: Case) -> str:
    """The state whose error was caught, told from what the state document already holds."""
    if case.incident.disposition is Disposition.REJECTED:
        return "ParseAlarmEvent"
    if case.evidence is None:
        return "CollectMetricsAndLogs"
    if case.diagnosis is None:
        return "DiagnoseIssue"
    plan = case.plan
    if case.diagnosis.look_around and plan is None:
        return "DiagnoseIssue" if case.evidence.is_wide else "LookAround"
    if plan is None or _is_climbing(case, plan):
        return "DetermineAction"
    if plan.decision is Decision.ASK and not case.approval:
        return "AwaitApproval"
    if case.repair is None or case.repair.planned_at != plan.planned_at:
        return "ExecuteRepair"
    if case.repair.status is not ProgressStatus.DONE:
        return "ExecuteRepair"
    return "VerifyRepair"


def _is_climbing(case: Case, plan: Plan) -> bool:
    """Whether the last look called for another rung, which is not planned yet."""
    look = case.verification
    return look is not None and look.planned_at == plan.planned_at and look.next_step is NextStep.CLIMB


def readable_cause(cause: str) -> str:
    """The message inside a Lambda error's JSON; anything else as it is, cut to a sane length."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause[:CAUSE_LENGTH]
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return str(message or cause)[:CAUSE_LENGTH]
