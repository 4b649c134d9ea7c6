"""The diagnosis table: one item for each incident, by function and time."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from auto_repair.adapters.history_table import HistoryTable
from auto_repair.domain.incident import Incident
from auto_repair.domain.timestamps import iso


class DiagnosisTable:
    """Writes diagnoses."""

    def __init__(self, history: HistoryTable, executed_by: str) -> None:
        self._history = history
        self._executed_by = executed_by

    def record(self, incident: Incident, facts: dict[str, Any]) -> None:
        """Create or complete the incident's item."""
        self._history.record(
            incident.function_name,
            sort_key(incident),
            {"incidentId": incident.id, **facts},
            once={"executedBy": self._executed_by},
        )


def sort_key(incident: Incident) -> str:
    """When the incident was opened, the same for every writer and different for every execution.

    Executions know their start to the millisecond, and several alarms of one function may start within
    one: the microseconds tell them apart.
    """
    digest = sha256(f"{incident.id}|{incident.execution_arn}".encode()).digest()
    micros = int.from_bytes(digest[:4], "big") % 1000
    whole = incident.opened_at.replace(microsecond=incident.opened_at.microsecond // 1000 * 1000)
    return iso(whole + timedelta(microseconds=micros))
