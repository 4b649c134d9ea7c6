"""A grant on a KMS key lets its grantee use the key, as long as no policy denies it.

The emulator keeps grants and does not weigh them. Weighed here are the operations, the grantee (a role stands
for its sessions) and the constraints on the encryption context that S3 sends; requests to KMS itself come
without their context here, and a constrained grant does not allow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, kms

from local.shims import wrap

_CONTEXT = "kms:EncryptionContext:"


def install() -> None:
    wrap(iam_evaluator, "enforce")(_enforce)


def _enforce(
    original: Any,
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    denied = original(access_key_id, iam_action, service, region, resource_arn, service_context)
    if service != "kms" or getattr(denied, "decision", "") != "ImplicitDeny":
        return denied
    operation, grantees = iam_action.removeprefix("kms:"), _names_of(denied.principal_arn)
    context = _encryption_context(service_context or {})
    is_granted = any(
        grant["KeyId"] == resource_arn
        and operation in grant["Operations"]
        and grant["GranteePrincipal"] in grantees
        and _meets(context, grant["Constraints"] or {})
        for grant in kms._grants.values()
    )
    return None if is_granted else denied


def _names_of(principal_arn: str) -> set[str]:
    """The principal, and the role whose session it is."""
    if ":assumed-role/" not in principal_arn:
        return {principal_arn}
    role = iam._roles.get(principal_arn.split("/")[1]) or {}
    return {principal_arn, str(role.get("Arn", ""))}


def _encryption_context(service_context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(_CONTEXT): value
        for name, value in service_context.items()
        if name.startswith(_CONTEXT)
    }


def _meets(context: Mapping[str, Any], constraints: Mapping[str, Any]) -> bool:
    exact, part = constraints.get("EncryptionContextEquals"), constraints.get("EncryptionContextSubset")
    return (not exact or context == exact) and (not part or part.items() <= context.items())
