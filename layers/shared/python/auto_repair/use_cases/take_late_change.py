"""A change became known after an incident had looked at its resource: whoever may be wrong now looks again.

Many changes arrive together, as those of one deployment do. The first leads to a look at once, and whatever
follows within the quiet time to one more, after it. Until that look begins, the incident's record says that
it is wanted: nothing is forgotten when a function fails in between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from auto_repair.contracts.finding_requests import FindingRequest
from auto_repair.domain.incident import Incident
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.ports import Clock, IncidentStore
from auto_repair.use_cases.look_again import SecondLook
from auto_repair.use_cases.reconsider import Records, known_incident

QUIET = timedelta(minutes=4)  # shorter than the schedule by which wanted looks are asked for again
WAITS = "AWAITING_APPROVAL"


class Looks(Protocol):
    """When an incident was looked at again, and whether it should be."""

    def begin(self, incident: Incident, now: datetime, not_before: datetime) -> bool:
        """Whether a look may begin now: then none may before `not_before`, and none is wanted any more."""
        ...

    def want(self, incident: Incident, now: datetime) -> None:
        """Remember that a look is wanted. Repeatable."""
        ...


@dataclass(frozen=True)
class TakeLateChange:
    """Decides whether to look now, later, or to warn the person who was asked for approval."""

    records: Records
    looks: Looks
    store: IncidentStore
    look_again: Callable[[FindingRequest], SecondLook]
    warn: Callable[[IncidentRecord, Mapping[str, Any]], SecondLook]
    clock: Clock

    def __call__(self, request: FindingRequest) -> SecondLook:
        """What came of it. Repeatable: the same change again finds what the first time left.

        Raises `InvalidEvent` for an incident that nobody knows or that ended without a report.
        """
        record = known_incident(self.records, request)
        question = self._question(record)
        if record.is_open and question is None:
            return self._later(record, "It is still being worked on; the look follows once it has ended.")
        now = self.clock()
        if not self.looks.begin(record.incident, now, now + QUIET):
            return self._later(record, "It was looked at a moment ago; another look follows within minutes.")
        return self.warn(record, question) if question else self.look_again(request)

    def _question(self, record: IncidentRecord) -> Mapping[str, Any] | None:
        """The repair that waits for approval, as the repairs table holds it."""
        repairs = self.store.repairs_of(record.incident) if record.is_open else ()
        return next((item for item in repairs if item.get("status") == WAITS), None)

    def _later(self, record: IncidentRecord, note: str) -> SecondLook:
        self.looks.want(record.incident, self.clock())
        return SecondLook(record.incident.id, False, "", "", note=note)
