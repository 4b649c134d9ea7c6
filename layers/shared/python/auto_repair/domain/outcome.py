"""How an incident ended, in one word for the tables and the report."""

from auto_repair.domain.approval import read
from auto_repair.domain.case import Case
from auto_repair.domain.incident import Disposition
from auto_repair.domain.plan import Decision
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import Outcome


def final_status(case: Case) -> str:
    """A status of the repairs table, or NOTHING_WRONG, CANNOT_TELL, ADVISED, INVALID_EVENT."""
    if case.incident.disposition is Disposition.REJECTED and case.failure is None:
        return "INVALID_EVENT"
    if case.rollback is not None:
        return "ROLLED_BACK" if case.rollback.status is ProgressStatus.DONE else "FAILED"
    if case.failure is not None:
        return "FAILED"
    if is_declined(case):
        return "REJECTED"
    if case.verification is not None:
        return "VERIFIED" if case.verification.outcome is Outcome.REPAIRED else "INCONCLUSIVE"
    if case.plan is None:
        return "FAILED"
    if case.plan.decision is Decision.NOTHING and case.diagnosis is not None:
        return case.diagnosis.verdict.value
    return {Decision.OBSERVE: "OBSERVED", Decision.REFUSE: "REFUSED", Decision.ADVISE: "ADVISED"}.get(
        case.plan.decision, "FAILED"
    )


def is_declined(case: Case) -> bool:
    """Whether the plan asked and nobody said yes."""
    asked = case.plan is not None and case.plan.decision is Decision.ASK
    return asked and case.approval is not None and not read(case.approval).approved


def failed_state(case: Case) -> str:
    """The state whose error was caught, told from what the state document already holds."""
    if case.incident.disposition is Disposition.REJECTED:
        return "ParseAlarmEvent"
    if case.evidence is None:
        return "CollectMetricsAndLogs"
    if case.diagnosis is None:
        return "DiagnoseIssue"
    plan = case.plan
    if plan is None:
        return "DetermineAction"
    if plan.decision is Decision.ASK and case.approval is None:
        return "AwaitApproval"
    if case.repair is None or case.repair.planned_at != plan.planned_at:
        return "ExecuteRepair"
    if case.repair.status is not ProgressStatus.DONE:
        return "ExecuteRepair"
    return "VerifyRepair"
