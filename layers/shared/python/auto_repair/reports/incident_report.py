"""All that is known about one incident when it is reported: the input of every renderer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from auto_repair.domain.approval import Approval
from auto_repair.domain.case import WorkflowError
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair import Change
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.verification import Verification
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.undo_commands import check_commands, undo_commands
from auto_repair.reports.wording import parsed

_APPLIED = frozenset({"EXECUTED", "VERIFIED", "INCONCLUSIVE"})
_WRITING_STATES = frozenset({"ExecuteRepair", "RollBackRepair"})


class Standing(StrEnum):
    """What the function's configuration is now, as far as this incident goes."""

    UNTOUCHED = "untouched"
    CHANGED = "changed"
    RESTORED = "restored"
    UNCLEAR = "unclear"  # a person must look: a step of ours may or may not have reached AWS


@dataclass(frozen=True)
class IncidentReport:
    """One incident. `status` is a status of the repairs table, or NOTHING_WRONG, CANNOT_TELL, ADVISED,
    INVALID_EVENT, JOINED; `attempts` are the incident's items of the repairs table as they are stored."""

    incident: Incident
    status: str
    environment: str = ""
    region: str = ""
    account: str = ""
    evidence_before: Evidence | None = None
    evidence_after: Evidence | None = None
    diagnosis: Diagnosis | None = None
    plan: Plan | None = None
    attempts: Sequence[Mapping[str, Any]] = ()
    approval: Approval | None = None
    repair: Progress | None = None
    verification: Verification | None = None
    rollback: Progress | None = None
    failure: WorkflowError | None = None
    joined_alarms: Sequence[str] = ()
    diagnosed_at: datetime | None = None
    reported_at: datetime | None = None

    @cached_property
    def records(self) -> tuple[RepairRecord, ...]:
        """The attempts, oldest first."""
        return tuple(sorted(map(RepairRecord.from_item, self.attempts), key=lambda r: r.executed_at))

    @cached_property
    def standing(self) -> Standing:
        """What the configuration is now."""
        if self.rollback:
            return self._after_rollback(self.rollback)
        if self.status == "ROLLED_BACK":
            return Standing.RESTORED
        if self.status == "FAILED":
            return Standing.UNCLEAR if self._may_have_written else Standing.UNTOUCHED
        is_applied = self.status in _APPLIED or any(r.status in _APPLIED for r in self.records)
        return Standing.CHANGED if is_applied else Standing.UNTOUCHED

    def _after_rollback(self, rollback: Progress) -> Standing:
        if rollback.status is not ProgressStatus.DONE:
            return Standing.UNCLEAR
        took_steps = rollback.steps or (self.repair and self.repair.steps)
        return Standing.RESTORED if took_steps else Standing.UNTOUCHED

    @property
    def _may_have_written(self) -> bool:
        failed_writing = self.failure is not None and self.failure.state in _WRITING_STATES
        return failed_writing or self.repair is not None or any(r.started_at for r in self.records)

    @cached_property
    def change(self) -> Change | None:
        """What was changed over all rungs of the incident; where nothing was, what was wanted."""
        plan = self.plan
        if plan is None or plan.undo is None:
            return plan.change if plan else None
        if self.standing is Standing.UNTOUCHED and plan.change:
            return plan.change
        whole = plan.undo.inverse()
        return whole if self._is_plan_carried_out(plan) else _without_last(whole, plan.change)

    def _is_plan_carried_out(self, plan: Plan) -> bool:
        """Whether the last plan is the one that was applied, not a further rung that was not."""
        applied = self.repair.planned_at if self.repair else ""
        return not (applied and plan.planned_at) or applied == plan.planned_at

    @property
    def undo(self) -> Change | None:
        """What takes the incident's changes back, as long as there is something to take back."""
        if self.plan is None or self.standing not in (Standing.CHANGED, Standing.UNCLEAR):
            return None
        return self.plan.undo or (self.plan.change.inverse() if self.plan.change else None)

    @property
    def undo_commands(self) -> tuple[str, ...]:
        """AWS CLI commands that restore the former configuration, to be pasted one after the other."""
        return undo_commands(self.undo, self.region) if self.undo else ()

    @property
    def check_commands(self) -> tuple[str, ...]:
        """AWS CLI commands that show the present values of what `undo_commands` would overwrite."""
        return check_commands(self.undo, self.region) if self.undo else ()

    @property
    def changed_at(self) -> datetime | None:
        """When callers began to see the last change."""
        return parsed(self.repair.changed_at) if self.repair else None

    @property
    def restored_at(self) -> datetime | None:
        """When callers began to see the former configuration again."""
        return parsed(self.rollback.changed_at) if self.rollback else None

    @property
    def is_asked(self) -> bool:
        """Whether a person was asked."""
        return self.approval is not None or (self.plan is not None and self.plan.decision is Decision.ASK)


def _without_last(whole: Change, last: Change | None) -> Change:
    """`whole` up to where `last` would have begun, which was not carried out."""
    begins = {(s.resource, s.setting): s.before for s in last.settings} if last else {}
    settings = (replace(s, after=begins.get((s.resource, s.setting), s.after)) for s in whole.settings)
    return replace(whole, settings=tuple(s for s in settings if s.before != s.after))
