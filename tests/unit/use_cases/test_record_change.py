"""Events become entries of the journal, or an error that says what is wrong."""

from collections.abc import Iterable

import pytest

from auto_repair.domain.changes.reading import RecordedChange
from auto_repair.domain.errors import InvalidEvent
from auto_repair.use_cases.record_change import RecordChange
from tests.unit.domain.changes.records import OURS, bucket_policy, of_role


class FakeJournal:
    """Remembers what was recorded."""

    def __init__(self) -> None:
        self.changes: list[RecordedChange] = []

    def record(self, changes: Iterable[RecordedChange]) -> None:
        self.changes += changes


def event(detail: object) -> dict[str, object]:
    """As EventBridge delivers it."""
    return {
        "version": "0",
        "id": "6f87d04b-9f74-4f04-a780-7acf4b0a9b38",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-31T11:50:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def test_a_change_is_written_down_with_its_resource_actor_and_state() -> None:
    journal = FakeJournal()
    assert RecordChange(journal, OURS)(event(bucket_policy())) == ("s3:images",)
    (recorded,) = journal.changes
    assert (recorded.change.action, recorded.change.source) == ("PutBucketPolicy", "change_journal")
    assert recorded.change.actor == "deployer/[redacted:email]"
    assert '"Version": "2012-10-17"' in recorded.change.after


def test_our_own_repairs_are_marked() -> None:
    journal = FakeJournal()
    RecordChange(journal, OURS)(event(bucket_policy(userIdentity=of_role(OURS, "executor"))))
    assert journal.changes[0].change.ours


def test_a_refused_call_leaves_no_entry() -> None:
    journal = FakeJournal()
    assert RecordChange(journal, OURS)(event(bucket_policy(errorCode="AccessDenied"))) == ()
    assert journal.changes == []


@pytest.mark.parametrize("broken", [None, [], {}, {"detail": None}, {"detail": "text"}, {"detail": {}}])
def test_what_holds_no_record_is_refused(broken: object) -> None:
    journal = FakeJournal()
    with pytest.raises(InvalidEvent):
        RecordChange(journal, OURS)(broken)
    assert journal.changes == []
