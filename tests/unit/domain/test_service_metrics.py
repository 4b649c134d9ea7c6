"""What is asked of CloudWatch for each service: exact namespaces, names, statistics and dimensions."""

from pathlib import Path

import pytest

from auto_repair.domain import service_metrics
from auto_repair.domain.measures import Measure, MetricQuery
from auto_repair.domain.resources import Resource
from auto_repair.domain.service_metrics import all_service_metrics
from auto_repair.domain.surroundings import MetricRole

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:ship"
REST = "arn:aws:apigateway:us-east-1::/restapis/a1b2c3"
HTTP = "arn:aws:apigateway:us-east-1::/apis/h4h5"
BALANCER = "app/web/50dc6c495c0c9188"


def measures(resource: Resource) -> tuple[Measure, ...]:
    return all_service_metrics()[resource.service].measures(resource)


def asked(resource: Resource) -> list[str]:
    """Each query once: `Namespace Metric Statistic Name=Value …`."""
    queries = dict.fromkeys(query for measure in measures(resource) for query in measure.queries)
    return [text(query) for query in queries]


def text(query: MetricQuery) -> str:
    dimensions = " ".join(f"{name}={value}" for name, value in query.dimensions)
    return f"{query.namespace} {query.metric} {query.statistic} {dimensions}"


def roles(resource: Resource) -> list[str]:
    return [" ".join((m.name, m.role, m.unit)).strip() for m in measures(resource)]


