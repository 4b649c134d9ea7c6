"""S3 buckets and their policies (`ports.Buckets`)."""

from collections.abc import Callable
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.policy_documents import canonical

NO_POLICY = "NoSuchBucketPolicy"
SOMEBODY_ELSE_WRITES = "OperationAborted"  # another change of the same bucket is in progress
# What S3's short answers to a policy mean for whoever has to act on them.
HINTS = {
    "AccessDenied": "either the executor may not write this policy, or the policy is public and Block Public "
    "Access of the bucket or account refuses it",
    "MalformedPolicy": "a principal that the policy names may have been deleted since; S3 then shows an id "
    "such as AIDA… or AROA… in its place",
}


class S3Buckets:
    """Buckets are named by ARN, as the onboarding entry names them."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def _client(self) -> Any:
        return self._clients.client("s3")

    def policy(self, bucket_arn: str) -> str | None:
        """The policy as canonical JSON text, None when there is none."""
        try:
            answer = call(self._client.get_bucket_policy, Bucket=_name(bucket_arn))
        except AwsCallFailed as error:
            if error.code == NO_POLICY:
                return None
            raise
        return canonical(answer["Policy"])

    def set_policy(self, bucket_arn: str, document: str | None) -> None:
        """Replace the policy, or take it away. S3 takes a policy whole or not at all."""
        if document is None:
            _write(self._client.delete_bucket_policy, Bucket=_name(bucket_arn))
        else:
            _write(self._client.put_bucket_policy, Bucket=_name(bucket_arn), Policy=document)


def _name(bucket_arn: str) -> str:
    return bucket_arn.rsplit(":", 1)[-1]


def _write(method: Callable[..., Any], **arguments: str) -> None:
    try:
        call(method, **arguments)
    except AwsCallFailed as error:
        if error.code == SOMEBODY_ELSE_WRITES:
            raise TransientError(str(error)) from error
        if error.code not in HINTS:
            raise
        told = str(error).partition(f"{error.code}: ")[2]
        message = f"{told}; {HINTS[error.code]}; the policy is unchanged"
        raise AwsCallFailed(error.service, error.operation, error.code, message) from error
