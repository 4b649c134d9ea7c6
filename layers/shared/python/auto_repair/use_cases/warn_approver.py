"""A person is asked to approve a repair, and the evidence changes: they are told before they answer.

The question stays as it is, and its answer is a person's: nothing is started, changed or taken back here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from auto_repair.domain.answers import declined, heard
from auto_repair.domain.changes.history import with_former_states
from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.changes.telling import told
from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.domain.surroundings import ResourceChange, Surroundings
from auto_repair.domain.timestamps import iso, parse
from auto_repair.ports import Announcer, Clock, IncidentStore
from auto_repair.use_cases.look_again import SecondLook
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.reconsider import Conclude


class KnownChanges(Protocol):
    """The journal of changes."""

    def of(self, resource_id: str, until: datetime) -> tuple[RecordedChange, ...]:
        """The changes of a resource before `until`, oldest first."""
        ...


@dataclass(frozen=True)
class WarnApprover:
    """Tells what became known since the question was asked, and what it means for the cause."""

    store: IncidentStore
    conclude: Conclude
    look_around: LookAround
    journal: KnownChanges
    announcer: Announcer
    clock: Clock

    def __call__(self, record: IncidentRecord, question: Mapping[str, Any]) -> SecondLook:
        """Each change is told once. `question`: the item of the repair that waits."""
        evidence = self.store.load_evidence(record.evidence_ref)
        changes = self._untold(record, evidence)
        look = SecondLook(record.incident.id, False, "", "")
        if not changes:
            return replace(look, note="Nothing has changed since the approval was asked for.")
        before = self._cause(record, evidence)
        after = self._cause(record, self._again(evidence, changes))
        # Told before it is recorded: a repeat sends the same message, which is sent once.
        subject, body = message(record, question, changes, before, after)
        self.announcer.publish(
            subject=subject,
            body=body,
            incident_id=record.incident.id,
            stage=f"evidence-{_digest(changes)}",
            function_name=record.incident.function_name,
        )
        self._record(record, changes, before, after)
        note = "The person who was asked for approval was told that the evidence has changed."
        return replace(look, before=_id(before), after=_id(after), note=note)

    def _untold(self, record: IncidentRecord, evidence: Evidence) -> tuple[ResourceChange, ...]:
        """Changes of others since the evidence begins that neither it nor an earlier warning held."""
        since, now = parse(str(record.diagnosis["observedFrom"])), self.clock()
        known = {*_ids(evidence.surroundings), *_told_before(record)}
        seen = {(change.at, change.action) for change in evidence.changes}
        found = (
            change
            for resource in record.diagnosis.get("resources", ())
            for change in with_former_states(self.journal.of(str(resource), now))
            if change.at >= since and not change.ours
        )
        fresh = (c for c in found if c.event_id not in known and (c.at, c.action) not in seen)
        return tuple(sorted(fresh, key=lambda change: (change.at, change.event_id)))

    def _again(self, evidence: Evidence, changes: Iterable[ResourceChange]) -> Evidence:
        """The evidence as it can be seen now, if any of the changes lies within its window."""
        around = evidence.surroundings
        if around is None or all(change.at >= around.scope.window.end for change in changes):
            return evidence
        now = self.look_around.observe(around.scope)
        lost = {gap.source for gap in now.missing} - {gap.source for gap in around.missing}
        return evidence if lost else replace(evidence, surroundings=now)

    def _cause(self, record: IncidentRecord, evidence: Evidence) -> Hypothesis | None:
        left = self.conclude(evidence, declined(record.answers), incident_id=record.incident.id)
        return heard(left, record.answers).root_cause

    def _record(
        self,
        record: IncidentRecord,
        changes: tuple[ResourceChange, ...],
        before: Hypothesis | None,
        after: Hypothesis | None,
    ) -> None:
        facts = {
            "at": iso(self.clock()),
            "changes": [told((change,)) for change in changes],
            "eventIds": [*_told_before(record), *(change.event_id for change in changes)],
            "before": _id(before),
            "after": _id(after),
        }
        self.store.record_diagnosis(record.incident, {"evidenceChanged": facts})


def message(
    record: IncidentRecord,
    question: Mapping[str, Any],
    changes: tuple[ResourceChange, ...],
    before: Hypothesis | None,
    after: Hypothesis | None,
) -> tuple[str, str]:
    """Subject and body that tell a person what to know before they approve."""
    name, newest = record.incident.function_name, changes[-1]
    repair, until = question.get("action", "the repair"), question.get("approvalExpiresAt", "")
    waits = f"The question about {repair} waits on" + (f", until {until}" if until else "")
    lines = (
        f"Before you answer whether Lambda Auto-Repair may change {name}: the evidence has changed since "
        "that was asked.",
        *(f"- {told((change,))}" for change in changes),
        _verdict(before, after),
        f"{waits}. Nothing was changed and nothing else was started; its message holds the commands.",
        f"Incident {record.incident.id}",
    )
    return f"[Evidence changed] {name}: {newest.action} on {newest.resource}", "\n".join(lines)


def _verdict(before: Hypothesis | None, after: Hypothesis | None) -> str:
    if _id(before) == _id(after):
        return f"By the evidence of the incident the cause is still held to be {_named(before)}."
    return (
        f"With it the cause is held to be {_named(after)}, while the question rests on {_named(before)}: "
        "consider to reject it, and to start an investigation of what still fails."
    )


def _named(cause: Hypothesis | None) -> str:
    return f"{cause.title} ({cause.id})" if cause else "unclear"


def _id(cause: Hypothesis | None) -> str:
    return cause.id if cause else ""


def _ids(around: Surroundings | None) -> set[str]:
    return {change.event_id for change in around.changes} if around else set()


def _told_before(record: IncidentRecord) -> tuple[str, ...]:
    return tuple(record.diagnosis.get("evidenceChanged", {}).get("eventIds", ()))


def _digest(changes: Iterable[ResourceChange]) -> str:
    return sha256("|".join(change.event_id for change in changes).encode()).hexdigest()[:12]
