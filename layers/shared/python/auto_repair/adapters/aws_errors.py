"""One translation of the SDK's errors into ours. Step Functions retries what comes out as transient."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from auto_repair.domain.errors import (
    AutoRepairError,
    AwsCallFailed,
    ResourceMissing,
    StaleConfiguration,
    TransientError,
)

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottling",
        "KMSThrottlingException",
        "KmsThrottled",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",  # a reason why a transaction was cancelled
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttled",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "TransactionInProgressException",
    }
)
PASSING = frozenset(
    {
        # An update of the function is still in progress.
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
        # Two transactions met on one DynamoDB item.
        "TransactionConflict",
        "TransactionConflictException",
        # EventBridge, SSM: somebody writes at the same time.
        "ConcurrentModificationException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerErrorException",
        "InternalServiceError",
        "InternalServiceException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
MISSING = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchKey",
        "NotFound",
        "NotFoundException",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
STALE = frozenset({"PreconditionFailedException"})
# Lambda answers these with 502 although only a person can cure them.
PERMANENT = frozenset(
    {
        "EC2AccessDeniedException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
    }
)


def call(method: Callable[..., Any], /, **arguments: Any) -> Any:
    """Call a client's method. Raises only errors of our own family."""
    try:
        return method(**arguments)
    except (ClientError, BotoCoreError) as error:
        raise translated(error, _service(method), _operation(method)) from error


def translated(error: Exception, service: str, operation: str) -> AutoRepairError:
    """What an error of the SDK means for us: worth a retry, gone, stale, or for a person to look at."""
    if isinstance(error, ClientError):
        return _from_answer(error, service)
    where = f"{service}:{operation}"
    if isinstance(error, ConnectionError | HTTPClientError):
        return TransientError(f"{where} could not be reached: {error}")
    return AwsCallFailed(service, operation, type(error).__name__, str(error))


def code_of(error: ClientError) -> str:
    """The error code of AWS's answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _from_answer(error: ClientError, service: str) -> AutoRepairError:
    code, operation = code_of(error), error.operation_name
    message = str(error.response.get("Error", {}).get("Message", ""))
    text = f"{service}:{operation} answered {code}: {message}"
    if code in STALE:
        return StaleConfiguration(text)
    if code in MISSING:
        return ResourceMissing(text)
    if code in THROTTLED or code in PASSING:
        return TransientError(text)
    if code not in PERMANENT and _status(error) >= 500:
        return TransientError(text)
    return AwsCallFailed(service, operation, code, message)


def _status(error: ClientError) -> int:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status)


def _service(method: Callable[..., Any]) -> str:
    client: Any = getattr(method, "__self__", None)
    return str(client.meta.service_model.service_name) if hasattr(client, "meta") else "aws"


def _operation(method: Callable[..., Any]) -> str:
    """As AWS names it, in its answers as in permissions: GetAlias, not get_alias."""
    name: str = getattr(method, "__name__", "call")
    client: Any = getattr(method, "__self__", None)
    return str(client.meta.method_to_api_mapping.get(name, name)) if hasattr(client, "meta") else name
