"""Which resource an alarm is about, and what it says of it.

A REST API's metrics carry its name, never its id. Its resource then has no `name`, only a `title`: whoever
can ask API Gateway finds the id by that title and hands the full resource to `symptom_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auto_repair.domain.arns import Home, arn_of, home_of, resource_of
from auto_repair.domain.incident import AlarmMetric, AlarmSignal
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Symptom


@dataclass(frozen=True)
class Namespace:
    """How CloudWatch tells of one service: `by` maps a dimension to the beginning of the resource's name,
    the most telling dimension first; the metrics of each role by their names."""

    service: str
    by: Mapping[str, str]
    failures: frozenset[str] = frozenset()
    latencies: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    requests: frozenset[str] = frozenset()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMESPACES = {
    "AWS/ApiGateway": Namespace(
        "apigateway",
        {"ApiId": "", "ApiName": ""},
        failures=_names(
            "4XXError 5XXError 4xx 5xx ClientError IntegrationError ExecutionError"  # REST, HTTP, WebSocket
        ),
        latencies=_names("Latency IntegrationLatency"),
        requests=_names("Count ConnectCount MessageCount"),
    ),
    "AWS/ApplicationELB": Namespace(
        "elasticloadbalancing",
        {"LoadBalancer": "", "TargetGroup": ""},
        failures=_names(
            "HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count HTTPCode_ELB_500_Count HTTPCode_ELB_502_Count "
            "HTTPCode_ELB_503_Count HTTPCode_ELB_504_Count HTTPCode_Target_4XX_Count "
            "HTTPCode_Target_5XX_Count LambdaInternalError LambdaUserError TargetConnectionErrorCount "
            "UnHealthyHostCount"
        ),
        latencies=_names("TargetResponseTime"),
        limits=_names("RejectedConnectionCount"),
        requests=_names("RequestCount RequestCountPerTarget NewConnectionCount ActiveConnectionCount"),
    ),
    "AWS/Bedrock": Namespace(
        "bedrock",
        {"ModelId": ""},
        failures=_names("InvocationClientErrors InvocationServerErrors"),
        latencies=_names("InvocationLatency TimeToFirstToken"),
        limits=_names("InvocationThrottles"),
        requests=_names("Invocations"),
    ),
    "AWS/DynamoDB": Namespace(
        "dynamodb",
        {"TableName": ""},
        failures=_names("SystemErrors UserErrors"),
        latencies=_names("SuccessfulRequestLatency ReplicationLatency"),
        limits=_names("ThrottledRequests"),
        requests=_names("ConsumedReadCapacityUnits ConsumedWriteCapacityUnits"),
    ),
    "AWS/EC2": Namespace(
        "ec2",
        {"InstanceId": ""},
        failures=_names("StatusCheckFailed StatusCheckFailed_Instance StatusCheckFailed_System"),
        limits=_names("CPUUtilization"),
    ),
    "AWS/ElastiCache": Namespace(
        "elasticache",
        {"CacheClusterId": ""},
        latencies=_names("SuccessfulReadRequestLatency SuccessfulWriteRequestLatency"),
        limits=_names(
            "CPUUtilization EngineCPUUtilization DatabaseMemoryUsagePercentage "
            "DatabaseMemoryUsageCountedForEvictPercentage Evictions SwapUsage CurrConnections"
        ),
        requests=_names("GetTypeCmds SetTypeCmds CmdGet CmdSet"),
    ),
    "AWS/Events": Namespace(
        "events",
        {"RuleName": ""},
        failures=_names(
            "FailedInvocations DeadLetterInvocations InvocationsSentToDlq InvocationsFailedToBeSentToDlq"
        ),
        latencies=_names("IngestionToInvocationStartLatency IngestionToInvocationCompleteLatency"),
        limits=_names("ThrottledRules"),
        requests=_names("Invocations InvocationAttempts TriggeredRules MatchedEvents"),
    ),
    "AWS/Kinesis": Namespace(
        "kinesis",
        {"StreamName": ""},
        failures=_names("GetRecords.Success PutRecord.Success PutRecords.Success"),
        latencies=_names("GetRecords.Latency PutRecord.Latency PutRecords.Latency"),
        limits=_names(
            "GetRecords.IteratorAgeMilliseconds IteratorAgeMilliseconds ReadProvisionedThroughputExceeded "
            "WriteProvisionedThroughputExceeded PutRecords.ThrottledRecords"
        ),
        requests=_names("IncomingRecords IncomingBytes GetRecords.Records"),
    ),
    "AWS/KMS": Namespace("kms", {"KeyId": ""}),
    "AWS/Lambda": Namespace(
        "lambda",
        {"FunctionName": ""},
        failures=_names("Errors DeadLetterErrors DestinationDeliveryFailures AsyncEventsDropped"),
        latencies=_names("Duration PostRuntimeExtensionsDuration"),
        limits=_names(
            "Throttles ConcurrentExecutions ProvisionedConcurrencyUtilization IteratorAge AsyncEventAge "
            "ProvisionedConcurrencySpilloverInvocations OffsetLag"
        ),
        requests=_names("Invocations"),
    ),
    "AWS/RDS": Namespace(
        "rds",
        {"DBInstanceIdentifier": "", "DBClusterIdentifier": "cluster:"},
        latencies=_names("ReadLatency WriteLatency CommitLatency SelectLatency DMLLatency"),
        limits=_names("CPUUtilization DatabaseConnections DiskQueueDepth ReplicaLag SwapUsage DBLoad"),
        requests=_names("ReadIOPS WriteIOPS Queries"),
    ),
    "AWS/S3": Namespace(
        "s3",
        {"BucketName": ""},
        failures=_names("4xxErrors 5xxErrors"),
        latencies=_names("FirstByteLatency TotalRequestLatency"),
        requests=_names("AllRequests GetRequests PutRequests DeleteRequests HeadRequests ListRequests"),
    ),
    "AWS/SNS": Namespace(
        "sns",
        {"TopicName": ""},
        failures=_names(
            "NumberOfNotificationsFailed NumberOfNotificationsRedrivenToDlq "
            "NumberOfNotificationsFailedToRedriveToDlq"
        ),
        requests=_names("NumberOfMessagesPublished NumberOfNotificationsDelivered"),
    ),
    "AWS/SQS": Namespace(
        "sqs",
        {"QueueName": ""},
        limits=_names(
            "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible "
            "ApproximateNumberOfMessagesNotVisible"
        ),
        requests=_names("NumberOfMessagesSent NumberOfMessagesReceived NumberOfMessagesDeleted"),
    ),
    "AWS/States": Namespace(
        "states",
        {"StateMachineArn": "", "LambdaFunctionArn": ""},
        failures=_names(
            "ExecutionsFailed ExecutionsTimedOut ExecutionsAborted LambdaFunctionsFailed "
            "LambdaFunctionsTimedOut ServiceIntegrationsFailed ServiceIntegrationsTimedOut"
        ),
        latencies=_names("ExecutionTime LambdaFunctionTime LambdaFunctionRunTime ServiceIntegrationTime"),
        limits=_names("ExecutionThrottled ThrottledEvents"),
        requests=_names("ExecutionsStarted ExecutionsSucceeded LambdaFunctionsStarted"),
    ),
    "LambdaInsights": Namespace(
        "lambda",
        {"function_name": ""},
        limits=_names("memory_utilization used_memory_max tmp_used cpu_total_time fd_use"),
    ),
}
# Of several metrics, such as errors and invocations of a rate, the alarm is about the first of these.
_TELLING = (
    MetricRole.AVAILABILITY,
    MetricRole.LATENCY,
    MetricRole.SATURATION,
    MetricRole.REQUESTS,
    MetricRole.OTHER,
)


def alarmed_resource(alarm: AlarmSignal) -> Resource | None:
    """The resource that the alarm is about. None for metrics of services (or of one's own making) that we do
    not know, and for a composite alarm whose children nobody has read yet."""
    metric = _telling_metric(alarm)
    return resource_of_metric(metric, home_of(alarm.arn)) if metric else None


def symptom_of(alarm: AlarmSignal, resource: Resource | None = None) -> Symptom | None:
    """What the alarm says; None where `alarmed_resource` is None. `resource` is that resource once its id
    was looked up, where the alarm does not tell it."""
    metric = _telling_metric(alarm)
    found = resource or alarmed_resource(alarm)
    if metric is None or found is None:
        return None
    return Symptom(
        resource=found.id,
        role=role_of(metric.namespace, metric.name),
        at=alarm.began or alarm.changed_at,
        metric=metric.name,
        statistic=metric.statistic,
        text=alarm.reason,
    )


def resource_of_metric(metric: AlarmMetric, home: Home | None = None) -> Resource | None:
    """The resource whose metric this is; with `home` its ARN too, where the name tells it."""
    space = NAMESPACES.get(metric.namespace)
    named = next((name for name in space.by if metric.dimensions.get(name)), "") if space else ""
    if space is None or not named:
        return None
    value = metric.dimensions[named]
    if value.startswith("arn:"):
        return resource_of(value)
    if named == "ApiName":
        return Resource(space.service, "", title=value)
    if named == "RuleName":
        value = f"{metric.dimensions.get('EventBusName') or 'default'}/{value}"
    name = space.by[named] + value
    return Resource(space.service, name, arn_of(space.service, name, home) if home else "")


def role_of(namespace: str, metric: str) -> MetricRole:
    """What a metric of CloudWatch says of its resource; what falls as things get worse is `OTHER`."""
    space = NAMESPACES.get(namespace)
    if space is None:
        return MetricRole.OTHER
    if metric in space.failures:
        return MetricRole.AVAILABILITY
    if metric in space.latencies:
        return MetricRole.LATENCY
    # DynamoDB has a dozen: ReadThrottleEvents, WriteMaxOnDemandThroughputThrottleEvents …
    if metric in space.limits or metric.endswith("ThrottleEvents"):
        return MetricRole.SATURATION
    return MetricRole.REQUESTS if metric in space.requests else MetricRole.OTHER


def _telling_metric(alarm: AlarmSignal) -> AlarmMetric | None:
    known = [metric for metric in alarm.metrics if resource_of_metric(metric)]
    return min(known, key=lambda m: _TELLING.index(role_of(m.namespace, m.name)), default=None)
