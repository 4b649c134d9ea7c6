"""The verdict on a repair: before against after, never the alarm's state alone."""

from dataclasses import dataclass
from enum import StrEnum

from auto_repair.domain.repair import Check

STABILIZE_S = 30  # the Wait state before the first look at a change
RARER = 0.1  # of what has been waited so far: how much later a verdict may come than it could
LONGEST_WAIT_S = 900


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
    look_again_in_s: int = STABILIZE_S  # where the next step is to wait

    @property
    def is_for_headroom(self) -> bool:
        """Whether the repair works, and a further step is wanted only for more headroom."""
        works = not any(check.essential and check.passed is False for check in self.checks)
        return works and self.next_step is NextStep.CLIMB

    @property
    def is_overruled(self) -> bool:
        """Whether somebody else changed what was repaired: what is still ours goes back, and no verdict."""
        return self.outcome is Outcome.CANNOT_TELL_YET and self.next_step is NextStep.ROLL_BACK


def next_wait_s(waited_s: int, *turns: int) -> int:
    """Seconds until the next look. Looks grow rarer with time: hours of them must fit into an execution's
    history. `turns` are the moments, in seconds waited, at which a look can settle more than before."""
    usual = min(int(waited_s * RARER), LONGEST_WAIT_S)
    ahead = (turn - waited_s for turn in turns if turn > waited_s)
    return max(STABILIZE_S, min((usual, *ahead)))
