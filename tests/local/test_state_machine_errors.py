"""Names and limits of errors in state machines."""

from __future__ import annotations

import json
import uuid
from typing import Any

from local.instance import Instance
from tests.local.state_machines import Machines


def test_runtime_errors_are_neither_retried_nor_caught(embedded_aws: Instance) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    states = {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::unknown:operation",
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }
    ended = machines.run(machines.create(states))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_sdk_errors_are_named_after_the_java_sdks_classes(embedded_aws: Instance) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Parameters": {"Name": "/missing"},
        "End": True,
    }
    assert machines.run(machines.create({"Work": work}))["error"] == "Ssm.ParameterNotFoundException"


def test_a_task_may_not_return_more_than_256_kib(embedded_aws: Instance) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    dynamodb, table = embedded_aws.client("dynamodb"), f"large-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}, "text": {"S": "x" * 300_000}})
    work: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Parameters": {"TableName": table, "Key": {"id": {"S": "1"}}},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    states = {"Work": work, "Caught": {"Type": "Pass", "End": True}}
    ended = machines.run(machines.create(states))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")
    work["Catch"][0]["ErrorEquals"] = ["States.DataLimitExceeded"]
    caught = json.loads(machines.run(machines.create(states))["output"])
    assert "exceeding the maximum number of bytes" in caught["Cause"]
