"""A change that becomes known late is taken to the finished incidents that looked for one like it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.use_cases.record_change import Journal


class FinishedIncidents(Protocol):
    """Incidents that have ended."""

    def around(self, resource_id: str, at: datetime) -> Sequence[str]:
        """Ids of those that looked at the resource, and at that time."""
        ...


@dataclass(frozen=True)
class ReopeningJournal:
    """A journal that asks for another look where what it writes down concerns a finished incident.

    What we changed ourselves concerns none: a repair is no cause. An incident that is still open when the
    change becomes known is left alone; it is looked at again only on request.
    """

    journal: Journal
    incidents: FinishedIncidents
    ask_again: Callable[[str], None]

    def record(self, changes: Iterable[RecordedChange]) -> None:
        """Write the changes down, then ask. Repeatable: a second look at the same changes nothing."""
        changes = tuple(changes)
        self.journal.record(changes)
        foreign = {(c.change.resource, c.change.at) for c in changes if not c.change.ours}
        concerned = {found for resource, at in foreign for found in self.incidents.around(resource, at)}
        for incident_id in sorted(concerned):
            self.ask_again(incident_id)
