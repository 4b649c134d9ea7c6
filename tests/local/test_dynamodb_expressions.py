"""An expression that was seen before means what this request says, and is refused as before."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance


@pytest.fixture(scope="module")
def orders(embedded_aws: Instance) -> tuple[Any, str]:
    """A client, and a table with three orders of each of two customers."""
    dynamodb, name = embedded_aws.client("dynamodb"), f"orders-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("customer", "at")],
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
    )
    for customer in ("ada", "bob"):
        for at in ("1", "2", "3"):
            item = {"customer": {"S": customer}, "at": {"S": at}, "state": {"S": f"{customer}{at}"}}
            dynamodb.put_item(TableName=name, Item=item)
    return dynamodb, name


@pytest.mark.parametrize(
    ("customer", "attribute", "states"),
    [("ada", "at", ["ada2", "ada3"]), ("bob", "at", ["bob2", "bob3"]), ("ada", "state", None)],
)
def test_the_same_words_with_other_values_and_names(
    orders: tuple[Any, str], customer: str, attribute: str, states: list[str] | None
) -> None:
    dynamodb, table = orders
    query = {
        "TableName": table,
        "KeyConditionExpression": "customer = :customer AND #attribute BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#attribute": attribute},
        "ExpressionAttributeValues": {":customer": {"S": customer}, ":low": {"S": "2"}, ":high": {"S": "3"}},
    }
    if states is None:  # no key of the table
        with pytest.raises(ClientError, match="ValidationException"):
            dynamodb.query(**query)
    else:
        assert [item["state"]["S"] for item in dynamodb.query(**query)["Items"]] == states


def test_a_mistake_is_refused_each_time_with_the_name_of_the_field(orders: tuple[Any, str]) -> None:
    dynamodb, table = orders
    values = {":a": {"S": "a"}}
    for _ in range(2):
        with pytest.raises(ClientError, match="Invalid FilterExpression: Syntax error"):
            dynamodb.scan(
                TableName=table, FilterExpression="customer = = :a", ExpressionAttributeValues=values
            )
        with pytest.raises(ClientError, match="Invalid ConditionExpression: Syntax error"):
            dynamodb.put_item(
                TableName=table,
                Item={"customer": {"S": "a"}, "at": {"S": "1"}},
                ConditionExpression="customer = = :a",
                ExpressionAttributeValues=values,
            )
