"""The system's memory (`ports.IncidentStore`): three tables and one bucket behind one name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from auto_repair.adapters.case_files import CaseFiles
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.diagnosis_table import DiagnosisTable
from auto_repair.adapters.history_table import HistoryTable
from auto_repair.adapters.open_incidents import OpenIncidents
from auto_repair.adapters.repairs_table import RepairsTable
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident
from auto_repair.domain.repair import Attempt
from auto_repair.ports import Clock, Opening, Owner
from auto_repair.settings import Settings


class AwsIncidentStore:
    """DynamoDB for what is small and asked for by key, S3 for evidence and reports."""

    def __init__(self, clients: Clients, settings: Settings, clock: Clock) -> None:
        days, me = settings.retention_days, settings.function_name
        self._open = OpenIncidents(clients, settings.incidents_table, days, clock)
        self._repairs = RepairsTable(HistoryTable(clients, settings.repairs_table, days), me)
        self._diagnoses = DiagnosisTable(HistoryTable(clients, settings.diagnosis_table, days), me)
        self._files = CaseFiles(clients, settings.reports_bucket)

    def open(self, incident: Incident, lease_until: datetime) -> Opening:
        """Claim the function, join its open incident, or recognise a repeated alarm event."""
        return self._open.open(incident, lease_until)

    def hold(self, incident: Incident, lease_until: datetime) -> bool:
        """Keep the function, or claim it again; False where another incident has it by now."""
        return self._open.hold(incident, lease_until)

    def owner(self, incident: Incident) -> Owner | None:
        """Whose the incident is; None where nobody has opened it."""
        return self._open.owner(incident)

    def joined_alarms(self, incident: Incident) -> Sequence[str]:
        """Alarms that joined while the incident was open, in words, oldest first."""
        return self._open.joined_alarms(incident)

    def close(self, incident: Incident, status: str) -> None:
        """Record the end and release the function; harmless for an incident this execution never held."""
        self._open.close(incident, status)

    def save_evidence(self, incident: Incident, label: str, evidence: Evidence) -> str:
        """Store evidence; returns its key in the reports bucket."""
        return self._files.save_evidence(incident, label, evidence)

    def load_evidence(self, ref: str) -> Evidence:
        """The evidence stored under that key."""
        return self._files.load_evidence(ref)

    def save_document(self, incident: Incident, name: str, body: str, content_type: str) -> str:
        """Store a report; returns its s3:// address."""
        return self._files.save_document(incident, name, body, content_type)

    def attempts(self, function_name: str, limit: int = 50) -> Sequence[Attempt]:
        """Earlier repairs of the function that had a change, newest first."""
        return self._repairs.attempts(function_name, limit)

    def record_repair(self, incident: Incident, executed_at: str, facts: dict[str, Any]) -> None:
        """Create or complete an item of the repairs table."""
        self._repairs.record(incident, executed_at, facts)

    def repairs_of(self, incident: Incident) -> Sequence[dict[str, Any]]:
        """The incident's items of the repairs table, oldest first."""
        return self._repairs.repairs_of(incident)

    def record_diagnosis(self, incident: Incident, facts: dict[str, Any]) -> None:
        """Create or complete the incident's item of the diagnosis table."""
        self._diagnoses.record(incident, facts)
