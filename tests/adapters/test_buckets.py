"""Bucket policies are read in one form, written as they are given, and refused in clear words."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auto_repair.adapters.buckets import S3Buckets
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing, TransientError
from auto_repair.domain.policy_documents import canonical
from tests.adapters.conftest import RecordedClients
from tests.bucket_policies import DENYING, FORMER
from tests.builders import BUCKET


@pytest.fixture
def buckets(clients: Clients) -> S3Buckets:
    clients.client("s3").create_bucket(Bucket="images")
    return S3Buckets(clients)


def test_policy_is_put_and_read_and_put_back(buckets: S3Buckets) -> None:
    assert buckets.policy(BUCKET) is None
    buckets.set_policy(BUCKET, canonical(DENYING))
    assert buckets.policy(BUCKET) == canonical(DENYING)
    buckets.set_policy(BUCKET, canonical(FORMER))
    assert buckets.policy(BUCKET) == canonical(FORMER)


def test_policy_is_taken_away_also_twice(buckets: S3Buckets) -> None:
    buckets.set_policy(BUCKET, canonical(DENYING))
    buckets.set_policy(BUCKET, None)
    buckets.set_policy(BUCKET, None)
    assert buckets.policy(BUCKET) is None


def test_policy_is_written_as_it_is_given() -> None:
    clients = RecordedClients({"s3.put_bucket_policy": lambda **_: {}})
    S3Buckets(clients).set_policy(BUCKET, FORMER)
    assert clients.calls == [("s3.put_bucket_policy", {"Bucket": "images", "Policy": FORMER})]


def test_policy_is_read_in_one_form_however_s3_spells_it() -> None:
    spelled = json.dumps(json.loads(FORMER), sort_keys=True, indent=4)
    clients = RecordedClients({"s3.get_bucket_policy": lambda **_: {"Policy": spelled}})
    assert S3Buckets(clients).policy(BUCKET) == canonical(FORMER)


def test_missing_bucket_says_so(buckets: S3Buckets) -> None:
    with pytest.raises(ResourceMissing):
        buckets.policy(f"{BUCKET}-2")
    with pytest.raises(ResourceMissing):
        buckets.set_policy(f"{BUCKET}-2", FORMER)


def answering(code: str, message: str, status: int) -> S3Buckets:
    """S3 that answers every write with this error."""

    def refuse(**_: Any) -> None:
        response: Any = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(response, "PutBucketPolicy")

    return S3Buckets(RecordedClients({"s3.put_bucket_policy": refuse, "s3.get_bucket_policy": refuse}))


@pytest.mark.parametrize(
    ("code", "message", "status", "hint"),
    [
        ("AccessDenied", "Access Denied", 403, "Block Public Access"),
        ("MalformedPolicy", "Invalid principal in policy", 400, "may have been deleted since"),
    ],
)
def test_refused_policy_says_why_and_that_nothing_changed(
    code: str, message: str, status: int, hint: str
) -> None:
    with pytest.raises(AwsCallFailed, match="the policy is unchanged") as raised:
        answering(code, message, status).set_policy(BUCKET, FORMER)
    assert raised.value.code == code
    assert message in str(raised.value)
    assert hint in str(raised.value)


def test_other_refusals_are_told_as_they_are() -> None:
    with pytest.raises(AwsCallFailed, match="EntityTooLarge"):
        answering("EntityTooLarge", "too large", 400).set_policy(BUCKET, FORMER)
    with pytest.raises(AwsCallFailed, match="AccessDenied"):
        answering("AccessDenied", "Access Denied", 403).policy(BUCKET)


def test_somebody_who_writes_at_the_same_time_is_awaited() -> None:
    message = "A conflicting conditional operation is currently in progress against this resource."
    with pytest.raises(TransientError):
        answering("OperationAborted", message, 409).set_policy(BUCKET, FORMER)
