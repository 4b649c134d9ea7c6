"""A late change leads to one look in a quiet time, or to a warning before an approval; none is forgotten."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from auto_repair.contracts.finding_requests import Operation
from auto_repair.domain.errors import InvalidEvent, TransientError
from auto_repair.domain.incident import Incident
from auto_repair.domain.surroundings import ResourceChange
from auto_repair.use_cases.look_again import SecondLook
from auto_repair.use_cases.take_late_change import QUIET, TakeLateChange
from tests.builders import NOW
from tests.unit.use_cases.dialogue import Desk, asking

LATE = asking(Operation.LATE_CHANGE)
POLICY = ResourceChange(
    "s3:images", NOW - timedelta(minutes=5), "PutBucketPolicy", "deployer", event_id="e-1"
)


@dataclass
class FakeLooks:
    """The two times on the incident's item."""

    not_before: datetime | None = None
    wanted: bool = False

    def begin(self, _incident: Incident, now: datetime, not_before: datetime) -> bool:
        if self.not_before and now < self.not_before:
            return False
        self.not_before, self.wanted = not_before, False
        return True

    def want(self, _incident: Incident, _now: datetime) -> None:
        self.wanted = True


@dataclass
class Late:
    """The desk when changes become known late."""

    desk: Desk
    looks: FakeLooks
    warned: list[str] = field(default_factory=list)

    def take(self, look_again: Any = None) -> SecondLook:
        """One late change becomes known."""

        def warn(record: Any, question: Any) -> SecondLook:
            self.warned.append(question["action"])
            return SecondLook(record.incident.id, False, "", "", note="warned")

        desk = self.desk
        take = TakeLateChange(
            desk.records, self.looks, desk.store, look_again or desk.look_again(), warn, desk.clock
        )
        return take(LATE)


def finished() -> Late:
    desk = Desk()
    desk.finish()
    return Late(desk, FakeLooks())


def working(status: str) -> Late:
    desk = Desk()
    desk.records.status = "OPEN"
    facts = {"status": status, "action": "raise_memory"}
    desk.store.record_repair(desk.incident, "2026-01-31T12:00:00Z", facts)
    return Late(desk, FakeLooks())


def test_ten_changes_of_one_deployment_lead_to_a_look_and_to_one_more() -> None:
    late = finished()
    late.desk.later(changes=(POLICY,))
    notes = []
    for _ in range(10):
        notes.append(late.take().note)
        late.desk.clock.wait(1)
    assert len(late.desk.observations.asked) == 1
    assert notes[1:] == ["It was looked at a moment ago; another look follows within minutes."] * 9
    assert late.looks.wanted
    late.desk.clock.wait(QUIET.total_seconds())
    late.take()  # the schedule asks for what is wanted
    assert len(late.desk.observations.asked) == 2
    assert not late.looks.wanted
    assert late.desk.announcer.stages == ["result", "reopened"]


def test_a_look_that_failed_is_still_owed_when_lambda_tries_it_again() -> None:
    late = finished()

    def fail(_request: Any) -> SecondLook:
        raise TransientError("throttled")

    with pytest.raises(TransientError):
        late.take(fail)
    late.take()
    assert late.looks.wanted
    assert late.desk.observations.asked == []


def test_an_incident_that_is_being_worked_on_is_looked_at_later() -> None:
    late = working("VERIFYING")
    assert late.take().note == "It is still being worked on; the look follows once it has ended."
    assert (late.looks.wanted, late.looks.not_before, late.warned) == (True, None, [])


def test_who_was_asked_for_approval_is_warned_and_no_verdict_is_reopened() -> None:
    late = working("AWAITING_APPROVAL")
    assert late.take().note == "warned"
    assert late.warned == ["raise_memory"]
    assert late.desk.announcer.stages == []
    late.take()
    assert (late.warned, late.looks.wanted) == (["raise_memory"], True)


def test_what_ended_without_a_report_is_not_asked_about_for_ever() -> None:
    late = Late(Desk(), FakeLooks(wanted=True))
    late.desk.records.status = "FAILED"
    with pytest.raises(InvalidEvent, match="ended without a report"):
        late.take()
    assert not late.looks.wanted
