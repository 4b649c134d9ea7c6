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

from local.faults import Call, Fault, Register
from local.shims import _admin_endpoints, _fault_responses, _state_machine_task, wrap
from local.shims._api_calls import Request
from local.shims._integration_calls import integration_calls

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
    _admin_endpoints.add("POST", "/_local/faults", _add)
    _admin_endpoints.add("GET", "/_local/faults", lambda _body, _query: {"faults": register.faults()})
    _admin_endpoints.add("DELETE", "/_local/faults", _remove)
    _admin_endpoints.add(
        "GET", "/_local/calls", lambda _body, query: register.calls(int(query.get("since", ["0"])[0]))
    )
    wrap(app, "_dispatch_service_request")(_dispatch)
    wrap(app, "_reset_all_state")(_reset)
    wrap(stepfunctions, "_invoke_resource")(_invoke_resource)


def _reset(original: Any) -> None:
    original()
    register.reset()


def _add(body: bytes, _query: Any) -> dict[str, Any]:
    return {"id": register.add(Fault.from_request(json.loads(body)))}


def _remove(_body: bytes, query: Any) -> dict[str, Any]:
    if "id" in query:
        register.remove(int(query["id"][0]))
    else:
        register.clear()
    return {"faults": register.faults()}


async def _dispatch(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, *more: Any
) -> Any:
    params = app._routing_params(method, path, headers, body, query)
    request = Request(method, path, headers, body, params)
    if not request.operation:
        return await original(method, path, headers, body, query, *more)
    call = Call(request.client_name, request.operation, request.role, request.resource_arn, request.trace)
    fault = register.begin(call, lambda: request.text)
    if fault is None:
        response = await original(method, path, headers, body, query, *more)
    elif fault.error in ("timeout", "disconnect"):
        response = _no_answer(fault.hang_s if fault.error == "timeout" else 0)
    elif fault.error == "answer_lost":
        await original(method, path, headers, body, query, *more)
        response = _no_answer(0)
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

    return 200, {}, StreamingResponse(run)


def _invoke_resource(original: Any, resource: str, parameters: Any) -> Any:
    """The calls that a state machine makes itself."""
    task, match = _state_machine_task.current.get(), _INTEGRATION.match(resource)
    if task is None or match is None:
        return original(resource, parameters)
    service = match["service"] or "lambda"
    operation = match["operation"] or "invoke"
    service = _TASK_SERVICES.get(service, service)
    call = Call(
        service,
        operation[0].upper() + operation[1:],
        task.role_arn.rpartition("/")[2],
        next((call.resource_arn for call, *_ in integration_calls(resource, parameters)), "*"),
        task.trace,
    )
    fault = register.begin(call, lambda: f"{resource} {task.trace} {json.dumps(parameters)}")
    if fault is None:
        result = original(resource, parameters)
        call.status = 200
        return result
    if fault.error == "answer_lost":
        original(resource, parameters)
    call.status = 500
    raise stepfunctions._ExecutionError(_task_error(service, fault), f"{fault.error} (injected)")


def _task_error(service: str, fault: Fault) -> str:
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.title())
    if fault.error in ("timeout", "disconnect", "answer_lost"):
        return f"{prefix}.SdkClientException"
    return _TASK_ERRORS.get(service, {}).get(fault.error, f"{prefix}.{prefix}Exception")
