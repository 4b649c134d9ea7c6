"""Error messages as AWS's services and SDKs word them, and what they complain about."""

from time import perf_counter

import pytest

from auto_repair.domain.complaints import Complaint, ComplaintKind, complaint
from auto_repair.domain.resources import Resource

KEY = "0b5a3d6c-1111-2222-3333-444455556666"
KEY_ARN = f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"
ROLE = "arn:aws:iam::123456789012:role/image-role"
USER = "User: arn:aws:sts::123456789012:assumed-role/image-role/image-service is not authorized to perform: "
RESOURCES = (
    Resource("apigateway", "a1b2c3"),
    Resource("bedrock", "amazon.nova-canvas-v1:0"),
    Resource("dynamodb", "stock"),
    Resource("elasticache", "sessions"),
    Resource("kinesis", "clicks"),
    Resource("kms", KEY),
    Resource("lambda", "image-service"),
    Resource("rds", "shop"),
    Resource("s3", "images"),
    Resource("secretsmanager", "db-login"),
    Resource("sqs", "jobs"),
    Resource("ssm", "/shop/rate"),
)


def understood(message: str) -> Complaint:
    found = complaint(message, RESOURCES)
    assert found is not None
    return found


class TestDenials:
    def test_bucket_policy_that_forbids(self) -> None:
        message = (
            "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: "
            f'{USER}s3:ListBucket on resource: "arn:aws:s3:::images" '
            "with an explicit deny in a resource-based policy"
        )
        assert understood(message) == Complaint(
            ComplaintKind.DENIED_BY_RESOURCE_POLICY,
            action="s3:ListBucket",
            resource_arn="arn:aws:s3:::images",
            resource="s3:images",
            principal=ROLE,
            policy_kind="resource-based policy",
            explicit=True,
        )

    def test_role_that_does_not_allow_an_object_with_a_space_in_escaped_quotes(self) -> None:
        message = (
            f'{{"level": "INFO", "message": "{USER}s3:GetObject on resource: '
            '\\"arn:aws:s3:::images/a b.png\\" because no identity-based policy allows the action"}'
        )
        assert understood(message) == Complaint(
            ComplaintKind.DENIED_BY_IDENTITY_POLICY,
            action="s3:GetObject",
            resource_arn="arn:aws:s3:::images/a b.png",
            resource="s3:images",
            principal=ROLE,
            policy_kind="identity-based policy",
        )

    def test_key_policy_without_a_grant(self) -> None:
        found = understood(
            f"{USER}kms:Decrypt on resource: {KEY_ARN} "
            "because no resource-based policy allows the kms:Decrypt action"
        )
        assert (found.kind, found.resource, found.explicit) == (
            ComplaintKind.DENIED_BY_KEY_POLICY,
            f"kms:{KEY}",
            False,
        )

    def test_key_that_is_named_by_its_ciphertext_only(self) -> None:
        found = understood(
            f"{USER}kms:Decrypt on the resource associated with this ciphertext "
            "because the resource does not exist in this Region, no resource-based policies allow access, "
            "or a resource-based policy explicitly denies access"
        )
        assert (found.kind, found.resource, found.resource_arn, found.explicit) == (
            ComplaintKind.DENIED_BY_KEY_POLICY,
            f"kms:{KEY}",
            "",
            False,
        )

    def test_role_that_lacks_the_key(self) -> None:
        found = understood(
            f"{USER}kms:GenerateDataKey on resource: {KEY_ARN} "
            "because no identity-based policy allows the kms:GenerateDataKey action "
            "(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"
        )
        assert found.kind is ComplaintKind.DENIED_BY_IDENTITY_POLICY
        assert found.resource == f"kms:{KEY}"

    @pytest.mark.parametrize(
        ("why", "policy_kind", "explicit"),
        [
            ("with an explicit deny in a service control policy", "service control policy", True),
            ("because no VPC endpoint policy allows the s3:GetObject action", "VPC endpoint policy", False),
            ("with an explicit deny in a VPC endpoint policy", "VPC endpoint policy", True),
            ("because no permissions boundary allows the s3:GetObject action", "permissions boundary", False),
            ("because no session policy allows the s3:GetObject action", "session policy", False),
            ("with an explicit deny in a sessions policy", "session policy", True),
            ("with an explicit deny in the role trust policy", "role trust policy", True),
            ("with an explicit deny", "", True),
            ("", "", False),
        ],
    )
    def test_other_policies(self, why: str, policy_kind: str, explicit: bool) -> None:
        found = understood(f"{USER}s3:GetObject on resource: arn:aws:s3:::images/a {why}")
        assert (found.kind, found.policy_kind, found.explicit) == (
            ComplaintKind.DENIED,
            policy_kind,
            explicit,
        )
        assert found.is_denial

    def test_secret_by_its_plain_name_and_queue_in_small_letters(self) -> None:
        because = "because no identity-based policy allows the action"
        secret = understood(f"{USER}secretsmanager:GetSecretValue on resource: db-login {because}")
        assert secret.resource == "secretsmanager:db-login"
        queue = understood(
            f"{USER}sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:jobs {because}"
        )
        assert (queue.action, queue.resource) == ("sqs:sendmessage", "sqs:jobs")

    def test_user_stays_a_user(self) -> None:
        user = "arn:aws:iam::123456789012:user/ann"
        found = understood(f"User: {user} is not authorized to perform: dynamodb:Query on resource: {user}")
        assert found.principal == user

    def test_resource_that_nobody_knows_keeps_its_arn(self) -> None:
        found = understood(f'{USER}s3:GetObject on resource: "arn:aws:s3:::elsewhere/a"')
        assert (found.resource, found.resource_arn) == ("", "arn:aws:s3:::elsewhere/a")

    @pytest.mark.parametrize(
        "message",
        [
            "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
            "An error occurred (403) when calling the HeadObject operation: Forbidden",
        ],
    )
    def test_denial_without_a_word_of_why(self, message: str) -> None:
        assert understood(message) == Complaint(ComplaintKind.DENIED, resource="s3:images")


