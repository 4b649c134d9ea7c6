"""A table serves what it is paid for, says so when it is asked for more, and is measured."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloudwatch.periods import real_seconds
from local.instance import Instance
from tests.local.functions import unique
from tests.local.test_service_metrics import measured

BURST = real_seconds(300)


def table(aws: Instance, **capacity: Any) -> str:
    name = unique("table")
    aws.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        **capacity,
    )
    return name


def provisioned(read: int, write: int) -> dict[str, Any]:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def put(aws: Instance, name: str, times: int) -> None:
    for number in range(times):
        aws.client("dynamodb").put_item(TableName=name, Item={"id": {"S": str(number)}})


def throttles(aws: Instance, name: str) -> float:
    return measured(aws, "AWS/DynamoDB", "WriteThrottleEvents", {"TableName": name}, "Sum") or 0


def test_beyond_the_burst_writes_are_throttled(embedded_aws: Instance) -> None:
    name = table(embedded_aws, **provisioned(1, 1))
    with pytest.raises(ClientError) as error:
        put(embedded_aws, name, BURST * 20)
    assert error.value.response["Error"] == {
        "Code": "ProvisionedThroughputExceededException",
        "Message": "The level of configured provisioned throughput for the table was exceeded. Consider "
        "increasing your provisioning level with the UpdateTable API.",
    }
    assert throttles(embedded_aws, name) == 1
    consumed = measured(
        embedded_aws, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": name}, "Sum"
    )
    assert consumed is not None
    assert consumed >= BURST
    by_operation = {"TableName": name, "Operation": "PutItem"}
    assert measured(embedded_aws, "AWS/DynamoDB", "ThrottledRequests", by_operation, "Sum") == 1
    latency = measured(embedded_aws, "AWS/DynamoDB", "SuccessfulRequestLatency", by_operation, "Maximum")
    assert latency


def test_reads_have_a_capacity_of_their_own(embedded_aws: Instance) -> None:
    name = table(embedded_aws, **provisioned(1, 1))
    dynamodb = embedded_aws.client("dynamodb")
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        put(embedded_aws, name, BURST * 20)
    assert dynamodb.get_item(TableName=name, Key={"id": {"S": "0"}})["Item"]


def test_more_capacity_helps_at_once(embedded_aws: Instance) -> None:
    name = table(embedded_aws, **provisioned(1, 1))
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        put(embedded_aws, name, BURST * 20)
    embedded_aws.client("dynamodb").update_table(TableName=name, **provisioned(1, 1000))
    put(embedded_aws, name, 50)


def test_a_table_paid_per_request_serves_everything(embedded_aws: Instance) -> None:
    name = table(embedded_aws, BillingMode="PAY_PER_REQUEST")
    put(embedded_aws, name, BURST * 3)
    assert throttles(embedded_aws, name) == 0
    consumed = measured(
        embedded_aws, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": name}, "Sum"
    )
    assert consumed == BURST * 3
