"""Incidents that a late change may concern (`use_cases.reopen_incidents`): finished ones, and open ones.

Apart from `incident_records`, for the recorder of changes: it runs for single calls, so nearly always cold,
and needs nothing of what an incident consists of.
"""

from datetime import datetime, timedelta
from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.dynamodb_items import to_item
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.timestamps import iso
from auto_repair.settings import Settings

BEFORE = timedelta(minutes=5)  # clocks differ
AFTER = timedelta(hours=4)  # longer than the window of any incident
LONGEST_WAIT = timedelta(days=1)  # for approval
REMEMBERED = timedelta(days=3)  # longer than the workflow may run


class FinishedIncidents:
    """Reads the diagnosis table, and nothing else."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._history = HistoryTable(clients, settings.diagnosis_table, settings.retention_days)

    def around(self, resource_id: str, at: datetime) -> list[str]:
        """Ids of finished incidents that looked at the resource, and at that time; and of open ones that
        looked at it, then or before: what they propose may wait for an answer."""
        return self._opened(
            at - LONGEST_WAIT,
            at + AFTER,
            FilterExpression="contains(#resources, :resource) AND observedFrom <= :at "
            "AND (observedUntil >= :at OR attribute_not_exists(reportUri))",
            ExpressionAttributeNames={"#resources": "resources"},
            ExpressionAttributeValues=to_item({":resource": resource_id, ":at": iso(at)}),
        )

    def wanting_looks(self, now: datetime) -> list[str]:
        """Ids of incidents of the last days that should be looked at again."""
        return self._opened(now - REMEMBERED, now + BEFORE, FilterExpression="attribute_exists(lookWantedAt)")

    def _opened(self, since: datetime, until: datetime, **more: Any) -> list[str]:
        """Ids of incidents that were opened in that time, as far as the filter lets them through."""
        days = (until.date() - since.date()).days
        return [
            str(item["incidentId"])
            for day in (f"{since + timedelta(days=n):%Y-%m-%d}" for n in range(days + 1))
            for item in self._history.opened(day, iso(since), iso(until), **more)
        ]
