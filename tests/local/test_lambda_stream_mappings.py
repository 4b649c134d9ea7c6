"""Gap 25: DynamoDB stream mappings give up on a batch when AWS does."""

from __future__ import annotations

import json
from typing import Any

from local.instance import Instance
from tests.local.functions import deploy, unique, wait_for
from tests.local.test_lambda_async_invocations import Queue
from tests.local.test_lambda_metrics import total

SOURCE = """def handler(event, context):
    keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    print("batch", ",".join(keys))
    if "poison" in keys:
        raise ValueError("poison")
"""


def create_stream(aws: Instance) -> tuple[str, str]:
    table = unique("table")
    arn = aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    return table, arn


def run(aws: Instance, keys: list[str], last: str, **settings: Any) -> tuple[list[str], Any]:
    """The batches that reached the function, and the record of the one given up."""
    function = deploy(aws, SOURCE)
    queue = Queue(aws)
    table, stream = create_stream(aws)
    for key in keys:
        aws.client("dynamodb").put_item(TableName=table, Item={"id": {"S": key}})
    function.lambda_.create_event_source_mapping(
        FunctionName=function.name,
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        DestinationConfig={"OnFailure": {"Destination": queue.arn}},
        **settings,
    )
    wait_for(
        lambda: total(aws, "Invocations", FunctionName=function.name) and last in "".join(function.log())
    )
    batches = [line.split(maxsplit=1)[1].strip() for line in function.log() if line.startswith("batch")]
    assert total(aws, "IteratorAge", "SampleCount", FunctionName=function.name) == len(batches)
    return batches, json.loads(queue.receive()["Body"])


def test_a_batch_is_given_up_after_its_retries(embedded_aws: Instance) -> None:
    batches, record = run(embedded_aws, ["a", "poison", "b"], "batch b", MaximumRetryAttempts=1, BatchSize=2)
    assert batches == ["a,poison", "a,poison", "b"]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["DDBStreamBatchInfo"]["batchSize"] == 2


def test_a_batch_is_split_until_the_poison_is_alone(embedded_aws: Instance) -> None:
    batches, record = run(
        embedded_aws,
        ["a", "b", "poison", "c"],
        "batch c",
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        BatchSize=10,
    )
    assert batches == ["a,b,poison,c", "a,b", "poison,c", "poison", "c"]
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