def answer(code: str, operation: str, text: str = "") -> str:
    """An error as boto3 words it."""
    return f"An error occurred ({code}) when calling the {operation} operation: {text}"


NO_TABLE_CAPACITY = answer(
    "ProvisionedThroughputExceededException",
    "PutItem",
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
    "provisioning level with the UpdateTable API.",
)
CASES = {
    "throttled dynamodb:stock": (
        NO_TABLE_CAPACITY,
        NO_TABLE_CAPACITY.replace("operation:", "operation (reached max retries: 9):"),
        "ThrottlingException: Throughput exceeds the current capacity of your table or index.",
    ),
    "throttled kinesis:clicks": (
        "Rate exceeded for shard shardId-000000000000 in stream clicks under account 123456789012.",
    ),
    "throttled bedrock:amazon.nova-canvas-v1:0": (
        answer("ThrottlingException", "InvokeModel", "Too many requests, please wait before trying again."),
    ),
    f"disabled kms:{KEY}": (
        answer("KMS.DisabledException", "PutObject", f"{KEY_ARN} is disabled."),
        f"{KEY_ARN} is pending deletion.",
    ),
    "missing s3:images": (
        answer("NoSuchBucket", "PutObject", "The specified bucket does not exist"),
        answer("404", "HeadObject", "Not Found"),
        "NoSuchKey: The specified key does not exist.",
    ),
    "missing dynamodb:stock": (
        answer("ResourceNotFoundException", "GetItem", "Requested resource not found"),
    ),
    "missing lambda:image-service": (
        "ResourceNotFoundException: Function not found: "
        "arn:aws:lambda:us-east-1:123456789012:function:image-service",
    ),
    "missing sqs:jobs": (
        answer(
            "AWS.SimpleQueueService.NonExistentQueue", "SendMessage", "The specified queue does not exist."
        ),
    ),
    "missing ssm:/shop/rate": (answer("ParameterNotFound", "GetParameter"),),
    "unreachable s3:images": (
        'Could not connect to the endpoint URL: "https://images.s3.us-east-1.amazonaws.com/a"',
    ),
    "unreachable dynamodb:stock": (
        'Could not connect to the endpoint URL: "https://dynamodb.us-east-1.amazonaws.com/"',
    ),
    "unreachable sqs:jobs": (
        'Connect timeout on endpoint URL: "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"',
    ),
    "unreachable bedrock:amazon.nova-canvas-v1:0": (
        'Read timeout on endpoint URL: "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke"',
    ),
    "unreachable rds:shop": ("Error: getaddrinfo ENOTFOUND shop.abc123.us-east-1.rds.amazonaws.com",),
    "unreachable elasticache:sessions": (
        'could not translate host name "sessions.abc123.0001.use1.cache.amazonaws.com" to address: '
        "Name or service not known",
    ),
    "unreachable ": ("Error: connect ECONNREFUSED 10.0.0.5:5432",),
}


@pytest.mark.parametrize(
    ("message", "expected"), [(message, key) for key, messages in CASES.items() for message in messages]
)
def test_other_complaints(message: str, expected: str) -> None:
    found = understood(message)
    assert f"{found.kind} {found.resource}" == expected
    assert not found.is_denial


def test_service_with_several_resources_names_none_of_them() -> None:
    tables = (Resource("dynamodb", "stock"), Resource("dynamodb", "orders"))
    found = complaint(NO_TABLE_CAPACITY, tables)
    assert found == Complaint(ComplaintKind.THROTTLED)
    index = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-day"
    named = complaint(f"{NO_TABLE_CAPACITY} {index}", tables)
    assert named is not None
    assert named.resource == "dynamodb:orders"


def test_arn_that_a_logger_adds_is_not_what_the_message_is_about() -> None:
    own = "arn:aws:lambda:us-east-1:123456789012:function:payments"
    record = (
        f'{{"function_arn": "{own}", "message": "An error occurred (AccessDenied) when calling the GetObject '
        'operation: Access Denied"}'
    )
    assert understood(record) == Complaint(ComplaintKind.DENIED, resource="s3:images")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "order 7 refused",
        "KeyError: NotFound in dict",
        "An error occurred (ValidationException) when calling the GetItem operation: bad key",
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: failed",
        "Forbidden words were found",
    ],
)
def test_no_complaint_about_a_resource(message: str) -> None:
    assert complaint(message, RESOURCES) is None


def test_long_line_takes_no_time_to_speak_of() -> None:
    # Patterns that look back and forth would take seconds here; it is about a millisecond.
    begun = perf_counter()
    assert complaint("x" * 200_000, RESOURCES) is None
    assert complaint("User: " + "arn:aws:" * 30_000, RESOURCES) is None
    assert perf_counter() - begun < 1
