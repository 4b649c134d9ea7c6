"""The plan: what shall be done about a diagnosis, and on whose word."""

from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.build import Build
from auto_repair.domain.repair import Attempt, Change, Refusal


class Decision(StrEnum):
    """What happens next. Only `auto`, and `ask` once approved, ever change anything."""

    AUTO = "auto"
    ASK = "ask"
    ADVISE = "advise"  # explained to people, never executed
    OBSERVE = "observe"  # would have been done, but the mode is observe
    REFUSE = "refuse"  # a guardrail forbids it
    NOTHING = "nothing"  # nothing is wrong, or nobody can tell
    ROLL_BACK = "roll_back"  # the ladder is exhausted: everything goes back


@dataclass(frozen=True)
class Plan:
    """One decision with its reasons. `change` is set for auto, ask and observe; `undo` restores the
    state before the incident's first change, also after several rungs."""

    decision: Decision
    reasons: tuple[str, ...]
    repair: str = ""
    failure_mode: str = ""
    change: Change | None = None
    undo: Change | None = None
    planned_for: Build | None = None  # of the function, where the change is one of its settings
    rung: int = 1
    planned_at: str = ""  # sort key of the plan's item in the repairs table
    extra_cost_usd_per_month: float | None = None
    refusal: Refusal | None = None
    approval_expiry_s: int = 14400
    required_wait_s: int = 120
    verification_budget_s: int = 1800
    min_invocations: int = 3
    is_last_rung: bool = False  # a further one was wanted, and forbidden
    earlier: tuple[Attempt, ...] = ()  # rungs that this incident has applied before, oldest first
    contact: str = ""  # whom the owner's entry names for the function
    approvers: tuple[str, ...] = ()  # who may say yes, as it names them
    settled_by: Attempt | None = None  # the repair of an earlier incident, whole, after which all is well
