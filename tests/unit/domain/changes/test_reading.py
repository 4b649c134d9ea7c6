"""Records that are changes, records that are none, and who made them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from auto_repair.domain.changes.reading import changes_of
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.surroundings import ResourceChange
from tests.unit.domain.changes.records import OURS, TERRAFORM, bucket_policy, of_role, record


def the_change(document: dict[str, Any]) -> ResourceChange:
    (recorded,) = changes_of(document, OURS, "change_journal")
    return recorded.change


def test_what_every_change_tells() -> None:
    change = the_change(bucket_policy())
    assert change.at == datetime(2026, 1, 31, 11, 50, tzinfo=UTC)
    assert (change.event_id, change.source) == ("s3-PutBucketPolicy", "change_journal")
    assert (change.actor, change.ours) == ("deployer/[redacted:email]", False)


@pytest.mark.parametrize(
    "document",
    [
        bucket_policy(errorCode="AccessDenied", errorMessage="not authorized to perform: s3:PutBucketPolicy"),
        bucket_policy(readOnly=True),
        record("s3", "GetBucketPolicy", {"bucketName": "images"}, readOnly=True),
        record("ecs", "UpdateService", {"service": "shop"}),
    ],
    ids=["refused", "read", "another read", "unknown"],
)
def test_what_is_no_change(document: dict[str, Any]) -> None:
    assert changes_of(document, OURS, "change_journal") == ()


@pytest.mark.parametrize(
    ("fields", "actor"),
    [
        ({"userAgent": TERRAFORM}, "deployer/[redacted:email] with Terraform"),
        (
            {
                "userIdentity": {
                    **of_role("cfn", "AWSCloudFormation"),
                    "invokedBy": "cloudformation.amazonaws.com",
                },
                "sourceIPAddress": "cloudformation.amazonaws.com",
                "userAgent": "cloudformation.amazonaws.com",
            },
            "cfn/AWSCloudFormation with CloudFormation",
        ),
        (
            {"userIdentity": of_role(session="ci"), "userAgent": "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0"},
            "deployer/ci with the AWS CLI",
        ),
        (
            {"userIdentity": {"type": "IAMUser", "userName": "anna"}, "userAgent": "console.amazonaws.com"},
            "anna with the console",
        ),
        (
            {
                "userIdentity": {"type": "IAMUser", "userName": "anna"},
                "userAgent": "Mozilla/5.0 (X11; Linux)",
            },
            "anna with the console",
        ),
        ({"userIdentity": {"type": "Root", "arn": "arn:aws:iam::123456789012:root"}}, "Root"),
        (
            {
                "userIdentity": {
                    "type": "AWSService",
                    "invokedBy": "dynamodb.application-autoscaling.amazonaws.com",
                },
                "sourceIPAddress": "dynamodb.application-autoscaling.amazonaws.com",
            },
            "dynamodb.application-autoscaling.amazonaws.com",
        ),
        ({"userIdentity": None, "userAgent": None}, ""),
    ],
)
def test_who_it_was_and_with_what(fields: dict[str, Any], actor: str) -> None:
    assert the_change(bucket_policy(**fields)).actor == actor


def test_our_own_repairs_are_known_by_their_role() -> None:
    assert the_change(bucket_policy(userIdentity=of_role(OURS, "executor"))).ours


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (["a list"], "is a JSON object, not list"),
        ({}, "eventID is missing"),
        ({**bucket_policy(), "eventTime": "yesterday"}, "eventTime 'yesterday' is no time"),
        ({**bucket_policy(), "eventName": 7}, "eventName is missing"),
    ],
)
def test_what_is_no_record_is_refused(document: Any, said: str) -> None:
    with pytest.raises(InvalidEvent, match=said):
        changes_of(document, OURS, "change_journal")