CASES = {
    Resource("lambda", "orders"): """
        AWS/Lambda Errors Sum FunctionName=orders
        AWS/Lambda Invocations Sum FunctionName=orders
        AWS/Lambda Duration Average FunctionName=orders
        AWS/Lambda Throttles Sum FunctionName=orders
        AWS/Lambda Duration p99 FunctionName=orders
        AWS/Lambda ConcurrentExecutions Maximum FunctionName=orders
        AWS/Lambda IteratorAge Maximum FunctionName=orders
    """,
    Resource("apigateway", "a1b2c3", REST, "shop"): """
        AWS/ApiGateway 5XXError Sum ApiName=shop
        AWS/ApiGateway Count SampleCount ApiName=shop
        AWS/ApiGateway Latency Average ApiName=shop
        AWS/ApiGateway 4XXError Sum ApiName=shop
        AWS/ApiGateway Latency p99 ApiName=shop
        AWS/ApiGateway IntegrationLatency Average ApiName=shop
    """,
    Resource("apigateway", "h4h5", HTTP, "web"): """
        AWS/ApiGateway 5xx Sum ApiId=h4h5
        AWS/ApiGateway Count SampleCount ApiId=h4h5
        AWS/ApiGateway Latency Average ApiId=h4h5
        AWS/ApiGateway 4xx Sum ApiId=h4h5
        AWS/ApiGateway Latency p99 ApiId=h4h5
        AWS/ApiGateway IntegrationLatency Average ApiId=h4h5
    """,
    Resource("sqs", "jobs"): """
        AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=jobs
        AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=jobs
        AWS/SQS NumberOfMessagesSent Sum QueueName=jobs
        AWS/SQS NumberOfMessagesDeleted Sum QueueName=jobs
        AWS/SQS ApproximateNumberOfMessagesNotVisible Maximum QueueName=jobs
    """,
    Resource("sns", "news"): """
        AWS/SNS NumberOfNotificationsFailed Sum TopicName=news
        AWS/SNS NumberOfNotificationsDelivered Sum TopicName=news
        AWS/SNS NumberOfMessagesPublished Sum TopicName=news
    """,
    Resource("s3", "images"): """
        AWS/S3 4xxErrors Sum BucketName=images FilterId=EntireBucket
        AWS/S3 5xxErrors Sum BucketName=images FilterId=EntireBucket
        AWS/S3 AllRequests Sum BucketName=images FilterId=EntireBucket
        AWS/S3 TotalRequestLatency Average BucketName=images FilterId=EntireBucket
        AWS/S3 FirstByteLatency Average BucketName=images FilterId=EntireBucket
    """,
    Resource("kinesis", "clicks"): """
        AWS/Kinesis WriteProvisionedThroughputExceeded Sum StreamName=clicks
        AWS/Kinesis ReadProvisionedThroughputExceeded Sum StreamName=clicks
        AWS/Kinesis GetRecords.IteratorAgeMilliseconds Maximum StreamName=clicks
        AWS/Kinesis PutRecord.Success Average StreamName=clicks
        AWS/Kinesis PutRecords.Success Average StreamName=clicks
        AWS/Kinesis PutRecord.Success SampleCount StreamName=clicks
        AWS/Kinesis PutRecords.Success SampleCount StreamName=clicks
        AWS/Kinesis IncomingRecords Sum StreamName=clicks
        AWS/Kinesis PutRecord.Latency Average StreamName=clicks
        AWS/Kinesis PutRecords.Latency Average StreamName=clicks
        AWS/Kinesis PutRecord.Latency SampleCount StreamName=clicks
        AWS/Kinesis PutRecords.Latency SampleCount StreamName=clicks
    """,
    Resource("states", "ship", MACHINE): f"""
        AWS/States ExecutionsFailed Sum StateMachineArn={MACHINE}
        AWS/States ExecutionsTimedOut Sum StateMachineArn={MACHINE}
        AWS/States ExecutionsSucceeded Sum StateMachineArn={MACHINE}
        AWS/States ExecutionsStarted Sum StateMachineArn={MACHINE}
        AWS/States ExecutionTime Average StateMachineArn={MACHINE}
        AWS/States ExecutionThrottled Sum StateMachineArn={MACHINE}
    """,
    Resource("events", "default/nightly"): """
        AWS/Events FailedInvocations Sum RuleName=nightly
        AWS/Events Invocations Sum RuleName=nightly
        AWS/Events TriggeredRules Sum RuleName=nightly
        AWS/Events ThrottledRules Sum RuleName=nightly
    """,
    Resource("events", "shop/paid"): """
        AWS/Events FailedInvocations Sum EventBusName=shop RuleName=paid
        AWS/Events Invocations Sum EventBusName=shop RuleName=paid
        AWS/Events TriggeredRules Sum EventBusName=shop RuleName=paid
        AWS/Events ThrottledRules Sum EventBusName=shop RuleName=paid
    """,
    Resource("rds", "shop"): """
        AWS/RDS CPUUtilization Average DBInstanceIdentifier=shop
        AWS/RDS DatabaseConnections Maximum DBInstanceIdentifier=shop
        AWS/RDS ReadLatency Average DBInstanceIdentifier=shop
        AWS/RDS WriteLatency Average DBInstanceIdentifier=shop
        AWS/RDS ReadIOPS Average DBInstanceIdentifier=shop
        AWS/RDS WriteIOPS Average DBInstanceIdentifier=shop
        AWS/RDS DiskQueueDepth Average DBInstanceIdentifier=shop
        AWS/RDS FreeableMemory Minimum DBInstanceIdentifier=shop
        AWS/RDS FreeStorageSpace Minimum DBInstanceIdentifier=shop
    """,
    Resource("ec2", "i-0abc"): """
        AWS/EC2 StatusCheckFailed Maximum InstanceId=i-0abc
        AWS/EC2 CPUUtilization Average InstanceId=i-0abc
        AWS/EC2 NetworkIn Sum InstanceId=i-0abc
        AWS/EC2 NetworkOut Sum InstanceId=i-0abc
        AWS/EC2 CPUCreditBalance Minimum InstanceId=i-0abc
    """,
    Resource("elasticloadbalancing", BALANCER): f"""
        AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum LoadBalancer={BALANCER}
        AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum LoadBalancer={BALANCER}
        AWS/ApplicationELB RequestCount Sum LoadBalancer={BALANCER}
        AWS/ApplicationELB TargetResponseTime Average LoadBalancer={BALANCER}
        AWS/ApplicationELB RejectedConnectionCount Sum LoadBalancer={BALANCER}
        AWS/ApplicationELB TargetConnectionErrorCount Sum LoadBalancer={BALANCER}
        AWS/ApplicationELB TargetResponseTime p99 LoadBalancer={BALANCER}
    """,
    Resource("elasticache", "sessions"): """
        AWS/ElastiCache EngineCPUUtilization Average CacheClusterId=sessions
        AWS/ElastiCache DatabaseMemoryUsagePercentage Average CacheClusterId=sessions
        AWS/ElastiCache Evictions Sum CacheClusterId=sessions
        AWS/ElastiCache CurrConnections Maximum CacheClusterId=sessions
        AWS/ElastiCache GetTypeCmds Sum CacheClusterId=sessions
        AWS/ElastiCache SetTypeCmds Sum CacheClusterId=sessions
        AWS/ElastiCache CPUUtilization Average CacheClusterId=sessions
    """,
    Resource("elasticache", "replicationgroup:sessions"): """
        AWS/ElastiCache EngineCPUUtilization Average ReplicationGroupId=sessions
        AWS/ElastiCache DatabaseMemoryUsageCountedForEvictPercentage Average ReplicationGroupId=sessions
    """,
    Resource("bedrock", "amazon.nova-canvas-v1:0"): """
        AWS/Bedrock InvocationClientErrors Sum ModelId=amazon.nova-canvas-v1:0
        AWS/Bedrock InvocationServerErrors Sum ModelId=amazon.nova-canvas-v1:0
        AWS/Bedrock InvocationThrottles Sum ModelId=amazon.nova-canvas-v1:0
        AWS/Bedrock Invocations Sum ModelId=amazon.nova-canvas-v1:0
        AWS/Bedrock InvocationLatency Average ModelId=amazon.nova-canvas-v1:0
    """,
}
TABLE = Resource("dynamodb", "stock")


