"""Gap 11: what a state machine may do is what its role allows."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from local.instance import Instance
from tests.local.state_machines import ACCOUNT, REGION, Machines, allow


@pytest.fixture
def table(embedded_aws: Instance) -> str:
    name = f"table-{uuid.uuid4().hex[:8]}"
    embedded_aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def task(resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": parameters,
        "End": True,
    }
    return {"Work": state}


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def test_a_missing_invoke_permission_fails_the_task_in_awss_words(machines: Machines) -> None:
    role = machines.role(allow("lambda:InvokeFunction", function_arn("allowed")))
    machine = machines.create(task("lambda:invoke", {"FunctionName": function_arn("other:live")}), role)
    ended = machines.run(machine)
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    name = role.rpartition("/")[2]
    assert ended["cause"].startswith(f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/")
    assert (
        f" is not authorized to perform: lambda:InvokeFunction on resource: {function_arn('other:live')} "
        "because no identity-based policy allows the lambda:InvokeFunction action (Service: Lambda, Status "
        "Code: 403, Request ID: "
    ) in ended["cause"]


def test_a_refused_task_can_be_caught(machines: Machines) -> None:
    states = task("lambda:invoke", {"FunctionName": "anything"})
    states["Work"]["Catch"] = [{"ErrorEquals": ["Lambda.AWSLambdaException"], "Next": "Caught"}]
    states["Caught"] = {"Type": "Succeed"}
    assert machines.run(machines.create(states, machines.role()))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("resource", "parameters", "error"),
    [
        (
            "sns:publish",
            {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m"},
            "SNS.AuthorizationErrorException",
        ),
        (
            "sqs:sendMessage",
            {"QueueUrl": "http://127.0.0.1/000000000000/q", "MessageBody": "m"},
            "SQS.AmazonSQSException",
        ),
        (
            "dynamodb:putItem",
            {"TableName": "t", "Item": {"id": {"S": "1"}}},
            "DynamoDB.AmazonDynamoDBException",
        ),
        (
            "states:startExecution",
            {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"},
            "StepFunctions.AWSStepFunctionsException",
        ),
        ("aws-sdk:ssm:getParameter", {"Name": "/p"}, "Ssm.SsmException"),
        ("aws-sdk:lambda:getFunction", {"FunctionName": "f"}, "Lambda.LambdaException"),
        ("aws-sdk:cloudwatch:describeAlarms", {}, "CloudWatch.CloudWatchException"),
    ],
)
def test_every_integration_is_checked(
    machines: Machines, resource: str, parameters: dict[str, Any], error: str
) -> None:
    ended = machines.run(machines.create(task(resource, parameters), machines.role()))
    assert ended["status"] == "FAILED"
    assert ended["error"].startswith(error)
    assert "is not authorized to perform" in ended["cause"]


def test_what_the_role_allows_is_done(machines: Machines, table: str) -> None:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    role = machines.role(allow("dynamodb:PutItem", arn), allow("dynamodb:GetItem", arn))
    item = {"TableName": table, "Item": {"id": {"S": "1"}}}
    assert machines.run(machines.create(task("dynamodb:putItem", item), role))["status"] == "SUCCEEDED"
    key = {"TableName": table, "Key": {"id": {"S": "1"}}}
    ended = machines.run(machines.create(task("aws-sdk:dynamodb:getItem", key), role))
    assert json.loads(ended["output"])["Item"] == {"id": {"S": "1"}}


def test_a_role_that_does_not_trust_step_functions_is_of_no_use(
    embedded_aws: Instance, machines: Machines
) -> None:
    role = machines.role(allow("*", "*"))
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    embedded_aws.client("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    ended = machines.run(machines.create(task("aws-sdk:ssm:getParameter", {"Name": "/p"}), role))
    assert ended["error"] == "Ssm.SsmException"
