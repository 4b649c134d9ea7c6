"""What was there before a change."""

import json
from dataclasses import replace
from typing import Any

from auto_repair.domain.changes.history import with_former_states
from auto_repair.domain.changes.reading import RecordedChange, changes_of
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