@pytest.mark.parametrize(("resource", "expected"), CASES.items(), ids=lambda case: getattr(case, "id", ""))
def test_queries_are_exactly(resource: Resource, expected: str) -> None:
    assert asked(resource) == [line.strip() for line in expected.strip().splitlines()]


def test_tables_are_asked_by_operation_where_aws_tells_no_total() -> None:
    queries = asked(TABLE)
    assert queries[:2] == [
        "AWS/DynamoDB ReadThrottleEvents Sum TableName=stock",
        "AWS/DynamoDB WriteThrottleEvents Sum TableName=stock",
    ]
    for operation in ("GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"):
        of = f"TableName=stock Operation={operation}"
        assert {
            f"AWS/DynamoDB SuccessfulRequestLatency Average {of}",
            f"AWS/DynamoDB SuccessfulRequestLatency SampleCount {of}",
            f"AWS/DynamoDB ThrottledRequests Sum {of}",
            f"AWS/DynamoDB SystemErrors Sum {of}",
        } <= set(queries)
    assert queries[-4:] == [
        "AWS/DynamoDB ConsumedReadCapacityUnits Sum TableName=stock",
        "AWS/DynamoDB ConsumedWriteCapacityUnits Sum TableName=stock",
        "AWS/DynamoDB ProvisionedReadCapacityUnits Average TableName=stock",
        "AWS/DynamoDB ProvisionedWriteCapacityUnits Average TableName=stock",
    ]
    assert len(queries) == 30


def test_roles_and_units() -> None:
    assert roles(Resource("lambda", "orders")) == [
        "Errors / Invocations availability",
        "Invocations requests",
        "Duration latency ms",
        "Throttles saturation",
        "Duration.p99 latency ms",
        "ConcurrentExecutions saturation",
        "IteratorAge saturation ms",
    ]
    assert roles(Resource("apigateway", "h4h5", HTTP)) == [
        "5xx / Count availability",
        "Count.SampleCount requests",
        "Latency latency ms",
        "4xx other",
        "Latency.p99 latency ms",
        "IntegrationLatency other ms",
    ]
    assert "ReadLatency latency ms" in roles(Resource("rds", "shop"))


EVERY_RESOURCE = [*CASES, TABLE]


def test_every_service_in_the_folder_is_tested_here() -> None:
    files = Path(service_metrics.__file__).parent.glob("[!_]*.py")
    assert len(all_service_metrics()) == len(list(files))
    assert {resource.service for resource in EVERY_RESOURCE} == set(all_service_metrics())


@pytest.mark.parametrize("resource", EVERY_RESOURCE, ids=lambda resource: resource.id)
def test_what_holds_for_every_service(resource: Resource) -> None:
    found = measures(resource)
    assert len({m.name for m in found}) == len(found)
    assert {m.unit for m in found if m.role is MetricRole.LATENCY} <= {"ms"}
    # When little may be asked, it is the first: whether it fails or runs out of something.
    assert found[0].role in (MetricRole.AVAILABILITY, MetricRole.SATURATION)


class TestApis:
    def test_name_loses_what_is_not_ascii(self) -> None:
        assert "ApiName=Kse" in asked(Resource("apigateway", "a1b2c3", REST, "Käse"))[0]
        assert "ApiName=a1b2c3" in asked(Resource("apigateway", "a1b2c3", REST, "奶酪"))[0]

    def test_unknown_kind_is_asked_for_as_both(self) -> None:
        queries = asked(Resource("apigateway", "a1b2c3", title="shop"))
        assert "AWS/ApiGateway 5XXError Sum ApiName=shop" in queries
        assert "AWS/ApiGateway 5xx Sum ApiId=a1b2c3" in queries

    def test_alarm_tells_a_rest_api_by_its_name_alone(self) -> None:
        queries = asked(Resource("apigateway", "", title="shop"))
        assert len(queries) == 6
        assert all("ApiName=shop" in query for query in queries)

    def test_rest_api_without_a_name_cannot_be_asked_for(self) -> None:
        assert measures(Resource("apigateway", "a1b2c3", REST)) == ()
        assert len(measures(Resource("apigateway", "a1b2c3"))) == 6


def test_aurora_cluster_is_measured_as_one() -> None:
    assert "AWS/RDS CPUUtilization Average DBClusterIdentifier=shop" in asked(Resource("rds", "cluster:shop"))


@pytest.mark.parametrize(
    "resource",
    [
        Resource("states", "ship"),
        Resource("elasticloadbalancing", "net/web/50dc6c495c0c9188"),
        Resource("elasticloadbalancing", "targetgroup/web/50dc6c495c0c9188"),
        Resource("elasticache", "serverlesscache:sessions"),
    ],
    ids=lambda resource: resource.id,
)
def test_what_cannot_be_named_is_not_asked_for(resource: Resource) -> None:
    assert measures(resource) == ()
