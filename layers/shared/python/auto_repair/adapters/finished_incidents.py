"""Incidents that have ended, by what they looked at (`use_cases.reopen_incidents`).

Apart from `incident_records`, for the recorder of changes: it runs for single calls, so nearly always cold,
and needs nothing of what an incident consists of.
"""

from datetime import datetime, timedelta

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.dynamodb_items import to_item
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.timestamps import iso
from auto_repair.settings import Settings

BEFORE = timedelta(minutes=5)  # clocks differ
AFTER = timedelta(hours=4)  # longer than the window of any incident


class FinishedIncidents:
    """Reads the diagnosis table, and nothing else."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._history = HistoryTable(clients, settings.diagnosis_table, settings.retention_days)

    def around(self, resource_id: str, at: datetime) -> list[str]:
        """Ids of finished incidents that looked at the resource, and at that time."""
        found = []
        for day in sorted({f"{moment:%Y-%m-%d}" for moment in (at - BEFORE, at, at + AFTER)}):
            items = self._history.opened(
                day,
                iso(at - BEFORE),
                iso(at + AFTER),
                FilterExpression="contains(#resources, :resource) AND attribute_exists(reportUri) "
                "AND observedFrom <= :at AND observedUntil >= :at",
                ExpressionAttributeNames={"#resources": "resources"},
                ExpressionAttributeValues=to_item({":resource": resource_id, ":at": iso(at)}),
            )
            found += [str(item["incidentId"]) for item in items]
        return found
