"""What a function's owner allows: the mode, the caps, and how people are asked."""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """How far the system may go alone."""

    OBSERVE = "observe"
    ASK = "ask"
    AUTO = "auto"


@dataclass(frozen=True)
class Limits:
    """Absolute caps. No repair goes beyond them, whatever the evidence says."""

    max_memory_mb: int = 3008
    max_timeout_s: int = 300
    max_reserved_concurrency: int = 200
    max_extra_cost_usd_per_month: float = 50.0


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class FreezeWindow:
    """A weekly span without automatic changes, such as Friday 16:00 to Monday 08:00 local time."""

    start: str  # "fri 16:00"
    end: str  # "mon 08:00"
    timezone: str = "UTC"

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` (aware) lies within the span; a span may wrap around the week's end."""
        # Imported late: every function loads this module, and few owners have such a span.
        from zoneinfo import ZoneInfo

        local = moment.astimezone(ZoneInfo(self.timezone))
        now = local.weekday() * 1440 + local.hour * 60 + local.minute
        start, end = _minute_of_week(self.start), _minute_of_week(self.end)
        return start <= now < end if start <= end else now >= start or now < end


def _minute_of_week(text: str) -> int:
    day, _, clock = text.strip().lower().partition(" ")
    if day not in _DAYS:
        raise ValueError(f"freeze window {text!r}: the day is one of {', '.join(_DAYS)}, as in 'fri 16:00'")
    at = time.fromisoformat(clock)
    return _DAYS.index(day) * 1440 + at.hour * 60 + at.minute


# What Step Functions' limits leave room for, with every rung at its longest: see the workflow's time limit.
MAX_APPROVAL_EXPIRY_S = 24 * 3600
MAX_VERIFICATION_BUDGET_S = 12 * 3600


@dataclass(frozen=True)
class FunctionPolicy:
    """The owner's settings for one function, as the onboarding module writes them to SSM."""

    mode: Mode = Mode.OBSERVE
    repairs: dict[str, Mode] = field(default_factory=dict)  # overrides `mode` per repair name
    limits: Limits = field(default_factory=Limits)
    alias: str | None = None  # the alias that callers use, where they use one
    caller_timeout_s: int | None = None  # how long callers wait, where the system cannot see it
    freeze_windows: tuple[FreezeWindow, ...] = ()
    approvers: tuple[str, ...] = ()
    contact: str = ""
    probe_payload: Any = None  # a harmless event the owner allows us to send for verification
    min_invocations: int = 3
    verification_budget_s: int = 1800
    approval_expiry_s: int = 14400
    cooldown_s: int = 600
    queues: tuple[str, ...] = ()  # ARNs of the SQS queues whose visibility timeout may move with the timeout
    buckets: tuple[str, ...] = ()  # ARNs of the S3 buckets whose policy may be restored
    onboarded: bool = True

    def mode_for(self, repair: str) -> Mode:
        """The mode that holds for one repair."""
        return self.repairs.get(repair, self.mode)


NOT_ONBOARDED = FunctionPolicy(mode=Mode.OBSERVE, onboarded=False)
