"""Gap 5: an alias with weights divides its calls."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from local.instance import Instance
from tests.local.functions import Function, deploy, package, role, unique

SOURCE = (
    "def handler(event, context): return [context.function_version, context.invoked_function_arn, {number}]"
)


@pytest.fixture(scope="module")
def function(embedded_aws: Instance) -> Function:
    function = deploy(embedded_aws, SOURCE.format(number=1))
    client = function.lambda_
    first = client.publish_version(FunctionName=function.name)["Version"]
    client.update_function_code(FunctionName=function.name, ZipFile=package(SOURCE.format(number=2)))
    function.wait_until_updated()
    second = client.publish_version(FunctionName=function.name)["Version"]
    client.create_alias(
        FunctionName=function.name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.5}},
    )
    return function


def test_calls_are_divided_and_keep_the_alias_as_invoked_arn(function: Function) -> None:
    answers = [function.invoke(Qualifier="live") for _ in range(40)]
    seen = Counter(tuple(answer.payload) for answer in answers)
    arn = f"{function.arn}:live"
    assert set(seen) == {("1", arn, 1), ("2", arn, 2)}
    assert min(seen.values()) >= 5
    assert all(answer.version == answer.payload[0] for answer in answers)


def test_calls_of_a_state_machine_are_divided(embedded_aws: Instance, function: Function) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": f"{function.arn}:live"},
        "OutputPath": "$.Payload[0]",
        "End": True,
    }
    definition = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "Run", "States": {"Run": task}},
                "End": True,
            }
        },
    }
    states = embedded_aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=unique("machine"),
        definition=json.dumps(definition),
        roleArn=role(embedded_aws),
        type="EXPRESS",
    )
    answer = states.start_sync_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps(list(range(30)))
    )
    assert set(json.loads(answer["output"])) == {"1", "2"}


def test_a_description_of_the_alias_is_that_of_its_main_version(function: Function) -> None:
    described = {
        function.lambda_.get_function_configuration(FunctionName=function.name, Qualifier="live")["Version"]
        for _ in range(10)
    }
    assert described == {"1"}
