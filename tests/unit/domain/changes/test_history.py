"""What was there before a change."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from auto_repair.domain.changes.history import (
    CONFIG_HISTORY,
    with_former_states,
    with_recorded_configurations,
)
from auto_repair.domain.changes.reading import RecordedChange, changes_of
from auto_repair.domain.surroundings import ResourceChange
from tests.unit.domain.changes.records import OURS, POLICY, bucket_policy, record

OTHER = {**POLICY, "Id": "other"}


def at(minute: int, document: dict[str, Any]) -> tuple[RecordedChange, ...]:
    """The changes of that record at 11:MINUTE; the event's id is the minute."""
    when = {"eventTime": f"2026-01-31T11:{minute:02}:00Z", "eventID": f"e{minute}-{document['eventName']}"}
    return changes_of({**document, **when}, OURS, "change_journal")


def states(*recorded: tuple[RecordedChange, ...]) -> list[tuple[Any, Any, bool]]:
    found = with_former_states([change for group in recorded for change in group])
    return [(_loaded(c.before), _loaded(c.after), c.had_none) for c in found]


def _loaded(text: str) -> Any:
    return json.loads(text) if text else None


def test_each_change_follows_upon_the_one_before_it_however_late_it_arrived() -> None:
    assert states(at(20, bucket_policy(OTHER)), at(10, bucket_policy())) == [
        (None, POLICY, False),
        (POLICY, OTHER, False),
    ]


def test_a_former_state_is_as_old_as_the_change_that_left_it() -> None:
    deleted = record("s3", "DeleteBucketPolicy", {"bucketName": "images"})
    steps = (at(10, bucket_policy()), at(20, bucket_policy(OTHER)), at(30, deleted), at(40, bucket_policy()))
    found = with_former_states([change for step in steps for change in step])
    assert [change.before_of and change.before_of.minute for change in found] == [None, 10, 20, 30]


def config_saw(minute: int, before: dict[str, Any] | None) -> ResourceChange:
    """AWS Config's account of a change to `OTHER`."""
    return ResourceChange(
        "s3:images",
        datetime(2026, 1, 31, 11, minute, tzinfo=UTC),
        "PutBucketPolicy",
        source=CONFIG_HISTORY,
        before=json.dumps(before) if before else "",
        after=json.dumps(OTHER),
        had_none=before is None,
    )


@pytest.mark.parametrize(
    ("before", "minute"), [(POLICY, None), ({**POLICY, "Id": "a third"}, 10), (None, 10)]
)
def test_aws_config_may_confirm_a_former_state(before: dict[str, Any] | None, minute: int | None) -> None:
    steps = (at(10, bucket_policy()), at(20, bucket_policy(OTHER)))
    known = with_former_states([change for step in steps for change in step])
    *_, change = with_recorded_configurations((*known, config_saw(24, before)))
    assert _loaded(change.before) == POLICY
    assert change.before_of == (change.at.replace(minute=minute) if minute else None)


def test_that_nothing_was_there_is_only_said_where_it_is_known() -> None:
    deleted = record("s3", "DeleteBucketPolicy", {"bucketName": "images"})
    assert states(at(1, bucket_policy()), at(2, deleted), at(3, bucket_policy(OTHER))) == [
        (None, POLICY, False),
        (POLICY, None, False),
        (None, OTHER, True),
    ]


def test_a_new_bucket_has_no_policy() -> None:
    created = record("s3", "CreateBucket", {"bucketName": "images", "Host": "s3.amazonaws.com"})
    assert states(at(1, created), at(2, bucket_policy())) == [(None, None, False), (None, POLICY, True)]


def test_resources_and_aspects_are_apart() -> None:
    encryption = record("s3", "DeleteBucketEncryption", {"bucketName": "images", "encryption": ""})
    elsewhere = record("s3", "DeleteBucketPolicy", {"bucketName": "other"})
    assert states(at(1, encryption), at(2, elsewhere), at(3, bucket_policy()))[-1] == (None, POLICY, False)


def test_of_two_changes_in_one_second_nobody_knows_which_came_first() -> None:
    twins = at(5, bucket_policy()), at(5, {**bucket_policy(OTHER), "eventName": "PutBucketPolicy"})
    second = tuple(
        RecordedChange(_renamed(r, "e5-second").change, r.aspect, r.ends, r.partial) for r in twins[1]
    )
    found = states(at(1, bucket_policy()), twins[0], second, at(9, bucket_policy()))
    assert [before for before, _, _ in found] == [None, None, None, None]


def _renamed(recorded: RecordedChange, event_id: str) -> RecordedChange:
    return replace(recorded, change=replace(recorded.change, event_id=event_id))


def test_the_same_event_twice_is_one_change() -> None:
    assert len(states(at(1, bucket_policy()), at(1, bucket_policy()), at(2, bucket_policy(OTHER)))) == 2


def test_settings_are_compared_one_by_one() -> None:
    def attributes(**given: str) -> dict[str, Any]:
        return record("sqs", "SetQueueAttributes", {"attributes": given, "queueUrl": "https://sqs/1/jobs"})

    found = states(
        at(1, attributes(VisibilityTimeout="30")),
        at(2, attributes(DelaySeconds="5")),
        at(3, attributes(VisibilityTimeout="1")),
        at(4, attributes(VisibilityTimeout="2", MaximumMessageSize="1024")),
    )
    assert [before for before, _, _ in found] == [None, None, {"VisibilityTimeout": "30"}, None]


def test_what_the_call_itself_tells_of_before_is_kept() -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    detached = record("iam", "DetachRolePolicy", {"roleName": "r", "policyArn": arn})
    assert states(at(1, detached)) == [({"policyArn": arn}, None, False)]


def test_a_revoked_grant_is_known_from_its_creation() -> None:
    key: dict[str, Any] = {"resources": [{"ARN": "arn:aws:kms:us-east-1:123456789012:key/k"}]}
    created = record("kms", "CreateGrant", {"keyId": "k", "operations": ["Decrypt"]}, {"grantId": "g"}, **key)
    revoked = record("kms", "RevokeGrant", {"keyId": "k", "grantId": "g"}, **key)
    assert states(at(1, created), at(2, revoked))[1] == ({"operations": ["Decrypt"]}, None, False)
