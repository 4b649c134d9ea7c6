"""What the optimised integrations of Step Functions call, for the shims that need to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id, get_region

from local.permissions import Call

_EXECUTION = "arn:aws:states:::"


def integration_calls(resource: str, parameters: Any) -> Iterator[tuple[Call, str, str]]:
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


def _function_arn(reference: str, qualifier: Any) -> str:
    if not reference.startswith("arn:"):
        name = reference.rsplit(":function:", 1)[-1]
        reference = _arn("lambda", f"function:{name}")
    return f"{reference}:{qualifier}" if qualifier else reference


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"
