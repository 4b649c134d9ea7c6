"""Alarms of every service, read as resource and symptom."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.alarmed_resource import (
    NAMESPACES,
    alarmed_resource,
    resource_of_metric,
    role_of,
    symptom_of,
)
from auto_repair.domain.arns import Home
from auto_repair.domain.incident import AlarmMetric, AlarmSignal
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Symptom

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOME = Home("aws", "us-east-1", "123456789012")
ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:trouble"


def alarm(*metrics: AlarmMetric) -> AlarmSignal:
    return AlarmSignal("trouble", AT, arn=ARN, reason="Threshold Crossed", metrics=metrics)


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions", "resource_id", "role"),
    [
        ("AWS/Lambda", "Errors", {"FunctionName": "orders"}, "lambda:orders", "availability"),
        (
            "AWS/Lambda",
            "Duration",
            {"FunctionName": "orders", "Resource": "orders:live"},
            "lambda:orders",
            "latency",
        ),
        ("AWS/Lambda", "Throttles", {"FunctionName": "orders"}, "lambda:orders", "saturation"),
        ("AWS/ApiGateway", "5XXError", {"ApiName": "shop", "Stage": "prod"}, "apigateway:", "availability"),
        ("AWS/ApiGateway", "5xx", {"ApiId": "a1b2c3", "Stage": "prod"}, "apigateway:a1b2c3", "availability"),
        ("AWS/ApiGateway", "Count", {"ApiId": "a1b2c3"}, "apigateway:a1b2c3", "requests"),
        (
            "AWS/DynamoDB",
            "WriteThrottleEvents",
            {"TableName": "stock", "GlobalSecondaryIndexName": "by-name"},
            "dynamodb:stock",
            "saturation",
        ),
        (
            "AWS/DynamoDB",
            "SuccessfulRequestLatency",
            {"TableName": "stock", "Operation": "GetItem"},
            "dynamodb:stock",
            "latency",
        ),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "jobs"}, "sqs:jobs", "saturation"),
        ("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": "news"}, "sns:news", "availability"),
        ("AWS/S3", "5xxErrors", {"BucketName": "images", "FilterId": "all"}, "s3:images", "availability"),
        (
            "AWS/Kinesis",
            "GetRecords.IteratorAgeMilliseconds",
            {"StreamName": "clicks"},
            "kinesis:clicks",
            "saturation",
        ),
        (
            "AWS/States",
            "ExecutionsFailed",
            {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:flow"},
            "states:flow",
            "availability",
        ),
        (
            "AWS/Events",
            "FailedInvocations",
            {"RuleName": "nightly"},
            "events:default/nightly",
            "availability",
        ),
        (
            "AWS/Events",
            "Invocations",
            {"EventBusName": "shop", "RuleName": "nightly"},
            "events:shop/nightly",
            "requests",
        ),
        ("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "db-1"}, "rds:db-1", "saturation"),
        ("AWS/RDS", "CommitLatency", {"DBClusterIdentifier": "shop"}, "rds:cluster:shop", "latency"),
        ("AWS/RDS", "FreeStorageSpace", {"DBInstanceIdentifier": "db-1"}, "rds:db-1", "other"),
        ("AWS/EC2", "StatusCheckFailed", {"InstanceId": "i-0abc"}, "ec2:i-0abc", "availability"),
        (
            "AWS/ApplicationELB",
            "HTTPCode_Target_5XX_Count",
            {"TargetGroup": "targetgroup/web/73e2", "LoadBalancer": "app/web/50dc"},
            "elasticloadbalancing:app/web/50dc",
            "availability",
        ),
        (
            "AWS/ElastiCache",
            "Evictions",
            {"CacheClusterId": "sessions-001", "CacheNodeId": "0001"},
            "elasticache:sessions-001",
            "saturation",
        ),
        ("AWS/KMS", "SecondsUntilKeyMaterialExpiration", {"KeyId": "1234abcd"}, "kms:1234abcd", "other"),
        (
            "AWS/Bedrock",
            "InvocationThrottles",
            {"ModelId": "amazon.titan-image-generator-v1"},
            "bedrock:amazon.titan-image-generator-v1",
            "saturation",
        ),
        ("LambdaInsights", "memory_utilization", {"function_name": "orders"}, "lambda:orders", "saturation"),
    ],
)
def test_services(
    namespace: str, name: str, dimensions: dict[str, str], resource_id: str, role: MetricRole
) -> None:
    found = symptom_of(alarm(AlarmMetric(namespace, name, dimensions, "Sum")))
    assert found == Symptom(resource_id, MetricRole(role), AT, name, "Sum", "Threshold Crossed")


def test_the_alarms_home_completes_the_arn() -> None:
    found = alarmed_resource(alarm(AlarmMetric("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "jobs"})))
    assert found == Resource("sqs", "jobs", "arn:aws:sqs:us-east-1:123456789012:jobs")


def test_a_rest_api_is_known_by_its_title_until_its_id_is_looked_up() -> None:
    signal = alarm(AlarmMetric("AWS/ApiGateway", "5XXError", {"ApiName": "shop", "Stage": "prod"}))
    assert alarmed_resource(signal) == Resource("apigateway", "", title="shop")
    looked_up = symptom_of(signal, Resource("apigateway", "a1b2c3", title="shop"))
    assert looked_up is not None
    assert (looked_up.resource, looked_up.metric) == ("apigateway:a1b2c3", "5XXError")


def test_a_rate_is_about_its_errors_whatever_their_order() -> None:
    errors = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}, "Sum")
    calls = AlarmMetric("AWS/Lambda", "Invocations", {"FunctionName": "orders"}, "Sum")
    for signal in (alarm(errors, calls), alarm(calls, errors)):
        found = symptom_of(signal)
        assert found is not None
        assert (found.metric, found.role) == ("Errors", MetricRole.AVAILABILITY)


def test_of_several_resources_the_failing_one_counts() -> None:
    signal = alarm(
        AlarmMetric("AWS/SQS", "NumberOfMessagesSent", {"QueueName": "jobs"}),
        AlarmMetric("Shop", "Orders", {"FunctionName": "orders"}),
        AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "worker"}),
    )
    found = alarmed_resource(signal)
    assert found is not None
    assert found.id == "lambda:worker"


@pytest.mark.parametrize(
    "signal",
    [
        alarm(),  # a composite alarm
        alarm(AlarmMetric("Shop", "Orders", {"FunctionName": "orders"})),
        alarm(AlarmMetric("AWS/Lambda", "ConcurrentExecutions", {})),  # of the account
        alarm(AlarmMetric("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": "web"})),
        alarm(AlarmMetric("AWS/S3", "AllRequests", {"BucketName": ""})),
    ],
)
def test_alarms_about_no_resource_we_know(signal: AlarmSignal) -> None:
    assert alarmed_resource(signal) is None
    assert symptom_of(signal) is None


def test_no_metric_has_two_roles() -> None:
    for space in NAMESPACES.values():
        groups = (space.failures, space.latencies, space.limits, space.requests)
        assert sum(map(len, groups)) == len(frozenset().union(*groups)), space.service


@given(
    st.sampled_from([*NAMESPACES, "Shop"]),
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(["FunctionName", "ApiName", "QueueName", "RuleName"]), st.text()),
)
def test_any_metric_is_read_without_complaint(namespace: str, name: str, dimensions: dict[str, str]) -> None:
    found = resource_of_metric(AlarmMetric(namespace, name, dimensions), HOME)
    assert found is None or found.service == NAMESPACES[namespace].service
    assert role_of(namespace, name) in MetricRole
