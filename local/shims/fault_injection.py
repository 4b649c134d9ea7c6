"""Faults for tests: API calls fail on request, in AWS's form, and every call is on record.

The endpoints are described in `local.faults`.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from ministack import app
from ministack.core.responses import StreamingResponse
from ministack.services import stepfunctions

from local.faults import Fault, Register
from local.shims import _fault_responses, _state_machine_task, wrap
from local.shims._api_calls import Request

# What an optimised integration of Step Functions calls, and the names of its errors.
_INTEGRATION = re.compile(
    r"arn:aws:states:::(?:aws-sdk:)?(?P<service>[\w-]+):(?P<operation>\w+)|arn:aws:lambda:[^:]+:\d+:function:"
)
_TASK_SERVICES = {"states": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}
_TASK_ERRORS = {
    "lambda": {
        "throttled": "Lambda.TooManyRequestsException",
        "access_denied": "Lambda.AWSLambdaException",
        "internal": "Lambda.ServiceException",
        "conflict": "Lambda.ResourceConflictException",
    },
    "dynamodb": {
        "throttled": "DynamoDB.ThrottlingException",
        "access_denied": "DynamoDB.AmazonDynamoDBException",
        "internal": "DynamoDB.InternalServerErrorException",
        "conflict": "DynamoDB.ConditionalCheckFailedException",
    },
    "sns": {
        "throttled": "SNS.ThrottledException",
        "access_denied": "SNS.AuthorizationErrorException",
        "internal": "SNS.InternalErrorException",
    },
}

register = Register()


def install() -> None:
    _state_machine_task.install_once()
    wrap(app, "_handle_post_body_shortcuts")(_admin)
    wrap(app, "_dispatch_service_request")(_dispatch)
    wrap(app, "_reset_all_state")(_reset)
    wrap(stepfunctions, "_invoke_resource")(_invoke_resource)


def _reset(original: Any) -> None:
    original()
    register.reset()


async def _admin(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
) -> Any:
    if not path.startswith("/_local/"):
        return await original(method, path, headers, body, query, *more)
    try:
        return _json(200, _administer(method, path, body, query))
    except (ValueError, TypeError) as error:
        return _json(400, {"message": str(error)})


def _administer(method: str, path: str, body: bytes, query: dict[str, Any]) -> dict[str, Any]:
    match method, path:
        case "POST", "/_local/faults":
            return {"id": register.add(Fault.from_request(json.loads(body)))}
        case "GET", "/_local/faults":
            return {"faults": register.faults()}
        case "DELETE", "/_local/faults":
            register.clear()
            return {"faults": []}
        case "GET", "/_local/calls":
            return register.calls(int(query.get("since", ["0"])[0]))
    raise ValueError(f"There is no {method} {path}.")


async def _dispatch(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
) -> Any:
    params = app._routing_params(method, path, headers, body, query)
    request = Request(method, path, headers, body, params)
    if not request.operation:
        return await original(method, path, headers, body, query, *more)
    call, fault = register.begin(request.client_name, request.operation, request.role)
    if fault is None:
        response = await original(method, path, headers, body, query, *more)
    elif fault.error in ("timeout", "disconnect"):
        response = 200, {}, StreamingResponse(_no_answer(fault.hang_s if fault.error == "timeout" else 0))
    else:
        response = _fault_responses.respond(fault.error, request)
    call.status = response[0]
    return response


def _no_answer(after_s: float) -> Any:
    """A response that never comes: the connection is closed instead."""

    async def run(_send: Any, receive: Any) -> None:
        gone = asyncio.ensure_future(receive())
        await asyncio.wait([gone], timeout=after_s)
        gone.cancel()

    return run


def _invoke_resource(original: Any, resource: str, parameters: Any) -> Any:
    """The calls that a state machine makes itself."""
    task, match = _state_machine_task.current.get(), _INTEGRATION.match(resource)
    if task is None or match is None:
        return original(resource, parameters)
    service = match["service"] or "lambda"
    operation = match["operation"] or "invoke"
    service = _TASK_SERVICES.get(service, service)
    call, fault = register.begin(
        service, operation[0].upper() + operation[1:], task.role_arn.rpartition("/")[2]
    )
    if fault is not None:
        call.status = 500
        raise stepfunctions._ExecutionError(_task_error(service, fault), f"{fault.error} (injected)")
    result = original(resource, parameters)
    call.status = 200
    return result


def _task_error(service: str, fault: Fault) -> str:
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.title())
    if fault.error in ("timeout", "disconnect"):
        return f"{prefix}.SdkClientException"
    return _TASK_ERRORS.get(service, {}).get(fault.error, f"{prefix}.{prefix}Exception")


def _json(status: int, content: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()
