"""The state document that travels through the workflow. It stays small: evidence goes by reference."""

from dataclasses import dataclass
from typing import Any

from auto_repair.domain.answers import Reopening
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.incident import Incident
from auto_repair.domain.plan import Plan
from auto_repair.domain.repair_progress import Progress
from auto_repair.domain.verification import Verification


@dataclass(frozen=True)
class EvidenceReference:
    """Where the evidence of an incident lies."""

    ref: str  # key in the reports bucket
    items: int = 0
    missing: tuple[str, ...] = ()
    is_wide: bool = False  # the function's surroundings were looked at on purpose


@dataclass(frozen=True)
class WorkflowError:
    """What a Catch left behind. `state` is the state that failed."""

    state: str = ""
    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Notice:
    """Where an incident was reported."""

    report: str = ""
    message_id: str = ""


@dataclass(frozen=True)
class Case:
    """Everything the workflow knows; each state adds its own part."""

    incident: Incident
    evidence: EvidenceReference | None = None
    diagnosis: Diagnosis | None = None
    plan: Plan | None = None
    # What a person sent with send-task-success: anything at all, see approval.py. {}: no answer yet.
    approval: Any = None
    repair: Progress | None = None
    verification: Verification | None = None
    rollback: Progress | None = None
    failure: WorkflowError | None = None
    reopenings: tuple[Reopening, ...] = ()
    first_diagnosis: Diagnosis | None = None  # the workflow's own, where a later look replaced it
    # What a Catch caught, as Step Functions writes it: {"Error": …, "Cause": …}
    error: dict[str, Any] | None = None
    rollback_error: dict[str, Any] | None = None
    record_error: dict[str, Any] | None = None
    event: Any = None  # what the execution was started with, where ParseAlarmEvent failed
