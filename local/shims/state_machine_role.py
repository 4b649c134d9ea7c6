"""Gap 11: a state machine may do what its role allows, and no more."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

from local import permissions
from local.permissions import Call
from local.shims import _state_machine_task, wrap
from local.shims._integration_calls import integration_calls

PRINCIPAL = "states.amazonaws.com"

# What the SDK integrations call their services.
_SDK_NAMES = {
    "states": "Sfn",
    "logs": "CloudWatchLogs",
    "events": "EventBridge",
    "monitoring": "CloudWatch",
    "rds-data": "RdsData",
}


def install() -> None:
    _state_machine_task.install_once()

    @wrap(stepfunctions, "_invoke_resource")
    def invoke_resource(original: Any, resource: str, parameters: Any) -> Any:
        for call, error, service in integration_calls(resource, parameters):
            _authorise(call, error, service)
        return original(resource, parameters)

    @wrap(app, "call_service_handler_sync")
    def call_service(
        original: Any, handler: Any, method: str, path: str, headers: Any, body: Any, query: Any, *more: Any
    ) -> Any:
        if _state_machine_task.current.get() is not None:
            _authorise_sdk_call(method, path, headers, body, query)
        return original(handler, method, path, headers, body, query, *more)


def _authorise_sdk_call(method: str, path: str, headers: dict[str, str], body: Any, query: Any) -> None:
    service = headers["authorization"].split("/")[3]
    content = body.encode() if isinstance(body, str) else body
    fields = {**parse_qs(content.decode(errors="replace")), **query} if method == "POST" else query
    action = iam_actions.extract_iam_action(service, method, path, headers, content, fields)
    if action is None:
        return
    arn = iam_actions.extract_resource_arn(
        service, method, path, headers, content, fields, get_region(), get_account_id()
    )
    context = iam_actions.request_tag_context(service, action, content, fields)
    name = _SDK_NAMES.get(service) or stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.title())
    _authorise(Call(action, arn, context), f"{name}.{name}Exception", name)


def _authorise(call: Call, error: str, service: str) -> None:
    task = _state_machine_task.current.get()
    if task is None:
        return
    session = uuid.uuid5(uuid.NAMESPACE_URL, task.execution["executionArn"]).hex
    if permissions.role_may(task.role_arn, PRINCIPAL, call, session):
        return
    principal = permissions.assumed_role_arn(task.role_arn, session)
    message = iam_actions.identity_denial_message(call.action, principal, call.resource_arn, False)
    status = 400 if service == "DynamoDb" else 403
    detail = f"(Service: {service}, Status Code: {status}, Request ID: {uuid.uuid4()})"
    raise stepfunctions._ExecutionError(error, f"{message} {detail}")
