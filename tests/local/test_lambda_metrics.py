"""Gap 4: the metrics of AWS/Lambda, whoever invokes."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.instance import Instance
from tests.local.functions import Function, deploy, role, unique, wait_for

SOURCE = """
import time
def handler(event, context):
    if "fail" in str(event):
        raise ValueError("no")
    time.sleep(0.2 if "slow" in str(event) else 0)
"""


def total(aws: Instance, metric: str, statistic: str = "Sum", **dimensions: str) -> float | None:
    """The statistic over everything recorded for exactly these dimensions; None if there is nothing."""
    now = datetime.now(UTC)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200 * 60,
        Statistics=[statistic],
    )["Datapoints"]
    return sum(point[statistic] for point in points) if points else None


@pytest.fixture
def function(embedded_aws: Instance) -> Function:
    return deploy(embedded_aws, SOURCE)


def test_a_success_and_an_error(embedded_aws: Instance, function: Function) -> None:
    function.invoke()
    function.invoke({"do": "fail"})
    name = function.name
    assert total(embedded_aws, "Invocations", FunctionName=name) == 2
    assert total(embedded_aws, "Errors", FunctionName=name) == 1
    assert total(embedded_aws, "Errors", "SampleCount", FunctionName=name) == 2
    assert total(embedded_aws, "Throttles", FunctionName=name) == 0
    assert total(embedded_aws, "Invocations", FunctionName=name, Resource=name) == 2
    duration = total(embedded_aws, "Duration", "Maximum", FunctionName=name)
    assert duration is not None
    assert 0 < duration < 1000


def test_a_throttled_call_is_neither_an_invocation_nor_an_error(
    embedded_aws: Instance, function: Function
) -> None:
    function.lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(function.lambda_.exceptions.ClientError, match="TooManyRequestsException"):
        function.invoke()
    assert total(embedded_aws, "Throttles", FunctionName=function.name) == 1
    assert total(embedded_aws, "Invocations", FunctionName=function.name) is None
    assert total(embedded_aws, "Errors", FunctionName=function.name) is None


def test_an_alias_has_metrics_of_its_own_and_by_version(embedded_aws: Instance, function: Function) -> None:
    version = function.lambda_.publish_version(FunctionName=function.name)["Version"]
    function.lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.invoke(Qualifier="live")
    function.invoke({"do": "fail"}, Qualifier="live")
    function.invoke(Qualifier=version)
    name, resource = function.name, f"{function.name}:live"
    assert total(embedded_aws, "Invocations", FunctionName=name) == 3
    assert total(embedded_aws, "Invocations", FunctionName=name, Resource=resource) == 2
    by_version = {"FunctionName": name, "Resource": resource, "ExecutedVersion": version}
    assert total(embedded_aws, "Errors", **by_version) == 1
    assert total(embedded_aws, "Invocations", FunctionName=name, Resource=f"{name}:{version}") == 1


def test_concurrency_is_measured_for_function_and_account(embedded_aws: Instance, function: Function) -> None:
    function.invoke()
    assert total(embedded_aws, "ConcurrentExecutions", "Maximum", FunctionName=function.name) == 1
    assert (total(embedded_aws, "ConcurrentExecutions", "Maximum") or 0) >= 1
    assert (total(embedded_aws, "UnreservedConcurrentExecutions", "Maximum") or 0) >= 1


def by_step_functions(aws: Instance, function: Function) -> None:
    definition = {
        "StartAt": "Run",
        "States": {
            "Run": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function.arn},
                "End": True,
            }
        },
    }
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=unique("machine"), definition=json.dumps(definition), roleArn=role(aws)
    )
    states.start_execution(stateMachineArn=machine["stateMachineArn"])


def by_event_bridge(aws: Instance, function: Function) -> None:
    events = aws.client("events")
    name = unique("rule")
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    allow(function, "events.amazonaws.com", rule)
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": function.arn}])
    events.put_events(Entries=[{"Source": name, "DetailType": "order", "Detail": "{}"}])


def by_sns(aws: Instance, function: Function) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    allow(function, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    sns.publish(TopicArn=topic, Message="order")


def by_sqs(aws: Instance, function: Function) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function.lambda_.create_event_source_mapping(FunctionName=function.name, EventSourceArn=arn)
    sqs.send_message(QueueUrl=url, MessageBody="order")


def by_http_api(aws: Instance, function: Function) -> None:
    gateway = aws.client("apigatewayv2")
    api = gateway.create_api(Name=unique("api"), ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function.arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /orders", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    allow(function, "apigateway.amazonaws.com", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*")
    url = f"{aws.endpoint}/restapis/{api}/live/_user_request_/orders"
    with urllib.request.urlopen(url, timeout=10) as answer:
        answer.read()


def by_asynchronous_call(aws: Instance, function: Function) -> None:
    function.lambda_.invoke(FunctionName=function.name, InvocationType="Event", Payload=b"{}")


def allow(function: Function, principal: str, source: str) -> None:
    function.lambda_.add_permission(
        FunctionName=function.name,
        StatementId=unique("allow"),
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn=source,
    )


@pytest.mark.parametrize(
    "invoke", [by_step_functions, by_event_bridge, by_sns, by_sqs, by_http_api, by_asynchronous_call]
)
def test_every_way_to_invoke_is_counted_once(embedded_aws: Instance, function: Function, invoke: Any) -> None:
    invoke(embedded_aws, function)
    wait_for(lambda: total(embedded_aws, "Invocations", FunctionName=function.name))
    assert total(embedded_aws, "Invocations", FunctionName=function.name) == 1
    assert total(embedded_aws, "Errors", FunctionName=function.name) == 0
    assert total(embedded_aws, "Duration", "SampleCount", FunctionName=function.name) == 1
