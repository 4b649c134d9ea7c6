"""An execution ended without telling anybody: close its incident, so that the next alarm is not held up.

People are told by the rule that brings the event here, on a path that needs none of our functions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auto_repair.domain.errors import InvalidEvent
from auto_repair.ports import IncidentStore
from auto_repair.use_cases.parse_alarm_event import incident_of


@dataclass(frozen=True)
class CloseFailedExecution:
    """Records a failed, timed-out or aborted execution and releases its function."""

    store: IncidentStore
    executed_by: str

    def __call__(self, event: Any, execution_arn: str, started_at: datetime, status: str) -> str:
        """The incident's id, empty when the execution's input named none."""
        try:
            incident = incident_of(event, execution_arn, started_at)
        except InvalidEvent:
            return ""
        facts = {"workflowResult": status, "executedBy": self.executed_by, "executionArn": execution_arn}
        self.store.record_diagnosis(incident, facts)
        self.store.close(incident, "FAILED")
        return incident.id
