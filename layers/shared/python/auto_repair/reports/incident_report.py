"""All that is known about one incident when it is reported: the input of every renderer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from auto_repair.domain.answers import Answer, Reopening
from auto_repair.domain.approval import Approval
from auto_repair.domain.case import WorkflowError
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.impact import Affected, Impact, impact
from auto_repair.domain.incident import UNKNOWN_FUNCTION, Incident
from auto_repair.domain.outlook import Statement, outlook
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.prevention import Advice
from auto_repair.domain.repair import LEFT_IN_PLACE, Attempt, Change, Refusal
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.resources import at_heart
from auto_repair.domain.surroundings import Surroundings
from auto_repair.domain.verification import Verification
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.undo_commands import check_commands, undo_commands
from auto_repair.reports.wording import parsed

_WRITING_STATES = frozenset({"ExecuteRepair", "RollBackRepair"})


class Standing(StrEnum):
    """What the function's configuration is now, as far as this incident goes."""

    UNTOUCHED = "untouched"
    CHANGED = "changed"
    RESTORED = "restored"
    TAKEN_OVER = "taken_over"  # what is not as before is what somebody else has set since
    UNCLEAR = "unclear"  # a person must look: a step of ours may or may not have reached AWS


@dataclass(frozen=True)
class IncidentReport:
    """One incident. `status` is a status of the repairs table, or NOTHING_WRONG, ALREADY_REPAIRED,
    CANNOT_TELL, ADVISED, INVALID_EVENT, JOINED; `attempts` are the incident's items of the repairs table as
    they are stored, `earlier_repairs` those of other incidents in the time looked at, oldest first;
    `prevention` is what keeps a cause from coming back that has come back before.

    `diagnosis` is what is held now. `diagnosed_at` is when the workflow made its own, which is
    `first_diagnosis` where people's answers or a later look changed it.
    """

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
    earlier_repairs: Sequence[Attempt] = ()
    approval: Approval | None = None
    repair: Progress | None = None
    verification: Verification | None = None
    rollback: Progress | None = None
    failure: WorkflowError | None = None
    joined_alarms: Sequence[str] = ()
    prevention: Sequence[Advice] = ()
    first_diagnosis: Diagnosis | None = None
    diagnosed_at: datetime | None = None
    answers: Sequence[Answer] = ()
    reopenings: Sequence[Reopening] = ()
    reported_at: datetime | None = None

    @cached_property
    def records(self) -> tuple[RepairRecord, ...]:
        """The attempts, oldest first."""
        return tuple(sorted(map(RepairRecord.from_item, self.attempts), key=lambda r: r.executed_at))

    @property
    def cause(self) -> Hypothesis | None:
        """The hypothesis held responsible, if any is."""
        return self.diagnosis.root_cause if self.diagnosis else None

    @property
    def refusal(self) -> Refusal | None:
        """The rule that forbids the repair, or its next step: by the plan, or by the time it was to begin."""
        late = self.repair.refusal if self.repair else None
        return late or (self.plan.refusal if self.plan else None)

    @property
    def surroundings(self) -> Surroundings | None:
        """What was observed around the alarm, where somebody looked."""
        return self.evidence_before.surroundings if self.evidence_before else None

    def named(self, resource_id: str) -> str:
        """A resource as people call it: `apigateway:shop` instead of `apigateway:a1b2c3`."""
        known = self.surroundings.scope.topology.resource(resource_id) if self.surroundings else None
        return str(known or resource_id)

    def title_of(self, finding: str) -> str:
        """A finding in words, by its id; the id itself where nobody holds it possible any more."""
        held = [d for d in (self.diagnosis, self.first_diagnosis) if d]
        return next((h.title for d in held for h in d.answerable if h.id == finding), finding)

    @property
    def subject(self) -> str:
        """What the incident is about: the function, or another resource as people call it."""
        name = self.incident.function_name
        return name if self.incident.has_function else self.named(name)

    @property
    def place_of_cause(self) -> str:
        """Id of the resource at fault; without a cause, of the one that the alarm is on."""
        heart = at_heart(self.incident.function_name).id
        if self.cause:
            return self.cause.resource or heart
        return self.surroundings.scope.symptom.resource if self.surroundings else heart

    @cached_property
    def impact(self) -> Impact | None:
        """Whom it hurts, where its surroundings were looked at."""
        is_trouble = self.incident.function_name != UNKNOWN_FUNCTION and self.status != "NOTHING_WRONG"
        return impact(self.surroundings, self.place_of_cause) if self.surroundings and is_trouble else None

    @cached_property
    def deviations(self) -> tuple[Affected, ...]:
        """Every resource whose own metrics show harm, affected by the cause or not, with its onset."""
        if self.impact is None or self.surroundings is None:
            return ()
        known = {one.resource for one in self.impact.affected}
        measured = dict.fromkeys(s.resource for s in self.surroundings.series if s.resource not in known)
        others = (one for name in measured for one in impact(self.surroundings, name).affected[:1])
        return tuple(one for one in (*self.impact.affected, *others) if one.since)

    @cached_property
    def outlook(self) -> tuple[Statement, ...]:
        """What is running out, or is not, by the look that shows the configuration of now."""
        is_changed = self.standing is Standing.CHANGED
        latest = (self.evidence_after if is_changed else None) or self.evidence_before
        return outlook(latest) if latest else ()

    @cached_property
    def standing(self) -> Standing:
        """What the configuration is now."""
        if self.rollback:
            return self._after_rollback(self.rollback)
        if self.status == "ROLLED_BACK":
            return Standing.RESTORED
        if self.status == "FAILED":
            return Standing.UNCLEAR if self._may_have_written else Standing.UNTOUCHED
        is_applied = self.status in LEFT_IN_PLACE or any(r.status in LEFT_IN_PLACE for r in self.records)
        return Standing.CHANGED if is_applied else Standing.UNTOUCHED

    def _after_rollback(self, rollback: Progress) -> Standing:
        if self.is_left or self.is_kept:
            return Standing.CHANGED
        if rollback.status is not ProgressStatus.DONE:
            return Standing.TAKEN_OVER if self.is_overruled else Standing.UNCLEAR
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
        if self.repair and self.repair.status is ProgressStatus.REFUSED:
            return False
        applied = self.repair.planned_at if self.repair else ""
        return not (applied and plan.planned_at) or applied == plan.planned_at

    @property
    def undo(self) -> Change | None:
        """What takes the incident's changes back, as long as there is something to take back. No alias moves
        back from, and none to, what somebody has released since."""
        undo = self._whole_undo
        return replace(undo, alias=None, alias_version=None) if undo and self.is_overtaken else undo

    @property
    def _whole_undo(self) -> Change | None:
        if self.plan is None or self.standing not in (Standing.CHANGED, Standing.UNCLEAR):
            return None
        return self.plan.undo or (self.plan.change.inverse() if self.plan.change else None)

    @property
    def is_left(self) -> bool:
        """Whether nothing was taken back, because of what somebody has deployed since."""
        return self.rollback is not None and self.rollback.status is ProgressStatus.LEFT

    @property
    def is_kept(self) -> bool:
        """Whether nothing was taken back, because it works and only more headroom was wanted."""
        return self.rollback is not None and self.rollback.status is ProgressStatus.KEPT

    @property
    def is_overtaken(self) -> bool:
        """Whether callers reach other code or settings by now than those that the repair was planned for."""
        build = self.plan.planned_for if self.plan else None
        live = self.evidence_after.configuration if self.evidence_after else None
        return self.is_left or bool(build and live and build.is_of(live) and build.difference(live))

    @property
    def way_back_commands(self) -> tuple[str, ...]:
        """AWS CLI commands that would take a repair back that is proposed, and not made."""
        is_proposed = self.standing is Standing.UNTOUCHED and self.plan is not None
        wanted = self.plan.change if self.plan and is_proposed else None
        return undo_commands(wanted.inverse(), self.region) if wanted else ()

    @property
    def undo_commands(self) -> tuple[str, ...]:
        """AWS CLI commands that restore the former configuration, to be pasted one after the other."""
        return undo_commands(self.undo, self.region) if self.undo else ()

    @property
    def check_commands(self) -> tuple[str, ...]:
        """AWS CLI commands that show the present values of what `undo_commands` would overwrite."""
        return check_commands(self._whole_undo, self.region) if self._whole_undo else ()

    @property
    def changed_at(self) -> datetime | None:
        """When callers began to see the last change."""
        return parsed(self.repair.changed_at) if self.repair else None

    @property
    def restored_at(self) -> datetime | None:
        """When callers began to see the former configuration again."""
        return parsed(self.rollback.changed_at) if self.rollback else None

    @property
    def is_overruled(self) -> bool:
        """Whether somebody else changed what was repaired, so that the rest went back without a verdict."""
        told = self.verification is not None and self.verification.is_overruled
        return told and self.rollback is not None and self.status == "INCONCLUSIVE"

    @property
    def is_asked(self) -> bool:
        """Whether a person was asked."""
        return self.approval is not None or (self.plan is not None and self.plan.decision is Decision.ASK)


def _without_last(whole: Change, last: Change | None) -> Change:
    """`whole` up to where `last` would have begun, which was not carried out."""
    begins = {(s.resource, s.setting): s.before for s in last.settings} if last else {}
    settings = (replace(s, after=begins.get((s.resource, s.setting), s.after)) for s in whole.settings)
    return replace(whole, settings=tuple(s for s in settings if s.before != s.after))
