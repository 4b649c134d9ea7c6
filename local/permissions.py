"""Authorisation of calls that AWS services make themselves, with the emulator's own policy evaluator.

The emulator checks requests that reach it over HTTP. What one service asks of another (a state machine of a
Lambda function, a rule of its target) stays inside the process; the shims check it here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region


@dataclass(frozen=True)
class Call:
    """What is asked: `lambda:InvokeFunction` on an ARN, with its condition keys."""

    action: str
    resource_arn: str
    context: dict[str, Any] = field(default_factory=dict)


def role_may(role_arn: str, service: str, call: Call, session: str) -> bool:
    """Whether a role that `service` (states.amazonaws.com) assumes may make the call."""
    return role_trusts(role_arn, service) and _role_allows(role_arn, call, session)


def role_trusts(role_arn: str, service: str) -> bool:
    """Whether the role exists and its trust policy lets the service assume it."""
    role = _role(role_arn)
    if role is None:
        return False
    document = role.get("AssumeRolePolicyDocument") or {}
    trust = json.loads(document) if isinstance(document, str) else document
    statements = trust.get("Statement", [])
    return any(
        statement.get("Effect") == "Allow"
        and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        for statement in ([statements] if isinstance(statements, dict) else statements)
    )


def assumed_role_arn(role_arn: str, session: str) -> str:
    """`arn:aws:sts::123456789012:assumed-role/NAME/SESSION`"""
    return f"arn:aws:sts::{_account(role_arn)}:assumed-role/{_name(role_arn)}/{session}"


def service_may(
    service: str,
    call: Call,
    policy: str | dict[str, Any] | None,
    source_arn: str,
    *,
    with_owner: bool = True,
) -> bool:
    """Whether a resource's own policy lets a service call it on behalf of `source_arn`.

    with_owner: whether the service's requests carry aws:SourceOwner, as those of older services do.
    """
    if not policy:
        return False
    account = get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=call.action,
        resource_arn=call.resource_arn,
        region=get_region(),
        service_context={
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": account,
            **({"aws:sourceowner": account} if with_owner else {}),
            **{key.lower(): value for key, value in call.context.items()},
        },
    )
    decision = iam_evaluator.evaluate_resource_policy(policy, context, service=service)
    return bool(decision.decision == "Allow")


def _role_allows(role_arn: str, call: Call, session: str) -> bool:
    from ministack.services import iam
    from ministack.services.tagging import resource_tags

    account, name = _account(role_arn), _name(role_arn)
    policies = iam_evaluator._gather_role_policies(name, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    keys = {key.lower(): value for key, value in call.context.items()}
    for tag, value in (resource_tags(call.resource_arn) or {}).items():
        keys.setdefault(f"aws:resourcetag/{tag}".lower(), value)
    context = iam_evaluator.EvalContext(
        principal_arn=assumed_role_arn(role_arn, session),
        principal_type="AssumedRole",
        principal_account=account,
        action=call.action,
        resource_arn=call.resource_arn,
        region=get_region(),
        service_context=keys,
    )
    result = iam_evaluator.evaluate(context, policies, *limits)
    service = call.action.partition(":")[0]
    found = iam_evaluator._resource_policy(service, call.resource_arn)
    if found is not None:
        required = service in iam_evaluator._POLICY_REQUIRED
        result = iam_evaluator.combine_resource_policy(
            result, context, *found, required=required, limits=limits
        )
    return bool(result.decision == "Allow")


def _role(role_arn: str) -> dict[str, Any] | None:
    from ministack.services import iam

    role: dict[str, Any] | None = iam._roles.get_scoped(_account(role_arn), None, _name(role_arn))
    return role


def _account(role_arn: str) -> str:
    return role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""


def _name(role_arn: str) -> str:
    return role_arn.rsplit("/", 1)[-1]
