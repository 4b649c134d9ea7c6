"""From CloudTrail's record of a call to the changes it made."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from auto_repair.domain.changes.kind import Effect, Kind
from auto_repair.domain.changes.kinds import all_kinds
from auto_repair.domain.changes.trail_record import TrailRecord, read
from auto_repair.domain.surroundings import ResourceChange


@dataclass(frozen=True)
class RecordedChange:
    """A change and how it follows upon others: see `Effect` for `aspect`, `ends` and `partial`."""

    change: ResourceChange
    aspect: str
    ends: bool = False
    partial: bool = False


def changes_of(document: Any, our_role: str, source: str) -> tuple[RecordedChange, ...]:
    """What the recorded call changed: nothing if it was refused, only read, or is of no kind that we know.

    Raises `InvalidEvent` for what is no record.
    """
    record = read(document)
    kind = _kinds().get((record.service, record.name))
    if kind is None or not record.is_change:
        return ()
    effects = [
        e for e in kind.read(record) if not e.resource.endswith((":", "/"))
    ]  # a call that names nobody
    return tuple(
        _recorded(record, effect, number, record.role == our_role, source)
        for number, effect in enumerate(effects)
    )


@cache
def _kinds() -> dict[tuple[str, str], Kind]:
    return {(kind.service, name): kind for kind in all_kinds() for name in kind.names}


def _recorded(record: TrailRecord, effect: Effect, number: int, ours: bool, source: str) -> RecordedChange:
    change = ResourceChange(
        resource=effect.resource,
        at=record.at,
        action=record.name,
        actor=record.actor,
        summary=effect.summary,
        source=source,
        # One event may be several changes, each told on its own.
        event_id=f"{record.event_id}/{number}" if number else record.event_id,
        before=effect.before,
        after=effect.after,
        ours=ours,
    )
    return RecordedChange(change, effect.aspect, effect.ends, effect.partial)
