"""Injected faults reach clients as AWS's own errors, and every call is on record."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from local.faults import Fault, FaultControl
from local.instance import Instance
from local.settings import HOST
from tests.local.state_machines import Machines, allow

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "lambda": ("get_function", {"FunctionName": "missing"}),
    "dynamodb": ("get_item", {"TableName": "missing", "Key": {"id": {"S": "1"}}}),
    "logs": ("describe_log_groups", {}),
    "cloudwatch": ("describe_alarms", {}),
    "stepfunctions": ("list_state_machines", {}),
    "events": ("list_rules", {}),
    "sns": ("list_topics", {}),
    "sqs": ("list_queues", {}),
    "s3": ("list_objects_v2", {"Bucket": "missing"}),
    "ssm": ("get_parameter", {"Name": "/missing"}),
    "cloudtrail": ("lookup_events", {}),
    "kms": ("list_keys", {}),
    "sts": ("get_caller_identity", {}),
}
THROTTLED = {
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "sqs": ("RequestThrottled", 403),
    "sns": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "cloudwatch": ("Throttling", 400),
}
INTERNAL = {
    "lambda": "ServiceException",
    "dynamodb": "InternalServerError",
    "logs": "ServiceUnavailableException",
    "events": "InternalException",
    "s3": "InternalError",
    "sns": "InternalError",
    "sqs": "InternalError",
    "ssm": "InternalServerError",
    "cloudwatch": "InternalServiceError",
    "kms": "KMSInternalException",
}


@pytest.fixture
def faults(embedded_aws: Instance) -> Iterator[FaultControl]:
    control = FaultControl(HOST, embedded_aws.port)
    yield control
    control.clear()


def failing_call(aws: Instance, service: str) -> ClientError:
    method, arguments = CALLS[service]
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(service), method)(**arguments)
    return caught.value


def code_and_status(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", CALLS)
def test_throttling(embedded_aws: Instance, faults: FaultControl, service: str) -> None:
    fault = faults.add(Fault("throttled", service=service))
    expected = THROTTLED.get(service, ("ThrottlingException", 400))
    assert code_and_status(failing_call(embedded_aws, service)) == expected
    assert faults.hits(fault) == 1


@pytest.mark.parametrize("service", CALLS)
def test_internal_errors(embedded_aws: Instance, faults: FaultControl, service: str) -> None:
    faults.add(Fault("internal", service=service))
    code, status = code_and_status(failing_call(embedded_aws, service))
    assert code == INTERNAL.get(service, "InternalFailure")
    assert status >= 500


@pytest.mark.parametrize("service", CALLS)
def test_denials(embedded_aws: Instance, faults: FaultControl, service: str) -> None:
    faults.add(Fault("access_denied", service=service))
    error = failing_call(embedded_aws, service)
    assert code_and_status(error)[0] in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    assert "is not authorized to perform: " in str(error)


def test_sdks_retry_what_they_retry_on_aws(embedded_aws: Instance, faults: FaultControl) -> None:
    patient = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    for error in ("throttled", "internal", "disconnect"):
        fault = faults.add(Fault(error, service="sts"))
        assert embedded_aws.client("sts", config=patient).get_caller_identity()["Account"]
        assert faults.hits(fault) == 1


def test_conflicts(embedded_aws: Instance, faults: FaultControl) -> None:
    faults.add(Fault("conflict", times=None))
    lambda_, dynamodb = embedded_aws.client("lambda"), embedded_aws.client("dynamodb")
    with pytest.raises(lambda_.exceptions.ResourceConflictException, match="function:f"):
        lambda_.update_function_configuration(FunctionName="f", MemorySize=256)
    item = {"TableName": "t", "Item": {"id": {"S": "1"}}}
    with pytest.raises(dynamodb.exceptions.TransactionConflictException):
        dynamodb.put_item(**item)
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        dynamodb.transact_write_items(TransactItems=[{"Put": item}, {"Put": item}])
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["TransactionConflict", "None"]


def test_no_answer(embedded_aws: Instance, faults: FaultControl) -> None:
    hasty = Config(read_timeout=0.3, retries={"total_max_attempts": 1})
    faults.add(Fault("timeout", service="sts"))
    with pytest.raises(ReadTimeoutError):
        embedded_aws.client("sts", config=hasty).get_caller_identity()
    faults.add(Fault("disconnect", service="sts"))
    with pytest.raises(ConnectionClosedError):
        embedded_aws.client("sts").get_caller_identity()
    faults.add(Fault("timeout", service="sts", hang_s=0.2))
    with pytest.raises(ConnectionClosedError):
        embedded_aws.client("sts").get_caller_identity()


def test_skip_and_times(embedded_aws: Instance, faults: FaultControl) -> None:
    faults.add(Fault("internal", service="ssm", operation="DescribeParameters", skip=1, times=2))
    ssm = embedded_aws.client("ssm")
    outcomes = []
    for _ in range(5):
        try:
            ssm.describe_parameters()
            outcomes.append("passed")
        except ClientError:
            outcomes.append("failed")
    assert outcomes == ["passed", "failed", "failed", "passed", "passed"]


def test_an_answer_that_is_lost_comes_from_a_call_that_was_served(
    embedded_aws: Instance, faults: FaultControl
) -> None:
    ssm, name = embedded_aws.client("ssm"), f"/written-{uuid.uuid4().hex}"
    faults.add(Fault("answer_lost", service="ssm", operation="PutParameter"))
    with pytest.raises(ConnectionClosedError):
        ssm.put_parameter(Name=name, Value="1", Type="String")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "1"


def test_a_fault_may_be_about_one_thing_and_be_taken_away(
    embedded_aws: Instance, faults: FaultControl
) -> None:
    ssm, orders = embedded_aws.client("ssm"), f"/orders-{uuid.uuid4().hex}"
    fault = faults.add(Fault("access_denied", service="ssm", about=("/orders-", "Name"), times=None))
    mark = faults.mark()
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.put_parameter(Name=orders, Value="1", Type="String")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/payments")
    faults.remove(fault)
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=orders)
    on = [call.resource.rpartition("parameter")[2] for call in faults.calls(mark)]
    assert on == [orders, "/payments", orders]


def test_nonsense_is_refused(faults: FaultControl) -> None:
    with pytest.raises(ValueError, match="A fault has an error"):
        faults.add(Fault("gremlins"))  # type: ignore[arg-type]


PROBING = """
import boto3
def handler(event, context):
    try:
        boto3.client("ssm").get_parameter(Name="/missing")
    except Exception as error:
        return type(error).__name__
