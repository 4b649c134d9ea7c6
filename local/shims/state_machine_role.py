"""Gap 11: a state machine may do what its role allows, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

from local import permissions
from local.permissions import Call
from local.shims import _state_machine_task, wrap

PRINCIPAL = "states.amazonaws.com"
_EXECUTION = "arn:aws:states:::"

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
        for call, error, service in _calls(resource, parameters):
            _authorise(call, error, service)
        return original(resource, parameters)

    @wrap(app, "call_service_handler_sync")
    def call_service(
        original: Any, handler: Any, method: str, path: str, headers: Any, body: Any, query: Any, *more: Any
    ) -> Any:
        if _state_machine_task.current.get() is not None:
            _authorise_sdk_call(method, path, headers, body, query)
        return original(handler, method, path, headers, body, query, *more)


def _calls(resource: str, parameters: Any) -> Iterator[tuple[Call, str, str]]:
    """The calls of an optimised integration, each with the error and service that a refusal names."""
    given = parameters if isinstance(parameters, dict) else {}
    target = resource.removeprefix(_EXECUTION)
    if ":function:" in resource and not resource.startswith(_EXECUTION):
        yield Call("lambda:InvokeFunction", resource), "Lambda.AWSLambdaException", "Lambda"
    elif target.startswith("lambda:invoke"):
        arn = _function_arn(str(given.get("FunctionName", "")), given.get("Qualifier"))
        yield Call("lambda:InvokeFunction", arn), "Lambda.AWSLambdaException", "Lambda"
    elif target.startswith("sns:publish"):
        arn = given.get("TopicArn") or given.get("TargetArn") or "*"
        yield Call("sns:Publish", arn), "SNS.AuthorizationErrorException", "Sns"
    elif target.startswith("sqs:sendMessage"):
        arn = _arn("sqs", str(given.get("QueueUrl", "")).rsplit("/", 1)[-1])
        yield Call("sqs:SendMessage", arn), "SQS.AmazonSQSException", "Sqs"
    elif target.startswith("dynamodb:"):
        operation = target.removeprefix("dynamodb:")
        action = f"dynamodb:{operation[0].upper()}{operation[1:]}"
        arn = _arn("dynamodb", f"table/{given.get('TableName', '')}")
        yield Call(action, arn), "DynamoDB.AmazonDynamoDBException", "DynamoDb"
    elif target.startswith("events:putEvents"):
        for bus in {str(entry.get("EventBusName", "default")) for entry in given.get("Entries") or []}:
            arn = bus if bus.startswith("arn:") else _arn("events", f"event-bus/{bus}")
            yield Call("events:PutEvents", arn), "EventBridge.EventBridgeException", "EventBridge"
    elif target.startswith("states:startExecution"):
        arn = str(given.get("StateMachineArn", "*"))
        yield Call("states:StartExecution", arn), "StepFunctions.AWSStepFunctionsException", "Sfn"


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


def _function_arn(reference: str, qualifier: Any) -> str:
    if not reference.startswith("arn:"):
        name = reference.rsplit(":function:", 1)[-1]
        reference = _arn("lambda", f"function:{name}")
    return f"{reference}:{qualifier}" if qualifier else reference


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"
