"""Objects under a KMS key: whoever reads one must be allowed kms:Decrypt, whoever writes one
kms:GenerateDataKey.

The emulator keeps the name of the key and does not ask. Asked here for GetObject, PutObject and copies, in
AWS's words and with the condition keys that S3 sends to KMS; parts of multipart uploads are not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_region, new_uuid
from ministack.services import kms, s3

from local.shims import wrap

_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def install() -> None:
    wrap(s3, "_get_object")(_get_object)
    wrap(s3, "_put_object")(_put_object)
    wrap(s3, "_copy_object")(_copy_object)


def _get_object(original: Any, bucket: str, key: str, headers: Any, params: Any = None) -> Any:
    refused = _refusal("kms:Decrypt", _key_of(bucket, key), bucket, key, headers, params)
    return refused or original(bucket, key, headers, params)


def _put_object(original: Any, bucket: str, key: str, body: bytes, headers: Any) -> Any:
    chosen, _ = s3._resolve_sse_write_headers(headers, bucket)
    refused = _refusal("kms:GenerateDataKey", (chosen or {}).get(_KEY_HEADER), bucket, key, headers)
    return refused or original(bucket, key, body, headers)


def _copy_object(original: Any, bucket: str, key: str, headers: Any) -> Any:
    source_bucket, _, source_key = (
        headers.get("x-amz-copy-source", "").split("?")[0].lstrip("/").partition("/")
    )
    source = _key_of(source_bucket, source_key)
    chosen, _ = s3._resolve_sse_write_headers(headers, bucket)
    refused = _refusal("kms:Decrypt", source, source_bucket, source_key, headers) or _refusal(
        "kms:GenerateDataKey", (chosen or {}).get(_KEY_HEADER), bucket, key, headers
    )
    return refused or original(bucket, key, headers)


def _key_of(bucket: str, key: str) -> str | None:
    """The KMS key of the object's current version."""
    stored = ((s3._buckets.get(bucket) or {}).get("objects") or {}).get(key)
    return s3._stored_sse_headers(stored).get(_KEY_HEADER) if stored else None


def _refusal(
    action: str, key_id: str | None, bucket: str, key: str, headers: Mapping[str, str], params: Any = None
) -> Any:
    """What S3 answers instead if KMS refuses the caller; None if it does not or there is no such key."""
    found = kms._resolve_key(key_id) if key_id else None
    if found is None:
        return None
    arn, caller = found["Arn"], router.extract_access_key_id(headers, params or {}) or ""
    context = {
        "kms:ViaService": f"s3.{get_region()}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{bucket}/{key}",
    }
    denied = iam_evaluator.enforce(caller, action, "kms", get_region(), arn, context)
    if not isinstance(denied, iam_evaluator.EvalResult):
        return None  # allowed, or not known at all, which S3 finds out by itself
    return iam_actions.access_denied_response(
        "s3", action, denied.principal_arn, new_uuid(), message=_message(denied, action, arn), headers=headers
    )


def _message(denied: Any, action: str, key_arn: str) -> str:
    if denied.decision == "Deny" and denied.resource_policy_arn:
        return str(iam_actions._resource_policy_denial("kms", action, denied.principal_arn, key_arn))
    is_explicit = denied.decision == "Deny"
    return str(iam_actions.identity_denial_message(action, denied.principal_arn, key_arn, is_explicit))
