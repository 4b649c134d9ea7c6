"""Who took a permission away of which AWS says only that nothing gives it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.domain.complaints import Complaint, complaint
from auto_repair.domain.lost_permissions import taken_from
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import ResourceChange
from tests.builders import ago

ACCOUNT = "123456789012"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
KEY, ROLE = "kms:11111111-2222-3333-4444-555555555555", "iam:images-role"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/images-role"
REFUSED_AT = ago(minutes=5)
GRANT = json.dumps({"granteePrincipal": ROLE_ARN, "operations": ["Decrypt"]})


def refusal(action: str = "kms:Decrypt", arn: str = KEY_ARN, resource: Resource | None = None) -> Complaint:
    words = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/images-role/images is not authorized to perform: "
        f"{action} on resource: {arn} because no identity-based policy allows the {action} action"
    )
    said = complaint(words, [resource or Resource("kms", KEY.partition(":")[2], arn=KEY_ARN)])
    assert said is not None
    return said


def policy(action: str, resource: str = "*", **more: object) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def change(resource: str, action: str, seconds: int, before: str = "", after: str = "") -> ResourceChange:
    """`seconds` before the first refusal."""
    return ResourceChange(
        resource, REFUSED_AT - timedelta(seconds=seconds), action, before=before, after=after
    )


def taken(*changes: ResourceChange, said: Complaint | None = None) -> str:
    return taken_from(said or refusal(), REFUSED_AT, changes)


REVOKED = change(KEY, "RevokeGrant", 30, before=GRANT)
ROLE_LOST = change(ROLE, "PutRolePolicy", 20, before=policy("kms:*"), after=policy("s3:*"))


def test_a_revoked_grant_took_it_although_the_role_was_changed_later() -> None:
    unconcerned = replace(ROLE_LOST, before=policy("s3:Get*"))
    assert taken(REVOKED, unconcerned) == KEY


def test_the_role_that_lost_it_took_it_although_a_grant_was_revoked_before() -> None:
    assert taken(REVOKED, ROLE_LOST) == ROLE


def test_what_is_known_to_have_taken_it_counts_before_what_may_have() -> None:
    detached = change(
        ROLE, "DetachRolePolicy", 10, before=json.dumps({"policyArn": "arn:aws:iam::aws:policy/A"})
    )
    assert taken(REVOKED, detached) == KEY
    assert taken(replace(REVOKED, before=""), detached) == ROLE


def test_a_queue_loses_its_policy_among_other_attributes() -> None:
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"
    said = refusal("sqs:sendmessage", arn, Resource("sqs", "orders", arn=arn))
    allowed = policy("sqs:SendMessage", arn, Principal={"AWS": ROLE_ARN})
    gone = change("sqs:orders", "SetQueueAttributes", 20, before=allowed)
    settings = change(
        "sqs:orders", "SetQueueAttributes", 10, '{"DelaySeconds": "1"}', '{"DelaySeconds": "2"}'
    )
    assert taken(gone, settings, said=said) == "sqs:orders"
    assert taken(settings, said=said) == ""
    assert taken(change("sqs:orders", "RemovePermission", 5), said=said) == "sqs:orders"


def test_a_grant_that_nobody_recorded_may_have_been_the_one() -> None:
    assert taken(replace(REVOKED, before="")) == KEY


@pytest.mark.parametrize(
    "grant",
    [
        {"granteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/somebody-else", "operations": ["Decrypt"]},
        {"granteePrincipal": ROLE_ARN, "operations": ["GenerateDataKey"]},
    ],
    ids=["of another caller", "for another call"],
)
def test_a_grant_that_never_allowed_the_call_took_nothing(grant: dict[str, object]) -> None:
    assert taken(replace(REVOKED, before=json.dumps(grant))) == ""


@pytest.mark.parametrize(
    ("action", "before", "after", "expected"),
    [
        ("PutRolePolicy", policy("kms:*"), policy("kms:Decrypt"), ""),
        ("PutRolePolicy", policy("kms:*"), policy("kms:Decrypt", "arn:aws:kms:eu-west-1:*:key/other"), ROLE),
        ("PutRolePolicy", "", policy("s3:*"), ROLE),
        ("DeleteRolePolicy", policy("kms:Decrypt"), "", ROLE),
        ("DeleteRolePolicy", policy("s3:*"), "", ""),
        ("DetachRolePolicy", json.dumps({"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), "", ROLE),
        ("AttachRolePolicy", "", json.dumps({"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), ""),
        ("UpdateAssumeRolePolicy", policy("kms:*"), policy("s3:*"), ""),
    ],
)
def test_a_role_is_judged_by_its_policies(action: str, before: str, after: str, expected: str) -> None:
    assert taken(change(ROLE, action, 20, before, after)) == expected


def test_a_first_policy_of_a_role_takes_nothing() -> None:
    first = replace(change(ROLE, "PutRolePolicy", 20, after=policy("s3:*")), had_none=True)
    assert taken(first) == ""


def test_a_resource_that_let_the_caller_in_by_its_own_policy_took_it() -> None:
    bucket, arn = Resource("s3", "images", arn="arn:aws:s3:::images"), "arn:aws:s3:::images/a.png"
    said = refusal("s3:GetObject", arn, bucket)
    allowed = policy("s3:GetObject", "arn:aws:s3:::images/*", Principal={"AWS": ROLE_ARN})
    others = policy("s3:GetObject", "arn:aws:s3:::images/*", Principal={"AWS": f"{ROLE_ARN}-of-others"})
    put = change("s3:images", "PutBucketPolicy", 20, allowed, others)
    assert taken(put, said=said) == "s3:images"
    assert taken(replace(put, before=others, after=allowed), said=said) == ""
    assert taken(change("s3:images", "PutBucketTagging", 20, "{}", "{}"), said=said) == ""


def test_later_changes_and_our_own_took_nothing() -> None:
    late = replace(REVOKED, at=REFUSED_AT + timedelta(minutes=1))
    assert taken(late, replace(ROLE_LOST, ours=True)) == ""


def test_clocks_may_differ_by_seconds() -> None:
    assert taken(replace(REVOKED, at=REFUSED_AT + timedelta(seconds=2))) == KEY