"""


@pytest.fixture
def prober(embedded_aws: Instance) -> tuple[str, str]:
    """A function that asks SSM under a role of its own: names of function and role."""
    archive, name = io.BytesIO(), f"prober-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", PROBING)
    iam, lambda_ = embedded_aws.client("iam"), embedded_aws.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=f"{name}-role",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    policy = {"Version": "2012-10-17", "Statement": [allow("ssm:GetParameter", "*")]}
    iam.put_role_policy(RoleName=f"{name}-role", PolicyName="p", PolicyDocument=json.dumps(policy))
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    return name, f"{name}-role"


def test_calls_are_on_record_and_fail_by_role(
    embedded_aws: Instance, faults: FaultControl, prober: tuple[str, str]
) -> None:
    function, role = prober
    lambda_ = embedded_aws.client("lambda", config=Config(read_timeout=60))
    mark = faults.mark()
    assert json.load(lambda_.invoke(FunctionName=function)["Payload"]) == "ParameterNotFound"
    calls = [(call.service, call.operation, call.role, call.status) for call in faults.calls(mark)]
    assert ("lambda", "Invoke", "", 200) in calls
    assert ("ssm", "GetParameter", role, 400) in calls

    faults.add(Fault("access_denied", service="ssm", role=role))
    assert json.load(lambda_.invoke(FunctionName=function)["Payload"]) == "AccessDeniedException"
    with pytest.raises(embedded_aws.client("ssm").exceptions.ParameterNotFound):
        embedded_aws.client("ssm").get_parameter(Name="/missing")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("throttled", "Lambda.TooManyRequestsException"),
        ("internal", "Lambda.ServiceException"),
        ("timeout", "Lambda.SdkClientException"),
        ("access_denied", "Lambda.AWSLambdaException"),
    ],
)
def test_state_machines_calls_fail_too(
    embedded_aws: Instance, faults: FaultControl, error: Any, name: str
) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "any"},
        "End": True,
    }
    role = machines.role(allow("*", "*"))
    machine = machines.create({"Work": work}, role)
    faults.add(Fault(error, service="lambda", operation="Invoke", role=role.rpartition("/")[2]))
    assert machines.run(machine)["error"] == name
