"""A change that becomes known late is taken to the incidents that looked for one like it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.ports import Clock
from auto_repair.use_cases.record_change import Journal


class ConcernedIncidents(Protocol):
    """Incidents that have been diagnosed."""

    def around(self, resource_id: str, at: datetime) -> Sequence[str]:
        """Ids of those that looked at the resource at that time; of the open ones, also before that time."""
        ...

    def wanting_looks(self, now: datetime) -> Sequence[str]:
        """Ids of those that could not be looked at again when a change became known."""
        ...


@dataclass(frozen=True)
class ReopeningJournal:
    """A journal that asks for another look where what it writes down concerns an incident.

    What we changed ourselves concerns none: a repair is no cause.
    """

    journal: Journal
    incidents: ConcernedIncidents
    ask_again: Callable[[str], None]

    def record(self, changes: Iterable[RecordedChange]) -> None:
        """Write the changes down, then ask. Repeatable: a second look at the same changes nothing."""
        changes = tuple(changes)
        self.journal.record(changes)
        foreign = {(c.change.resource, c.change.at) for c in changes if not c.change.ours}
        concerned = {found for resource, at in foreign for found in self.incidents.around(resource, at)}
        for incident_id in sorted(concerned):
            self.ask_again(incident_id)


@dataclass(frozen=True)
class AskForWantedLooks:
    """Asks again for the looks that could not begin when they were asked for; run by a schedule."""

    incidents: ConcernedIncidents
    ask_again: Callable[[str], None]
    clock: Clock

    def __call__(self) -> tuple[str, ...]:
        """The ids of the incidents that were asked for."""
        wanting = tuple(sorted(self.incidents.wanting_looks(self.clock())))
        for incident_id in wanting:
            self.ask_again(incident_id)
        return wanting
