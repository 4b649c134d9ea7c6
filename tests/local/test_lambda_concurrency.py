"""Reserved and unreserved concurrency."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from tests.local.functions import Function, deploy, role, unique

SOURCE = "import time\ndef handler(event, context): time.sleep(event)"


@pytest.fixture
def function(embedded_aws: Instance) -> Iterator[Function]:
    function = deploy(embedded_aws, SOURCE, Timeout=10)
    yield function
    function.lambda_.delete_function_concurrency(FunctionName=function.name)


def reserve(function: Function, count: int) -> None:
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=count)


def limits(aws: Instance) -> Any:
    return aws.client("lambda").get_account_settings()["AccountLimit"]


def test_a_reservation_leaves_100_for_the_others(embedded_aws: Instance, function: Function) -> None:
    free = limits(embedded_aws)["UnreservedConcurrentExecutions"]
    assert limits(embedded_aws)["ConcurrentExecutions"] == 1000
    with pytest.raises(ClientError) as raised:
        reserve(function, free - 99)
    error: Any = raised.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"] == (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    )
    reserve(function, free - 100)
    assert limits(embedded_aws)["UnreservedConcurrentExecutions"] == 100
    reserve(function, 5)
    assert limits(embedded_aws)["UnreservedConcurrentExecutions"] == free - 5


@pytest.mark.parametrize("qualifier", [None, "live"])
def test_calls_above_the_reservation_are_throttled(function: Function, qualifier: str | None) -> None:
    client = function.lambda_
    version = client.publish_version(FunctionName=function.name)["Version"]
    client.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    reserve(function, 1)
    options = {"Qualifier": qualifier} if qualifier else {}
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(function.invoke, 1, **options) for _ in range(2)]
    (error,) = [call.exception() for call in calls if call.exception()]
    assert isinstance(error, ClientError)
    response: Any = error.response
    assert response["Error"]["Code"] == "TooManyRequestsException"
    assert response["Error"]["Message"] == "Rate Exceeded."
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_state_machine_sees_the_throttling_by_its_name(embedded_aws: Instance, function: Function) -> None:
    reserve(function, 0)
    task = {"Type": "Task", "Resource": function.arn, "End": True}
    states = embedded_aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"StartAt": "Run", "States": {"Run": task}}),
        roleArn=role(embedded_aws),
        type="EXPRESS",
    )
    answer = states.start_sync_execution(stateMachineArn=machine["stateMachineArn"])
    assert answer["error"] == "Lambda.TooManyRequestsException"
