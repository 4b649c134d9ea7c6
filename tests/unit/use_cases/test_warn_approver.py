"""Whoever was asked for approval hears what became known since, once, and nothing else happens."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.citations import MissingEvidence, Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import (
    MetricRole,
    Observation,
    ResourceChange,
    Scope,
    Surroundings,
    Symptom,
)
from auto_repair.domain.timestamps import iso
from auto_repair.domain.topology import Topology
from auto_repair.use_cases.look_again import SecondLook
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.warn_approver import WarnApprover
from tests.builders import NOW
from tests.unit.use_cases.dialogue import SICK, Desk

POLICY = ResourceChange(
    "s3:images", NOW - timedelta(minutes=5), "PutBucketPolicy", "deployer", event_id="e-1"
)
QUESTION = {
    "action": "raise_memory",
    "status": "AWAITING_APPROVAL",
    "approvalExpiresAt": "2026-01-31T16:00:00Z",
}


@dataclass
class FakeJournal:
    """The journal of changes."""

    kept: list[ResourceChange] = field(default_factory=list)

    def of(self, resource_id: str, until: datetime) -> tuple[RecordedChange, ...]:
        return tuple(
            RecordedChange(change, change.event_id)
            for change in self.kept
            if change.resource == resource_id and change.at < until
        )


@dataclass
class Asked:
    """An incident whose repair waits for approval; its surroundings were looked at unless it is `narrow`."""

    narrow: bool = False
    desk: Desk = field(default_factory=Desk)
    journal: FakeJournal = field(default_factory=FakeJournal)

    def __post_init__(self) -> None:
        window = SICK.window
        scope = Scope(
            Symptom("lambda:orders", MetricRole.AVAILABILITY, NOW),
            Topology((Resource("lambda", "orders"), Resource("s3", "images"))),
            window,
            Window(window.start - timedelta(hours=1), window.start),
        )
        around = None if self.narrow else Surroundings(scope)
        desk = self.desk
        desk.store.evidence[f"{desk.incident.id}/before"] = replace(SICK, surroundings=around)
        desk.records.status = "OPEN"
        resources = ["lambda:orders"] if self.narrow else ["lambda:orders", "s3:images"]
        facts = {"resources": resources, "observedFrom": iso(window.start), "observedUntil": iso(window.end)}
        desk.store.record_diagnosis(desk.incident, facts)

    def warn(self) -> SecondLook:
        desk = self.desk
        around = LookAround((desk.topology,), (desk.observations,))
        warn = WarnApprover(
            desk.store, desk.diagnose.conclude, around, self.journal, desk.announcer, desk.clock
        )
        return warn(desk.records.find("incident-1"), QUESTION)

    def becomes_known(self, *changes: ResourceChange, **seen: Any) -> None:
        self.journal.kept += changes
        self.desk.observations.observation = Observation(changes=tuple(self.journal.kept), **seen)

    @property
    def messages(self) -> list[tuple[str, str]]:
        return list(self.desk.announcer.messages.values())


def test_a_change_that_overturns_the_cause_is_told_before_the_approval() -> None:
    asked = Asked()
    asked.becomes_known(POLICY)
    repairs = dict(asked.desk.store.repairs)
    look = asked.warn()
    assert (look.before, look.after, look.reopened) == ("cause", "policy", False)
    ((subject, body),) = asked.messages
    assert subject == "[Evidence changed] orders: PutBucketPolicy on s3:images"
    assert "PutBucketPolicy on s3:images by deployer" in body
    assert "the cause is held to be Policy (policy), while the question rests on Cause (cause)" in body
    assert "The question about raise_memory waits on, until 2026-01-31T16:00:00Z." in body
    facts = asked.desk.store.diagnosis["evidenceChanged"]
    assert (facts["before"], facts["after"], facts["eventIds"]) == ("cause", "policy", ["e-1"])
    assert asked.desk.store.repairs == repairs
    assert "reopened" not in asked.desk.store.diagnosis


def test_the_same_change_is_told_once_and_a_further_one_by_itself() -> None:
    asked = Asked()
    asked.becomes_known(POLICY)
    asked.warn()
    assert asked.warn().note == "Nothing has changed since the approval was asked for."
    asked.becomes_known(replace(POLICY, action="DeleteBucketPolicy", event_id="e-2"))
    asked.warn()
    assert len(asked.messages) == 2
    assert "DeleteBucketPolicy" in asked.messages[1][1]
    assert "PutBucketPolicy" not in asked.messages[1][1]
    assert asked.desk.store.diagnosis["evidenceChanged"]["eventIds"] == ["e-1", "e-2"]


def test_a_repeat_after_a_crash_sends_the_same_message() -> None:
    asked = Asked()
    asked.becomes_known(POLICY)
    asked.warn()
    del asked.desk.store.diagnosis["evidenceChanged"]
    asked.warn()
    assert len(asked.messages) == 1


def test_somebody_changes_something_while_the_question_waits() -> None:
    """The window is over: the verdict cannot follow from it, but the person should know."""
    asked = Asked()
    asked.becomes_known(replace(POLICY, at=SICK.window.end + timedelta(minutes=2)))
    asked.warn()
    ((_, body),) = asked.messages
    assert "the cause is still held to be Cause (cause)" in body
    assert asked.desk.observations.asked == []


def test_a_function_whose_surroundings_nobody_looked_at() -> None:
    asked = Asked(narrow=True)
    asked.becomes_known(replace(POLICY, resource="lambda:orders", action="UpdateFunctionCode"))
    asked.warn()
    assert asked.messages[0][0] == "[Evidence changed] orders: UpdateFunctionCode on lambda:orders"


def test_a_look_that_sees_less_overturns_nothing() -> None:
    asked = Asked()
    asked.becomes_known(POLICY, missing=(MissingEvidence("cloudtrail", "throttled"),))
    look = asked.warn()
    assert (look.before, look.after) == ("cause", "cause")
    assert len(asked.messages) == 1


def test_our_own_changes_and_those_before_the_evidence_are_no_news() -> None:
    asked = Asked()
    asked.becomes_known(
        replace(POLICY, ours=True), replace(POLICY, at=SICK.window.start - timedelta(hours=1), event_id="e-3")
    )
    assert asked.warn().note == "Nothing has changed since the approval was asked for."
    assert asked.messages == []


def test_what_the_question_already_rests_on_is_no_news() -> None:
    asked = Asked()
    asked.becomes_known(POLICY)
    ref = f"{asked.desk.incident.id}/before"
    evidence = asked.desk.store.evidence[ref]
    assert evidence.surroundings
    known = replace(evidence.surroundings, changes=(POLICY,))
    asked.desk.store.evidence[ref] = replace(evidence, surroundings=known)
    asked.warn()
    assert asked.messages == []
