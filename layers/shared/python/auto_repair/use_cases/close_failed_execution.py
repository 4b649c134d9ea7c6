"""An execution ended without telling anybody: close its incident, so that the next alarm is not held up.

People are told by the rule that brings the event here, on a path that needs none of our functions.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import Incident
from auto_repair.domain.repair import OPEN
from auto_repair.domain.timestamps import iso
from auto_repair.ports import Clock, IncidentStore
from auto_repair.use_cases.parse_alarm_event import incident_of

BEGUN = "after the change had begun: it may be half made, so look at what is live"
NOT_BEGUN = "before this plan had begun: nothing was changed for it"


@dataclass(frozen=True)
class CloseFailedExecution:
    """Records a failed, timed-out or aborted execution and releases its function."""

    store: IncidentStore
    clock: Clock
    executed_by: str

    def __call__(self, event: Any, execution_arn: str, started_at: datetime, status: str) -> str:
        """The incident's id, empty when the execution's input named none."""
        try:
            incident = incident_of(event, execution_arn, started_at)
        except InvalidEvent:
            return ""
        owner = self.store.owner(incident)
        is_ours = owner is not None and owner.execution_arn == execution_arn
        if owner is not None and is_ours:
            # Of what the event came down to, which the event itself may not name.
            incident = replace(incident, function_name=owner.function_name)
        facts = {"workflowResult": status, "executedBy": self.executed_by, "executionArn": execution_arn}
        self.store.record_diagnosis(incident, facts)
        if is_ours:  # what another execution has made of the same event goes on
            self._end_open_plans(incident, status)
            self.store.close(incident, "FAILED")
        return incident.id

    def _end_open_plans(self, incident: Incident, status: str) -> None:
        """Nobody will answer or carry out any more what this execution has left open."""
        for attempt in self.store.attempts(incident.function_name):
            if attempt.incident_id == incident.id and attempt.status in OPEN:
                outcome = f"the execution ended as {status} {BEGUN if attempt.started else NOT_BEGUN}"
                facts = {"status": "FAILED", "outcome": outcome, "endedAt": iso(self.clock())}
                self.store.record_repair(incident, attempt.executed_at, facts)
