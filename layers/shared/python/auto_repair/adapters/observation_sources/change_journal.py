"""What changed, as our own journal tells: seconds after the call, with what was there before."""

from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.domain.changes.history import with_former_states
from auto_repair.domain.changes.telling import recent, since, told
from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.surroundings import Observation, Scope
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings

MAX_RESOURCES = 20  # one query each


class ChangeJournalSource:
    """One query for all that changed, and one for each resource that did, nearest first."""

    name = "change_journal"

    def __init__(self, journal: ChangeJournal, links: ConsoleLinks) -> None:
        self._journal = journal
        self._links = links

    def observe(self, scope: Scope) -> Observation:
        """Changes of the last day, each with its former state if the journal knows it."""
        changed = self._journal.changed(since(scope), scope.window.end)
        wanted = tuple(r for r in scope.resources if changed is None or r.id in changed)
        asked, left = wanted[:MAX_RESOURCES], wanted[MAX_RESOURCES:]
        recorded = [change for r in asked for change in self._journal.of(r.id, scope.window.end)]
        changes = recent(with_former_states(recorded), scope)
        item = EvidenceItem(
            id=self.name,
            source=self.name,
            query=f"dynamodb:Query of all changes, then of each of {len(asked)} resources",
            window=scope.window,
            observed=told(changes),
            link=self._links.trail(scope.resources[0].name) if scope.resources else "",
        )
        reason = f"{len(left)} resources farther away were not looked up"
        missing = (MissingEvidence(self.name, reason, partly=True),) if left else ()
        return Observation(changes=changes, items=(item,), missing=missing)


def source(settings: Settings, clients: Clients) -> ObservationSource:
    """The source, ready for use."""
    journal = ChangeJournal(clients, settings.changes_table, settings.retention_days)
    return ChangeJournalSource(journal, ConsoleLinks(settings.region))
