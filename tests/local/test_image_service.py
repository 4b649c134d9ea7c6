"""The image service on the running instance: it works, breaks in five ways, and AWS tells of it as ever."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from local.instance import Instance
from local.scenarios.image_service import (
    INCIDENTS,
    ImageService,
    mend,
    set_up,
    staged,
    tear_down,
)
from local.scenarios.image_service.incidents import ACTOR, HARMLESS_ACTOR
from local.scenarios.image_service.service import STAGE
from local.scenarios.stage import policy
from tests.local.functions import unique, wait_for

HEALTHY_S = 4.0
WEEK_S = 7 * 86400  # one datapoint, whatever the scale
BEHIND = [name for name in INCIDENTS if name != "bucket_policy_denies"]


@dataclass
class Bus:
    """What arrives on the default bus, by way of a queue."""

    aws: Instance
    queue: str
    seen: list[dict[str, Any]] = field(default_factory=list)

    def events(self, source: str, since: datetime) -> list[dict[str, Any]]:
        sqs = self.aws.client("sqs")
        while batch := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self.seen.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        first = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [event for event in self.seen if event["source"] == source and event["time"] >= first]


@dataclass
class Denied:
    """The main incident, over and mended."""

    service: ImageService
    since: datetime
    healthy_policy: Any


@pytest.fixture(scope="module")
def bus(embedded_aws: Instance) -> Bus:
    sqs, events, name = embedded_aws.client("sqs"), embedded_aws.client("events"), unique("bus")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = {"Service": "events.amazonaws.com"}
    allow = {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy(allow))})
    kinds = ["CloudWatch Alarm State Change", "AWS API Call via CloudTrail"]
    events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": kinds}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return Bus(embedded_aws, queue)


@pytest.fixture(scope="module")
def service(embedded_aws: Instance) -> Iterator[ImageService]:
    running = set_up(embedded_aws, unique("images"))
    yield running
    tear_down(running)
    assert not _what_is_left(embedded_aws, running.name)


def _what_is_left(aws: Instance, name: str) -> list[str]:
    found = [item["FunctionName"] for item in aws.client("lambda").list_functions()["Functions"]]
    found += [item["RoleName"] for item in aws.client("iam").list_roles()["Roles"]]
    found += [item["Name"] for item in aws.client("s3").list_buckets()["Buckets"]]
    found += aws.client("dynamodb").list_tables()["TableNames"]
    found += [item["name"] for item in aws.client("apigateway").get_rest_apis()["items"]]
    found += [item["AlarmName"] for item in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]]
    found += [item["Name"] for item in aws.client("cloudtrail").describe_trails()["trailList"]]
    found += [item["Name"] for item in aws.client("ssm").describe_parameters()["Parameters"]]
    found += [item["AliasName"] for item in aws.client("kms").list_aliases()["Aliases"]]
    found += [item["logGroupName"] for item in aws.client("logs").describe_log_groups()["logGroups"]]
    return [item for item in found if name in item]


@pytest.fixture(scope="module")
def denied(service: ImageService, bus: Bus) -> Denied:
    healthy_policy = service.bucket_policy()
    with staged(service, INCIDENTS["bucket_policy_denies"], healthy_s=HEALTHY_S) as incident:
        assert incident.cause.resource == f"s3:{service.bucket}"
    mend(service)
    assert service.proof(20).succeeded == 20
    return Denied(service, incident.since, healthy_policy)


def test_an_image_is_served_and_counted(service: ImageService) -> None:
    request = urllib.request.Request(service.url, headers={"Accept": "image/png"})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert response.read().startswith(b"\x89PNG")
    views = service.client("dynamodb").scan(TableName=service.table)["Items"]
    assert sum(int(item["views"]["N"]) for item in views) >= 1
    stored = service.client("s3").head_object(Bucket=service.bucket, Key="images/1.png")
    assert stored["SSEKMSKeyId"] == service.key_arn


@pytest.mark.parametrize("dimensions", [{}, {"Stage": STAGE}])
def test_the_api_counts_failures(denied: Denied, dimensions: dict[str, str]) -> None:
    named = {"ApiName": denied.service.name, **dimensions}
    failures = _sum(denied, "AWS/ApiGateway", "5XXError", named)
    assert 0 < failures < _sum(denied, "AWS/ApiGateway", "Count", named, "SampleCount")
    assert _sum(denied, "AWS/ApiGateway", "Latency", named, "Maximum") > 0


def test_the_function_itself_never_fails(denied: Denied) -> None:
    named = {"FunctionName": denied.service.function}
    assert _sum(denied, "AWS/Lambda", "Invocations", named) > 0
    assert _sum(denied, "AWS/Lambda", "Errors", named) == 0


def _sum(
    denied: Denied, namespace: str, metric: str, dimensions: dict[str, str], statistic: str = "Sum"
) -> float:
    points = denied.service.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=denied.since,
        EndTime=datetime.now(UTC),
        Period=WEEK_S,
        Statistics=[statistic],
    )["Datapoints"]
    return sum(float(point[statistic]) for point in points)


def test_the_log_says_it_in_awss_words(denied: Denied) -> None:
    service = denied.service
    session = f"arn:aws:sts::{service.account}:assumed-role/{service.role}/{service.function}"
    words = (
        f"An error occurred (AccessDenied) when calling the ListObjectsV2 operation: User: {session} is not "
        f'authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::{service.bucket}" with an '
        "explicit deny in a resource-based policy"
    )
    lines = _log(service, denied.since)
    assert lines
    assert all(line.strip().endswith(words) for line in lines)


def _log(service: ImageService, since: datetime) -> list[str]:
    """What the function has printed of failures."""
    found = service.client("logs").filter_log_events(
        logGroupName=service.log_group,
        filterPattern='"GET /random failed"',
        startTime=int(since.timestamp() * 1000),
    )
    return [event["message"] for event in found["events"]]


def test_cloudtrail_has_the_new_policy_its_actor_and_the_one_before(denied: Denied) -> None:
    _mended, change, before = _calls(denied.service, denied.service.bucket, "PutBucketPolicy")[:3]
    assert change["userIdentity"]["arn"].endswith(f"assumed-role/{denied.service.deployer}/{ACTOR}")
    assert change["resources"][0]["ARN"] == f"arn:aws:s3:::{denied.service.bucket}"
    new, old = (record["requestParameters"]["bucketPolicy"] for record in (change, before))
    assert old == denied.healthy_policy
    assert new["Statement"][:1] == old["Statement"]
    assert {item["Action"] for item in new["Statement"][1:]} == {"s3:ListBucket", "s3:GetObject"}
    assert all(item["Principal"] == {"AWS": denied.service.role_arn} for item in new["Statement"][1:])


def _calls(service: ImageService, resource: str, name: str = "") -> list[dict[str, Any]]:
    """The records of calls on the resource, newest first."""
    attribute = {"AttributeKey": "ResourceName", "AttributeValue": resource}
    events = service.client("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    return [record for record in records if record["eventName"].startswith(name)]


def test_the_change_and_harmless_ones_around_it_are_on_the_bus(denied: Denied, bus: Bus) -> None:
    calls = [event["detail"] for event in bus.events("aws.s3", denied.since)]
    calls.sort(key=lambda call: call["eventTime"])
    names = [
        call["eventName"]
        for call in calls
        if call["requestParameters"]["bucketName"] == denied.service.bucket
    ]
    assert names[:3] == ["PutBucketTagging", "PutBucketPolicy", "PutBucketTagging"]
    tagging = next(call for call in calls if call["eventName"] == "PutBucketTagging")
    assert tagging["userIdentity"]["arn"].endswith(f"/{HARMLESS_ACTOR}")
    tag = tagging["requestParameters"]["Tagging"]["TagSet"]["Tag"]
    assert tag == {"Key": "inventory", "Value": "inventoried"}


def test_the_alarm_is_on_the_bus_in_cloudwatchs_shape(denied: Denied, bus: Bus) -> None:
    event = next(
        event
        for event in bus.events("aws.cloudwatch", denied.since)
        if event["detail"]["alarmName"] == denied.service.alarm
        and event["detail"]["state"]["value"] == "ALARM"
    )
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [
        f"arn:aws:cloudwatch:us-east-1:{denied.service.account}:alarm:{denied.service.alarm}"
    ]
    assert event["detail"]["previousState"]["value"] == "OK"
    assert json.loads(event["detail"]["state"]["reasonData"])["threshold"] == 1.0
    (measured,) = event["detail"]["configuration"]["metrics"]
    assert measured["returnData"] is True
    assert measured["metricStat"] == {
        "metric": {
            "namespace": "AWS/ApiGateway",
            "name": "5XXError",
            "dimensions": {"ApiName": denied.service.name, "Stage": STAGE},
        },
        "period": 60,
        "stat": "Sum",
    }


def test_the_service_graph_ends_at_a_function_that_is_not_instrumented(denied: Denied) -> None:
    graph = denied.service.client("xray").get_service_graph(
        StartTime=denied.since, EndTime=datetime.fromtimestamp(time.time() + 1, UTC)
    )
    nodes = {(node["Name"], node["Type"]): node for node in graph["Services"]}
    name = denied.service.name
    stage, api_calls, function = (
        nodes[f"{name}/{STAGE}", "AWS::ApiGateway::Stage"],
        nodes[name, "AWS::Lambda"],
        nodes[name, "AWS::Lambda::Function"],
    )
    assert [edge["ReferenceId"] for edge in stage["Edges"]] == [api_calls["ReferenceId"]]
    assert [edge["ReferenceId"] for edge in api_calls["Edges"]] == [function["ReferenceId"]]
    assert function["Edges"] == []
    assert stage["SummaryStatistics"]["FaultStatistics"]["TotalCount"] > 0
    assert function["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 0


@pytest.mark.parametrize("name", BEHIND)
def test_other_causes_have_other_words_and_other_changes(service: ImageService, name: str) -> None:
    incident, since = INCIDENTS[name], datetime.now(UTC)
    incident.break_it(service)
    with service.visitors():
        lines = wait_for(lambda: _log(service, since))
    assert all(incident.symptom in line for line in lines)
    assert "with an explicit deny in a resource-based policy" not in lines[0]
    cause = incident.cause(service)
    # CloudTrail knows a key by its ARN.
    resource = service.key_arn if cause.resource.startswith("kms:") else cause.resource.partition(":")[2]
    change = _calls(service, resource, cause.action)[0]
    assert datetime.fromisoformat(change["eventTime"]).timestamp() >= int(since.timestamp())
    assert change["userIdentity"]["arn"].endswith(f"/{ACTOR}")
    assert "errorCode" not in change
    mend(service)
    assert service.proof(20).succeeded == 20
