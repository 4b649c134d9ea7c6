"""The verdict on a repair: before against after, never the alarm's state alone."""

from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.repair import Check


class Outcome(StrEnum):
    """What can be said about the repair now."""

    REPAIRED = "repaired"
    NOT_REPAIRED = "not_repaired"
    WORSE = "worse"
    CANNOT_TELL_YET = "cannot_tell_yet"


class NextStep(StrEnum):
    """What the workflow does with the outcome."""

    FINISH = "finish"
    WAIT = "wait"
    CLIMB = "climb"  # same failure, next rung of the ladder
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class Verification:
    """One look at the repaired function. `waited_s` counts the seconds that Wait states have waited,
    so that it holds on any clock the workflow runs on."""

    outcome: Outcome
    next_step: NextStep
    reason: str
    planned_at: str = ""  # which plan this judges
    checks: tuple[Check, ...] = ()
    waited_s: int = 0
    invocations_seen: int = 0
    evidence_ref: str = ""
    verified_at: str = ""

    @property
    def is_overruled(self) -> bool:
        """Whether somebody else changed what was repaired: what is still ours goes back, and no verdict."""
        return self.outcome is Outcome.CANNOT_TELL_YET and self.next_step is NextStep.ROLL_BACK
