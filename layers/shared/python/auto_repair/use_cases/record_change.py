"""A call changed something in this account: write it into the journal."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.domain.errors import InvalidEvent

SOURCE = "change_journal"


class Journal(Protocol):
    """Where changes are written down."""

    def record(self, changes: Iterable[RecordedChange]) -> None:
        """Repeatable: the same change is kept once."""
        ...


@dataclass(frozen=True)
class RecordChange:
    """Takes CloudTrail's record out of an EventBridge event and keeps what it changed."""

    journal: Journal
    our_role: str

    def __call__(self, event: Any) -> tuple[str, ...]:
        """The ids of the changed resources, none for calls that change nothing that we know.

        Raises `InvalidEvent` for what holds no record.
        """
        if not isinstance(event, dict) or "detail" not in event:
            raise InvalidEvent("the event has no field 'detail': only CloudTrail's events on EventBridge do")
        changes = changes_of(event["detail"], self.our_role, SOURCE)
        self.journal.record(changes)
        return tuple(recorded.change.resource for recorded in changes)
