"""The journal's table: every change once, whole, and in order of time."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from auto_repair.adapters import change_journal
from auto_repair.adapters.change_journal import NEWEST, ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.domain.timestamps import iso
from tests.adapters.conftest import NOW
from tests.unit.domain.changes.records import OURS, POLICY, bucket_policy, record

TABLE = "lambda-auto-repair-changes-test"


@pytest.fixture
def journal(clients: Clients) -> ChangeJournal:
    return made_journal(clients)


def made_journal(clients: Clients) -> ChangeJournal:
    """An empty journal."""
    clients.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "resource", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": n, "AttributeType": "S"} for n in ("resource", "at", "journal")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byTime",
                "KeySchema": [
                    {"AttributeName": "journal", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return ChangeJournal(clients, TABLE, retention_days=400)


def put(at: datetime, event_id: str, policy: object = POLICY) -> tuple[RecordedChange, ...]:
    """A bucket policy put at that time."""
    document = bucket_policy(policy, eventTime=iso(at), eventID=event_id)
    return changes_of(document, OURS, "change_journal")


def test_what_is_read_is_what_was_recorded(journal: ChangeJournal) -> None:
    journal.record(put(NOW, "e1"))
    detached = record("iam", "DetachRolePolicy", {"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/P"})
    (taken,) = changes_of(detached, OURS, "change_journal")
    journal.record([taken])
    assert journal.of("s3:images", NOW + timedelta(seconds=1)) == put(NOW, "e1")
    assert journal.of("iam:r", NOW) == (taken,)
    assert journal.of("s3:other", NOW) == ()


def test_an_event_delivered_twice_is_one_entry(journal: ChangeJournal) -> None:
    journal.record(put(NOW, "e1"))
    journal.record(put(NOW, "e1"))
    assert len(journal.of("s3:images", NOW + timedelta(seconds=1))) == 1


def test_late_events_find_their_place(journal: ChangeJournal) -> None:
    for minutes, event_id in ((1, "newest"), (9, "oldest"), (5, "between")):
        journal.record(put(NOW - timedelta(minutes=minutes), event_id))
    found = journal.of("s3:images", NOW)
    assert [r.change.event_id for r in found] == ["oldest", "between", "newest"]


def test_only_what_was_before_the_end_is_read_and_the_newest_of_it(journal: ChangeJournal) -> None:
    for number in range(NEWEST + 2):
        journal.record(put(NOW - timedelta(minutes=number), f"e{number}"))
    found = journal.of("s3:images", NOW)
    assert len(found) == NEWEST
    assert found[-1].change.event_id == "e1"


def test_long_policies_are_kept_whole(journal: ChangeJournal) -> None:
    statements = [{**POLICY["Statement"][0], "Sid": f"S{n}"} for n in range(150)]
    long = {**POLICY, "Statement": statements}
    assert len(json.dumps(long)) > 20_000
    journal.record(put(NOW, "e1", long))
    (found,) = journal.of("s3:images", NOW + timedelta(seconds=1))
    assert json.loads(found.change.after) == long


DAY = timedelta(days=1)


def elsewhere(journal: ChangeJournal, *ages: timedelta) -> None:
    """Changes of a queue that nobody asks about: the journal was written at those times."""
    request = {"attributes": {"VisibilityTimeout": "5"}, "queueUrl": "https://sqs/123456789012/busy"}
    for age in ages:
        document = record("sqs", "SetQueueAttributes", request)
        document |= {"eventTime": iso(NOW - age), "eventID": f"busy-{age}"}
        journal.record(changes_of(document, OURS, "change_journal"))


def test_what_changed_in_a_time_is_told_for_all_resources_at_once(journal: ChangeJournal) -> None:
    elsewhere(journal, DAY + timedelta(seconds=1), DAY)
    journal.record(put(NOW - timedelta(minutes=9), "new"))
    journal.record(put(NOW, "after it"))
    assert journal.changed(NOW - DAY, NOW) == frozenset({"sqs:busy", "s3:images"})


@pytest.mark.parametrize("ages", [(), (DAY * 2,), (DAY / 2,)])
def test_a_journal_that_may_not_have_been_written_vouches_for_nothing(
    journal: ChangeJournal, ages: tuple[timedelta, ...]
) -> None:
    """Empty; silent for a day; begun within the day."""
    elsewhere(journal, *ages)
    assert journal.changed(NOW - DAY, NOW) is None


def test_pages_are_read_up_to_a_bound(journal: ChangeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_journal, "PAGE", 2)
    elsewhere(journal, *(timedelta(hours=n) for n in range(1, 7)), DAY * 2)
    assert journal.changed(NOW - DAY, NOW) == frozenset({"sqs:busy"})
    elsewhere(journal, *(timedelta(hours=n) for n in range(8, 10)))
    assert journal.changed(NOW - DAY, NOW) is None


def test_entries_are_forgotten_in_time(journal: ChangeJournal, clients: Clients) -> None:
    journal.record(put(NOW, "e1"))
    (item,) = clients.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert item["expiresAt"] == {"N": str(int((NOW + timedelta(days=400)).timestamp()))}


def test_times_to_the_second_do_not_hide_one_another(journal: ChangeJournal) -> None:
    journal.record([*put(NOW, "e1"), *put(NOW, "e2", {**POLICY, "Id": "x"})])
    found = journal.of("s3:images", NOW + timedelta(seconds=1))
    assert {replace(r, change=replace(r.change, after="")) for r in found} == {
        replace(r, change=replace(r.change, after="")) for r in (*put(NOW, "e1"), *put(NOW, "e2"))
    }
