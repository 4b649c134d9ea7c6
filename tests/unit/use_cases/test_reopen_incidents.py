"""A change that is written down is taken to the incidents that it may explain."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.use_cases.reopen_incidents import AskForWantedLooks, ReopeningJournal
from tests.builders import NOW
from tests.fakes import FakeClock
from tests.unit.domain.changes.records import OURS, bucket_policy, of_role


class Journal:
    def __init__(self) -> None:
        self.kept: list[RecordedChange] = []

    def record(self, changes: Iterable[RecordedChange]) -> None:
        self.kept += changes


class Finished:
    def around(self, resource_id: str, at: datetime) -> list[str]:
        return ["i-2", "i-1"] if (resource_id, at.minute) == ("s3:images", 50) else []

    def wanting_looks(self, now: datetime) -> list[str]:
        return ["i-4", "i-3"] if now >= NOW else []


def asked(*changes: RecordedChange) -> tuple[list[RecordedChange], list[str]]:
    journal, ids = Journal(), list[str]()
    ReopeningJournal(journal, Finished(), ids.append).record(iter(changes))
    return journal.kept, ids


(POLICY,) = changes_of(bucket_policy(), OURS, "change_journal")


def test_every_incident_is_asked_once() -> None:
    kept, ids = asked(POLICY, POLICY)
    assert (len(kept), ids) == (2, ["i-1", "i-2"])


def test_other_times_concern_nobody() -> None:
    later = replace(POLICY, change=replace(POLICY.change, at=POLICY.change.at.replace(minute=59)))
    assert asked(later)[1] == []


def test_our_own_repairs_are_no_causes() -> None:
    ours = changes_of(bucket_policy(userIdentity=of_role(OURS, "executor")), OURS, "change_journal")
    kept, ids = asked(*ours)
    assert (len(kept), ids) == (1, [])


def test_looks_that_are_still_wanted_are_asked_for_again() -> None:
    ids = list[str]()
    assert AskForWantedLooks(Finished(), ids.append, FakeClock())() == ("i-3", "i-4")
    assert ids == ["i-3", "i-4"]
