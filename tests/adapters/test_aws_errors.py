"""Every AWS error becomes one of ours, and only what a retry may cure becomes transient."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from auto_repair.adapters.aws_errors import call, translated
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import (
    AutoRepairError,
    AwsCallFailed,
    ResourceMissing,
    StaleConfiguration,
    TransientError,
)

URL = "https://lambda.us-east-1.amazonaws.com"


def answer(code: str, status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "words"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "GetThing")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, TransientError),
        ("Throttling", 400, TransientError),
        ("Throttled", 429, TransientError),
        ("TooManyRequestsException", 429, TransientError),
        ("ProvisionedThroughputExceededException", 400, TransientError),
        ("RequestLimitExceeded", 400, TransientError),
        ("LimitExceededException", 400, TransientError),
        ("SlowDown", 503, TransientError),
        ("ResourceConflictException", 409, TransientError),
        ("ServiceException", 500, TransientError),
        ("InternalError", 500, TransientError),
        ("InternalServerError", 500, TransientError),
        ("ServiceUnavailable", 503, TransientError),
        ("TransactionConflictException", 400, TransientError),
        ("500", 500, TransientError),
        ("SomethingNew", 502, TransientError),
        ("PreconditionFailedException", 412, StaleConfiguration),
        ("ResourceNotFoundException", 404, ResourceMissing),
        ("ParameterNotFound", 400, ResourceMissing),
        ("NoSuchKey", 404, ResourceMissing),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, ResourceMissing),
        ("NotFound", 404, ResourceMissing),
        ("AccessDenied", 403, AwsCallFailed),
        ("AccessDeniedException", 403, AwsCallFailed),
        ("AuthorizationError", 403, AwsCallFailed),
        ("UnrecognizedClientException", 403, AwsCallFailed),
        ("InvalidParameterValueException", 400, AwsCallFailed),
        ("ValidationException", 400, AwsCallFailed),
        ("ConditionalCheckFailedException", 400, AwsCallFailed),
        ("KMSAccessDeniedException", 502, AwsCallFailed),
        ("InvalidRuntimeException", 502, AwsCallFailed),
        ("EC2AccessDeniedException", 502, AwsCallFailed),
    ],
)
def test_answers(code: str, status: int, expected: type[AutoRepairError]) -> None:
    error = translated(answer(code, status), "lambda", "GetThing")
    assert type(error) is expected
    assert "lambda:GetThing" in str(error)
    assert code in str(error)


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
    ],
)
def test_lost_connections_are_worth_a_retry(error: Exception) -> None:
    assert isinstance(translated(error, "sqs", "GetQueueUrl"), TransientError)


@pytest.mark.parametrize("error", [NoCredentialsError(), ParamValidationError(report="no")])
def test_our_own_mistakes_are_not(error: Exception) -> None:
    found = translated(error, "sqs", "GetQueueUrl")
    assert isinstance(found, AwsCallFailed)
    assert found.code == type(error).__name__


def test_call_names_service_and_operation_of_a_real_client(clients: Clients) -> None:
    client: Any = clients.client("lambda")
    with Stubber(client) as stub:
        stub.add_client_error("get_alias", "AccessDeniedException", "User is not authorized", 403)
        with pytest.raises(
            AwsCallFailed, match="lambda:GetAlias failed with AccessDeniedException"
        ) as caught:
            call(client.get_alias, FunctionName="orders", Name="live")
    assert (caught.value.service, caught.value.operation) == ("lambda", "GetAlias")


def test_call_names_the_operation_also_where_nobody_answered(clients: Clients) -> None:
    class Unreachable:
        __self__ = clients.client("lambda")
        __name__ = "get_alias"

        def __call__(self, **_arguments: Any) -> Any:
            raise ConnectionClosedError(endpoint_url=URL)

    with pytest.raises(TransientError, match=r"^lambda:GetAlias could not be reached"):
        call(Unreachable(), FunctionName="orders", Name="live")


def test_call_checks_its_arguments(clients: Clients) -> None:
    with pytest.raises(AwsCallFailed, match="ParamValidationError"):
        call(clients.client("lambda").get_alias, FunctionName="orders")


def test_clients_are_made_once_and_say_who_they_are(clients: Clients) -> None:
    client: Any = clients.client("lambda")
    assert clients.client("lambda") is client
    assert clients.client("lambda", attempts=1) is not client
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (2.0, 8.0)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert "lambda-auto-repair" in config.user_agent
