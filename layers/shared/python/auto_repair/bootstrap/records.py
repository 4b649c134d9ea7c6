"""Incidents as they were written down, and finished ones to compare with."""

from functools import cache

from auto_repair.adapters.incident_memory import DiagnosisTableMemory
from auto_repair.adapters.incident_records import IncidentRecords
from auto_repair.bootstrap.environment import clients, settings
from auto_repair.ports import IncidentMemory


@cache
def memory() -> IncidentMemory:
    """Finished incidents, to compare new ones with."""
    return DiagnosisTableMemory(clients(), settings())


@cache
def incident_records() -> IncidentRecords:
    """Incidents as they were written down."""
    return IncidentRecords(clients(), settings())
