"""Objects under a KMS key are read and written only by those whom KMS allows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from local.scenarios.stage import policy
from tests.local.functions import unique
from tests.local.state_machines import ACCOUNT

USES = ["kms:Decrypt", "kms:GenerateDataKey"]


@dataclass(frozen=True)
class Store:
    """A bucket whose default key a role may use according to its own policy and the key's."""

    aws: Instance
    bucket: str
    key_arn: str
    role: str

    def allow(self, *actions: str, on_key: tuple[dict[str, Any], ...] = ()) -> None:
        """The role may do anything with S3, and these KMS actions; `on_key` joins the key's policy."""
        may = [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in (("s3:*", "*"), *((action, self.key_arn) for action in actions))
        ]
        self.aws.client("iam").put_role_policy(
            RoleName=self.role, PolicyName="all", PolicyDocument=json.dumps(policy(*may))
        )
        root = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
        self.aws.client("kms").put_key_policy(
            KeyId=self.key_arn, PolicyName="default", Policy=json.dumps(policy(root, *on_key))
        )

    def statement(self, effect: str) -> dict[str, Any]:
        principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{self.role}"}
        return {"Effect": effect, "Principal": principal, "Action": USES, "Resource": "*"}

    def grant(self, operation: str, *, grantee: str = "", **constraints: Any) -> str:
        """The id of a new grant for the role, or for another `grantee`."""
        answer = self.aws.client("kms").create_grant(
            KeyId=self.key_arn,
            GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/{grantee or self.role}",
            Operations=[operation],
            Constraints=constraints,
        )
        return str(answer["GrantId"])

    def s3(self) -> Any:
        """A client in the role."""
        keys = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{self.role}", RoleSessionName="reader"
        )["Credentials"]
        return self.aws.client(
            "s3",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    @property
    def session_arn(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/reader"


@pytest.fixture
def store(embedded_aws: Instance) -> Store:
    name = unique("store")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    embedded_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy(trust)))
    key = embedded_aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = embedded_aws.client("s3")
    s3.create_bucket(Bucket=name)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    s3.put_object(Bucket=name, Key="picture", Body=b"seen")
    return Store(embedded_aws, name, key, name)


def message(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Message"])


def test_who_may_use_the_key_reads_writes_and_copies(store: Store) -> None:
    store.allow(*USES)
    s3 = store.s3()
    assert s3.get_object(Bucket=store.bucket, Key="picture")["Body"].read() == b"seen"
    s3.put_object(Bucket=store.bucket, Key="other", Body=b"new")
    s3.copy_object(Bucket=store.bucket, Key="copy", CopySource=f"{store.bucket}/picture")


def test_the_keys_policy_alone_may_allow_it(store: Store) -> None:
    store.allow(on_key=(store.statement("Allow"),))
    assert store.s3().get_object(Bucket=store.bucket, Key="picture")["Body"].read() == b"seen"


def test_without_permission_s3_names_the_key(store: Store) -> None:
    store.allow()
    for call, action in (("get_object", "kms:Decrypt"), ("put_object", "kms:GenerateDataKey")):
        with pytest.raises(ClientError, match="AccessDenied") as error:
            getattr(store.s3(), call)(Bucket=store.bucket, Key="picture")
        assert message(error) == (
            f"User: {store.session_arn} is not authorized to perform: {action} on resource: {store.key_arn} "
            f"because no identity-based policy allows the {action} action"
        )


def test_a_grant_allows_what_it_names_until_it_is_revoked(store: Store) -> None:
    store.allow()
    grant = store.grant("Decrypt")
    assert store.s3().get_object(Bucket=store.bucket, Key="picture")["Body"].read() == b"seen"
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        store.s3().put_object(Bucket=store.bucket, Key="other", Body=b"new")
    store.aws.client("kms").revoke_grant(KeyId=store.key_arn, GrantId=grant)
    with pytest.raises(ClientError, match="no identity-based policy allows the kms:Decrypt action"):
        store.s3().get_object(Bucket=store.bucket, Key="picture")


def test_a_grant_holds_within_its_constraints(store: Store) -> None:
    store.allow()
    owner = store.aws.client("s3")
    owner.put_object(Bucket=store.bucket, Key="other", Body=b"unseen")
    store.grant("Decrypt", EncryptionContextSubset={"aws:s3:arn": f"arn:aws:s3:::{store.bucket}/picture"})
    assert store.s3().get_object(Bucket=store.bucket, Key="picture")["Body"].read() == b"seen"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        store.s3().get_object(Bucket=store.bucket, Key="other")


def test_no_grant_outweighs_a_denial(store: Store) -> None:
    store.allow(on_key=(store.statement("Deny"),))
    store.grant("Decrypt")
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        store.s3().get_object(Bucket=store.bucket, Key="picture")


def test_a_grant_is_for_its_grantee_alone(store: Store) -> None:
    store.allow()
    store.grant("Decrypt", grantee=f"{store.role}-of-another")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        store.s3().get_object(Bucket=store.bucket, Key="picture")


def test_reading_alone_does_not_allow_a_copy(store: Store) -> None:
    store.allow("kms:Decrypt")
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        store.s3().copy_object(Bucket=store.bucket, Key="copy", CopySource=f"{store.bucket}/picture")


def test_a_denial_in_the_keys_policy_wins(store: Store) -> None:
    store.allow(*USES, on_key=(store.statement("Deny"),))
    with pytest.raises(ClientError) as error:
        store.s3().get_object(Bucket=store.bucket, Key="picture")
    assert message(error) == (
        f"User: {store.session_arn} is not authorized to perform: kms:Decrypt on resource: {store.key_arn} "
        "with an explicit deny in a resource-based policy"
    )


def test_a_condition_sees_that_s3_asks(store: Store) -> None:
    via = {"Condition": {"StringNotEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}}
    store.allow(*USES, on_key=({**store.statement("Deny"), **via},))
    assert store.s3().get_object(Bucket=store.bucket, Key="picture")["Body"].read() == b"seen"


def test_objects_without_a_key_need_nothing(store: Store) -> None:
    store.allow()
    owner = store.aws.client("s3")
    owner.put_object(Bucket=store.bucket, Key="plain", Body=b"open", ServerSideEncryption="AES256")
    assert store.s3().get_object(Bucket=store.bucket, Key="plain")["Body"].read() == b"open"
