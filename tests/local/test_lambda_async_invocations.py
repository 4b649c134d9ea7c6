"""Gap 24: asynchronous invocations, their retries, destinations and dead letters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.instance import Instance
from tests.local.functions import Function, deploy, unique, wait_for
from tests.local.test_lambda_metrics import allow, total

SOURCE = """def handler(event, context):
    print("run", context.aws_request_id)
    if event.get("fail"):
        raise ValueError("no such order")
    return {"done": True}
"""


class Queue:
    def __init__(self, aws: Instance) -> None:
        self._sqs = aws.client("sqs")
        self.url = self._sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:000000000000:{self.url.rsplit('/', 1)[1]}"

    def receive(self) -> Any:
        def messages() -> Any:
            return self._sqs.receive_message(
                QueueUrl=self.url, MessageAttributeNames=["All"], WaitTimeSeconds=1
            ).get("Messages")

        return wait_for(messages)[0]


@pytest.fixture
def function(embedded_aws: Instance) -> Function:
    return deploy(embedded_aws, SOURCE)


def call(function: Function, event: dict[str, Any], **options: Any) -> str:
    answer = function.lambda_.invoke(
        FunctionName=function.name, InvocationType="Event", Payload=json.dumps(event), **options
    )
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def test_on_success_gets_the_record_of_the_invocation(embedded_aws: Instance, function: Function) -> None:
    queue = Queue(embedded_aws)
    function.lambda_.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnSuccess": {"Destination": queue.arn}}
    )
    request_id = call(function, {"order": 1})
    record = json.loads(queue.receive()["Body"])
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"order": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"done": True},
    }


def test_a_failure_is_tried_three_times_under_one_request_id(
    embedded_aws: Instance, function: Function
) -> None:
    destination, letters = Queue(embedded_aws), Queue(embedded_aws)
    function.update(DeadLetterConfig={"TargetArn": letters.arn})
    function.lambda_.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnFailure": {"Destination": destination.arn}}
    )
    request_id = call(function, {"fail": True})
    record = json.loads(destination.receive()["Body"])
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ValueError"
    assert function.log().count(f"run {request_id}\n") == 3
    letter = letters.receive()
    assert json.loads(letter["Body"]) == {"fail": True}
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": request_id,
        "ErrorCode": "200",
        "ErrorMessage": "no such order",
    }
    assert total(embedded_aws, "Errors", FunctionName=function.name) == 3


def test_an_alias_has_settings_of_its_own(embedded_aws: Instance, function: Function) -> None:
    queue = Queue(embedded_aws)
    version = function.lambda_.publish_version(FunctionName=function.name)["Version"]
    function.lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.lambda_.put_function_event_invoke_config(
        FunctionName=function.name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue.arn}},
    )
    call(function, {"fail": True}, Qualifier="live")
    record = json.loads(queue.receive()["Body"])
    assert record["requestContext"]["functionArn"] == f"{function.arn}:live"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"]["executedVersion"] == version


def test_a_throttled_event_waits_until_there_is_room(embedded_aws: Instance, function: Function) -> None:
    client = function.lambda_
    slow = deploy(embedded_aws, "import time\ndef handler(event, context): time.sleep(0.5)")
    client.put_function_concurrency(FunctionName=slow.name, ReservedConcurrentExecutions=1)
    for _ in range(2):
        call(slow, {})
    wait_for(lambda: total(embedded_aws, "Invocations", FunctionName=slow.name) == 2)
    assert (total(embedded_aws, "Throttles", FunctionName=slow.name) or 0) >= 1
    assert total(embedded_aws, "AsyncEventsDropped", FunctionName=slow.name) is None
    client.delete_function_concurrency(FunctionName=slow.name)


def test_an_event_without_destination_is_counted_as_dropped(
    embedded_aws: Instance, function: Function
) -> None:
    function.lambda_.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    call(function, {"fail": True})
    wait_for(lambda: total(embedded_aws, "AsyncEventsDropped", FunctionName=function.name))
    assert total(embedded_aws, "AsyncEventsReceived", FunctionName=function.name) == 1


def test_sns_and_event_bridge_invoke_asynchronously(embedded_aws: Instance, function: Function) -> None:
    function.lambda_.update_function_code(FunctionName=function.name, ZipFile=_failing())
    function.wait_until_updated()
    function.lambda_.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1)
    events, name = embedded_aws.client("events"), unique("rule")
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    allow(function, "events.amazonaws.com", rule)
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": function.arn}])
    events.put_events(Entries=[{"Source": name, "DetailType": "order", "Detail": "{}"}])
    sns = embedded_aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    allow(function, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    sns.publish(TopicArn=topic, Message="order")
    wait_for(lambda: total(embedded_aws, "AsyncEventsDropped", FunctionName=function.name) == 2)
    assert total(embedded_aws, "Errors", FunctionName=function.name) == 4


def _failing() -> bytes:
    from tests.local.functions import package

    return package("def handler(event, context): raise ValueError")
