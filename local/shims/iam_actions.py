"""Gap 15, and its like: requests are authorised as the actions that IAM knows.

Converse needs bedrock:InvokeModel. The emulator tells Lambda's operations apart by a part of the path: moving
an alias passes as listing aliases, and changing an event source mapping is not checked at all. Here they come
from AWS's service model, and calls of a version or alias are authorised on its qualified ARN, those about an
alarm's tags on the alarm's. A denial names the resource, S3's in quotation marks.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from local.shims import _api_calls, wrap

_BEDROCK = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
}
# IAM's names of Lambda operations that differ from the API's.
_LAMBDA = {
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
    "GetLayerVersionByArn": "GetLayerVersion",
}
_SERVICE = _api_calls.LAMBDA_ROUTES


def install() -> None:
    wrap(iam_actions, "extract_iam_action")(_action)
    wrap(iam_actions, "extract_resource_arn")(_resource_arn)
    wrap(iam_actions, "access_denied_response")(_access_denied)


def _action(
    original: Any, service: str, method: str, path: str, headers: Any, body: bytes, params: Any
) -> str | None:
    if service == "lambda":
        operation = iam_actions._match_rest_action(_SERVICE, method, path, params)
        if operation:
            return f"lambda:{_LAMBDA.get(operation, operation)}"
    action: str | None = original(service, method, path, headers, body, params)
    return _BEDROCK.get(action, action) if action else None


def _resource_arn(
    original: Any, service: str, method: str, path: str, headers: Any, body: bytes, params: Any, *scope: str
) -> str:
    arn = str(original(service, method, path, headers, body, params, *scope))
    if service == "ssm" and arn == "*":
        return _first_parameter(body, *scope)
    if service == "monitoring" and arn == "*":
        return iam_actions._param(body, params, "ResourceARN") or "*"
    qualifier = params.get("Qualifier") if service == "lambda" else None
    qualifier = qualifier[0] if isinstance(qualifier, list) else qualifier
    is_function = ":function:" in arn and arn.count(":") == 6
    return f"{arn}:{qualifier}" if qualifier and is_function else arn


def _first_parameter(body: bytes, region: str, account: str) -> str:
    """GetParameters is about each of its names; of several, only the first one is authorised here."""
    try:
        names = json.loads(body or b"{}").get("Names") or []
    except ValueError:
        names = []
    return f"arn:aws:ssm:{region}:{account}:parameter/{names[0].lstrip('/')}" if names else "*"


def _access_denied(
    original: Any,
    service: str,
    action: str,
    principal: str,
    request_id: str,
    *,
    message: str = "",
    resource_arn: str = "*",
    **more: Any,
) -> Any:
    by_identity = not (more.get("error_code") or more.get("resource_policy_arn"))
    if by_identity and not message and resource_arn != "*":
        is_explicit = bool(more.get("explicit_deny"))
        named = f'"{resource_arn}"' if service == "s3" else resource_arn
        message = iam_actions.identity_denial_message(action, principal, named, is_explicit)
    return original(
        service, action, principal, request_id, message=message, resource_arn=resource_arn, **more
    )
