"""How AWS's services answer when a call is throttled, denied, in conflict or fails on their side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import new_uuid

from local.shims._api_calls import Request

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Error:
    """An error as a service words it; `more` are further members of a JSON body."""

    status: int
    code: str
    message: str
    more: tuple[tuple[str, Any], ...] = ()


_RATE = "Rate exceeded"
_THROTTLED = {
    "lambda": Error(
        429,
        "TooManyRequestsException",
        "Rate Exceeded.",
        (("Reason", "CallerRateLimitExceeded"), ("Type", "User")),
    ),
    "dynamodb": Error(
        400,
        "ThrottlingException",
        "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling "
        "your table or index so please try again shortly.",
    ),
    "s3": Error(503, "SlowDown", "Please reduce your request rate."),
    "sqs": Error(403, "RequestThrottled", "Request is throttled."),
    "sns": Error(400, "Throttling", _RATE),
    "sts": Error(400, "Throttling", _RATE),
    "iam": Error(400, "Throttling", _RATE),
    "cloudwatch": Error(400, "Throttling", _RATE),
    "xray": Error(429, "ThrottledException", _RATE),
    "bedrock-runtime": Error(
        429, "ThrottlingException", "Too many requests, please wait before trying again."
    ),
    "bedrock-agent-runtime": Error(429, "ThrottlingException", "Too many requests, please wait."),
}
_INTERNAL = {
    "lambda": Error(
        500,
        "ServiceException",
        "An error occurred and the request cannot be processed.",
        (("Type", "Service"),),
    ),
    "dynamodb": Error(
        500, "InternalServerError", "The request processing has failed because of an internal error."
    ),
    "s3": Error(500, "InternalError", "We encountered an internal error. Please try again."),
    "sns": Error(500, "InternalError", "We encountered an internal error. Please try again."),
    "sqs": Error(500, "InternalError", "We encountered an internal error. Please try again."),
    "logs": Error(503, "ServiceUnavailableException", "The service cannot complete the request."),
    "events": Error(500, "InternalException", "This exception occurs due to unexpected causes."),
    "ssm": Error(500, "InternalServerError", "An error occurred on the server side."),
    "cloudwatch": Error(
        500, "InternalServiceError", "Request processing has failed due to an unknown error."
    ),
    "kms": Error(500, "KMSInternalException", "An internal error occurred."),
    "secretsmanager": Error(500, "InternalServiceError", "An error occurred on the server side."),
    "bedrock-runtime": Error(
        500, "InternalServerException", "An internal server error occurred. Retry your request."
    ),
    "bedrock-agent-runtime": Error(
        500, "InternalServerException", "An internal server error occurred. Retry your request."
    ),
}
_CONFLICT = {
    "dynamodb": Error(400, "TransactionConflictException", "Transaction is ongoing for the item"),
    "s3": Error(
        409,
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Please try "
        "again.",
    ),
    "sns": Error(400, "ConcurrentAccess", "Can't perform multiple operations on a tag simultaneously."),
    "logs": Error(
        400, "OperationAbortedException", "Multiple concurrent requests to update the same resource."
    ),
    "events": Error(
        400, "ConcurrentModificationException", "There is concurrent modification on the resource."
    ),
    "ssm": Error(400, "TooManyUpdates", "There are concurrent updates for a resource."),
    "cloudwatch": Error(
        429, "ConcurrentModificationException", "More than one process tried to modify a resource."
    ),
    "iam": Error(409, "ConcurrentModification", "Multiple requests to change this object were submitted."),
}


def respond(kind: str, request: Request) -> Response:
    """The answer to a call that fails in the given way."""
    if kind == "access_denied":
        return _access_denied(request)
    service = request.client_name
    if kind == "throttled":
        error = _THROTTLED.get(service, Error(400, "ThrottlingException", _RATE))
    elif kind == "internal":
        error = _INTERNAL.get(service, Error(500, "InternalFailure", "An internal failure occurred."))
    else:
        error = _conflict(service, request)
    return _rendered(error, request)


def _conflict(service: str, request: Request) -> Error:
    if service == "lambda":
        message = (
            "The operation cannot be performed at this time. An update is in progress for resource: "
            + request.resource_arn
        )
        return Error(409, "ResourceConflictException", message, (("Type", "User"),))
    if service == "dynamodb" and request.operation == "TransactWriteItems":
        count = len(json.loads(request.body)["TransactItems"])
        reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
        reasons += [{"Code": "None"}] * (count - 1)
        codes = ", ".join(reason["Code"] for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        return Error(400, "TransactionCanceledException", message, (("CancellationReasons", reasons),))
    if service == "stepfunctions" and request.operation == "StartExecution":
        return Error(400, "ExecutionAlreadyExists", "Execution Already Exists")
    if service == "stepfunctions" and request.operation.startswith("SendTask"):
        return Error(400, "TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return _CONFLICT.get(service, Error(409, "ConflictException", "The resource is being modified."))


def _access_denied(request: Request) -> Response:
    service = request.service
    action = iam_actions.extract_iam_action(
        service, request.method, request.path, request.headers, request.body, request.params
    )
    identity = iam_evaluator.resolve_caller_identity(request.access_key) or {}
    response: Response = iam_actions.access_denied_response(
        service,
        action or f"{service}:{request.operation}",
        identity.get("userArn", ""),
        new_uuid(),
        headers=request.headers,
        resource_arn=request.resource_arn,
    )
    return response


def _rendered(error: Error, request: Request) -> Response:
    identity = {"x-amzn-requestid": new_uuid()}
    if request.client_name == "s3":
        text = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}</Error>'
        return error.status, {"Content-Type": "application/xml", **identity}, body.encode()
    if "Action" in request.params:
        side = "Sender" if error.status < 500 else "Receiver"
        text = f"<Type>{side}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        body = f"<ErrorResponse><Error>{text}</Error><RequestId>{new_uuid()}</RequestId></ErrorResponse>"
        return error.status, {"Content-Type": "text/xml", **identity}, body.encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": error.code, **identity}
    if request.client_name in ("sqs", "cloudwatch"):  # SDKs read the older name from here
        headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"
    if error.status == 429:
        headers["Retry-After"] = "1"
    content = {"__type": error.code, "message": error.message, **dict(error.more)}
    return error.status, headers, json.dumps(content).encode()
