"""Gap 6: updates of a function as AWS processes and refuses them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.instance import Instance
from tests.local.functions import Function, deploy, package, role, unique, wait_for

SOURCE = (
    "import os\ndef handler(event, context): return [context.memory_limit_in_mb, os.environ.get('STAGE')]"
)


@pytest.fixture
def function(embedded_aws: Instance) -> Function:
    return deploy(embedded_aws, SOURCE)


def error_of(call: Any, **arguments: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of the error that the call raises."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response: Any = raised.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_an_update_is_in_progress_while_the_function_stays_active(function: Function) -> None:
    before = function.configuration()
    update = function.lambda_.update_function_configuration(FunctionName=function.name, MemorySize=256)
    shown = function.configuration()
    for configuration in (update, shown):
        assert configuration["State"] == "Active"
        assert configuration["LastUpdateStatus"] == "InProgress"
        assert configuration["MemorySize"] == 256
    function.lambda_.get_waiter("function_updated_v2").wait(
        FunctionName=function.name, WaiterConfig={"Delay": 1}
    )
    after = function.configuration()
    assert (after["State"], after["LastUpdateStatus"]) == ("Active", "Successful")
    assert len({before["RevisionId"], update["RevisionId"], after["RevisionId"]}) == 3


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("update_function_configuration", {"MemorySize": 512}),
        ("update_function_code", {"ZipFile": package(SOURCE)}),
        ("publish_version", {}),
    ],
)
def test_a_second_change_conflicts_while_one_is_in_progress(
    function: Function, operation: str, arguments: dict[str, Any]
) -> None:
    client = function.lambda_
    client.update_function_configuration(FunctionName=function.name, MemorySize=256)
    code, message, status = error_of(getattr(client, operation), FunctionName=function.name, **arguments)
    assert (code, status) == ("ResourceConflictException", 409)
    assert message == (
        "The operation cannot be performed at this time. "
        f"An update is in progress for resource: {function.arn}"
    )
    function.wait_until_updated()
    assert function.configuration()["MemorySize"] == 256


def test_a_stale_revision_is_refused(function: Function) -> None:
    stale = function.configuration()["RevisionId"]
    function.update(MemorySize=256)
    client = function.lambda_
    code, _, status = error_of(
        client.update_function_configuration, FunctionName=function.name, MemorySize=512, RevisionId=stale
    )
    assert (code, status) == ("PreconditionFailedException", 412)
    function.update(MemorySize=512, RevisionId=function.configuration()["RevisionId"])


def test_the_former_configuration_serves_until_the_update_is_done(function: Function) -> None:
    assert function.invoke().payload == ["128", None]
    function.lambda_.update_function_configuration(
        FunctionName=function.name, MemorySize=256, Environment={"Variables": {"STAGE": "new"}}
    )
    assert function.invoke().payload == ["128", None]
    function.wait_until_updated()
    assert function.invoke().payload == ["256", "new"]


def test_new_code_serves_after_the_update(function: Function) -> None:
    function.invoke()
    function.lambda_.update_function_code(
        FunctionName=function.name, ZipFile=package("def handler(event, context): return 'new'")
    )
    function.wait_until_updated()
    assert function.invoke().payload == "new"


def test_a_call_in_progress_survives_an_update(embedded_aws: Instance) -> None:
    function = deploy(
        embedded_aws,
        "import time\ndef handler(event, context):\n    time.sleep(1)\n    return context.memory_limit_in_mb",
    )
    url = embedded_aws.client("sqs").create_queue(QueueName=function.name)["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:000000000000:{function.name}"
    function.lambda_.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnSuccess": {"Destination": queue}}
    )
    function.lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=b"{}")
    function.update(MemorySize=256)
    received = wait_for(
        lambda: embedded_aws.client("sqs").receive_message(QueueUrl=url).get("Messages"), seconds=5
    )
    assert '"responsePayload": "128"' in received[0]["Body"]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"Timeout": 901},
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900",
        ),
        (
            {"MemorySize": 64},
            "ValidationException",
            "1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: "
            "Member must have value greater than or equal to 128",
        ),
        (
            {"MemorySize": 10_241},
            "ValidationException",
            "1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: "
            "Member must have value less than or equal to 10240",
        ),
        (
            {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            {"Environment": {"Variables": {"BIG": "x" * 4096}}},
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you "
            f'have provided exceeded the 4KB limit. String measured: {{"BIG":"{"x" * 4096}"}}',
        ),
    ],
)
def test_values_beyond_the_limits_are_refused(
    function: Function, change: dict[str, Any], code: str, message: str
) -> None:
    # botocore checks ranges itself, other clients do not
    client = function.aws.client("lambda", config=Config(parameter_validation=False))
    before = function.configuration()
    refused = error_of(client.update_function_configuration, FunctionName=function.name, **change)
    assert refused == (code, message, 400)
    assert function.configuration()["RevisionId"] == before["RevisionId"]


def test_an_unknown_runtime_is_refused(function: Function) -> None:
    code, message, _ = error_of(
        function.lambda_.update_function_configuration, FunctionName=function.name, Runtime="python9"
    )
    assert code == "InvalidParameterValueException"
    assert message.startswith(
        "Value python9 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )


def test_cloud_formation_publishes_what_it_has_just_created(embedded_aws: Instance) -> None:
    properties = {"Handler": "index.handler", "Role": role(embedded_aws), "Runtime": "python3.13"}
    code = {"ZipFile": "def handler(event, context): return 1"}
    template = {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {**properties, "Code": code}},
            "Version": {
                "Type": "AWS::Lambda::Version",
                "Properties": {"FunctionName": {"Ref": "Function"}},
            },
        }
    }
    stacks, name = embedded_aws.client("cloudformation"), unique("stack")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def status() -> str:
        found: str = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return found

    wait_for(lambda: status() != "CREATE_IN_PROGRESS")
    assert status() == "CREATE_COMPLETE"
