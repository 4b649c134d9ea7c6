"""An incident: our record of dealing with one alarm on one function."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from auto_repair.domain.question.reading import Reading

UNKNOWN_FUNCTION = "unknown"
ARN_LENGTH = 1600  # of an alarm, as CloudWatch limits it
# Longer than the workflow may run: a lease ends by itself only when nobody could close the incident.
LEASE = timedelta(days=31)
_UNREADABLE = re.compile(r"[^A-Za-z0-9_.-]")  # in the key of a file, of a table, in a shell


class Trigger(StrEnum):
    """What started the execution."""

    ALARM = "alarm"
    MANUAL = "manual"


class Disposition(StrEnum):
    """What became of the event that started the execution."""

    OPENED = "opened"
    JOINED = "joined"  # another alarm of a function whose incident is already open
    DUPLICATE = "duplicate"  # the very same alarm event, delivered again
    REJECTED = "rejected"  # not an event we can act on


@dataclass(frozen=True)
class AlarmMetric:
    """One metric that an alarm watches."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str = ""
    period_s: int = 60


@dataclass(frozen=True)
class ChildAlarm:
    """One of the alarms that a composite alarm joins, as it stood when that fired."""

    name: str
    state: str
    changed_at: datetime
    reason: str = ""
    about: str = ""  # the function or the id of the resource whose metric it watches


@dataclass(frozen=True)
class AlarmSignal:
    """A CloudWatch alarm's change of state.

    Of a composite alarm, `metrics` are those of the one among its `children` that the trouble began with.
    """

    name: str
    changed_at: datetime
    arn: str = ""
    state: str = "ALARM"
    reason: str = ""
    metrics: tuple[AlarmMetric, ...] = ()
    began: datetime | None = None  # when the first of its children fired
    children: tuple[ChildAlarm, ...] = ()
    unread: tuple[str, ...] = ()  # what it joins and could not be read, and why

    @property
    def dimensions(self) -> dict[str, str]:
        """All dimensions of all metrics; where metrics differ, the first one counts."""
        merged: dict[str, str] = {}
        for metric in reversed(self.metrics):
            merged |= metric.dimensions
        return merged


@dataclass(frozen=True)
class Incident:
    """One incident. `id` is the same for every delivery of the same alarm event."""

    id: str
    function_name: str
    opened_at: datetime
    trigger: Trigger = Trigger.ALARM
    disposition: Disposition = Disposition.OPENED
    alias: str | None = None
    alarm: AlarmSignal | None = None
    execution_arn: str = ""
    resource: str = ""  # id of what the alarm is on, where that is not the function
    since: datetime | None = None  # when the trouble began, as a person told
    question: str = ""  # what a person asked, in words, redacted
    reading: Reading | None = None  # how the question was read, where it had to be
    problem: str = ""  # why the event was rejected, in words that name the field and the fix
    joined_incident_id: str | None = None

    @property
    def started_at(self) -> datetime:
        """When the trouble was first seen: as the alarm or a person tells, else the start."""
        if self.alarm:
            return self.alarm.began or self.alarm.changed_at
        return self.since or self.opened_at

    @property
    def alarmed_at(self) -> datetime:
        """When its alarm fired, which a composite alarm does after the first of its children."""
        return self.alarm.changed_at if self.alarm else self.started_at

    @property
    def target(self) -> str:
        """What a start by hand names to look at the same again: what the alarm is on, else the function."""
        _, _, name = self.resource.partition(":")
        return self.resource if name else self.function_name

    @property
    def has_function(self) -> bool:
        """Whether a function is at its heart; else `function_name` is the id of another resource."""
        return ":" not in self.function_name


def incident_id(function_name: str, at: datetime, identity: str) -> str:
    """Readable, sortable, equal for equal arguments: `20260131T120000Z-orders-3fa9c2d1`."""
    digest = sha256(f"{function_name}|{at.isoformat()}|{identity}".encode()).hexdigest()[:8]
    readable = _UNREADABLE.sub("-", function_name)[:40]
    return f"{at:%Y%m%dT%H%M%SZ}-{readable}-{digest}"
