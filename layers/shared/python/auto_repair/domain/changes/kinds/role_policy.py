"""What a role may do, who may assume it, and how far at most it may go."""

import json
from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, as_text, document, policy_words
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """Every inline policy and every attachment is an aspect of its own."""
    role, name = f"iam:{record.text('roleName')}", record.text("policyName")
    arn, boundary = record.text("policyArn"), record.text("permissionsBoundary")
    match record.name:
        case "PutRolePolicy":
            policy = document(record.parameters.get("policyDocument"))
            yield Effect(role, f"policy {name}", f"{name}: {policy_words(policy)}", policy)
        case "DeleteRolePolicy":
            yield Effect(role, f"policy {name}", name, ends=True)
        case "AttachRolePolicy":
            yield Effect(role, f"attached {arn}", arn, as_text({"policyArn": arn}))
        case "DetachRolePolicy":  # IAM refuses it for a policy that is not attached
            yield Effect(role, f"attached {arn}", arn, before=json.dumps({"policyArn": arn}), ends=True)
        case "UpdateAssumeRolePolicy":
            policy = document(record.parameters.get("policyDocument"))
            yield Effect(role, "trust", policy_words(policy), policy)
        case "PutRolePermissionsBoundary":
            yield Effect(role, "boundary", boundary, as_text({"permissionsBoundary": boundary}))
        case "DeleteRolePermissionsBoundary":
            yield Effect(role, "boundary", ends=True)
        case "DeleteRole":
            yield Effect(role, "role", ends=True)


KIND = Kind(
    "iam",
    (
        "PutRolePolicy",
        "DeleteRolePolicy",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "UpdateAssumeRolePolicy",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "DeleteRole",
    ),
    read,
)
