"""Gap 14: histories, execution logs and metrics of state machines."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.instance import Instance
from tests.local.state_machines import ACCOUNT, REGION, Machines, allow

FAILING = {
    "Work": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
        "Parameters": {"Name": "/missing"},
        "TimeoutSeconds": 10,
        "Next": "Done",
    },
    "Done": {"Type": "Succeed"},
}
LOG_DELIVERY = allow("logs:*", "*")


def logging_to(embedded_aws: Instance, level: str, with_data: bool = True) -> tuple[str, dict[str, Any]]:
    group = f"/aws/vendedlogs/states/{uuid.uuid4().hex[:8]}"
    embedded_aws.client("logs").create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]
    return group, {"level": level, "includeExecutionData": with_data, "destinations": destinations}


def records(embedded_aws: Instance, group: str) -> list[dict[str, Any]]:
    events = embedded_aws.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in events]


def test_a_history_links_its_events_and_names_integrations(machines: Machines) -> None:
    execution = machines.start(machines.create(FAILING), {"a": 1})
    ended = machines.finished(execution)
    assert ended["status"] == "FAILED"
    assert "output" not in ended
    events = machines.history(execution)
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "ExecutionFailed",
    ]
    assert [event["previousEventId"] for event in events] == [0, 1, 2, 3, 4, 5]
    assert events[2]["taskScheduledEventDetails"] == {
        "resourceType": "aws-sdk:ssm",
        "resource": "getParameter",
        "region": REGION,
        "parameters": '{"Name": "/missing"}',
        "timeoutInSeconds": 10,
    }
    assert events[3]["taskStartedEventDetails"] == {"resourceType": "aws-sdk:ssm", "resource": "getParameter"}
    failure = events[4]["taskFailedEventDetails"]
    assert (failure["resource"], failure["error"]) == ("getParameter", "Ssm.ParameterNotFoundException")


def test_everything_is_logged_at_level_all(embedded_aws: Instance, machines: Machines) -> None:
    group, configuration = logging_to(embedded_aws, "ALL")
    role = machines.role(LOG_DELIVERY)
    states = {"Pass": {"Type": "Pass", "End": True}}
    execution = machines.start(machines.create(states, role, loggingConfiguration=configuration), {"a": 1})
    machines.finished(execution)
    logged = records(embedded_aws, group)
    assert [record["type"] for record in logged] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    first = logged[0]
    assert int(first.pop("event_timestamp")) == pytest.approx(time.time() * 1000, abs=20_000)
    assert first == {
        "id": "1",
        "type": "ExecutionStarted",
        "details": {"input": '{"a": 1}', "inputDetails": {"truncated": False}, "roleArn": role},
        "redrive_count": "0",
        "previous_event_id": "0",
        "execution_arn": execution,
    }


def test_only_failures_without_data_are_logged_at_level_error(
    embedded_aws: Instance, machines: Machines
) -> None:
    group, configuration = logging_to(embedded_aws, "ERROR", with_data=False)
    machine = machines.create(FAILING, machines.role(LOG_DELIVERY), loggingConfiguration=configuration)
    machines.run(machine)
    logged = records(embedded_aws, group)
    assert [record["type"] for record in logged] == ["TaskFailed", "ExecutionFailed"]
    assert logged[0]["details"]["error"] == "Ssm.SsmException"


def test_logging_needs_the_roles_permission(embedded_aws: Instance, machines: Machines) -> None:
    _, configuration = logging_to(embedded_aws, "ERROR")
    with pytest.raises(
        machines.sfn.exceptions.ClientError, match="not authorized to access the Log Destination"
    ):
        machines.create(FAILING, machines.role(), loggingConfiguration=configuration)


def test_tracing_is_kept(machines: Machines) -> None:
    machine = machines.create(FAILING, tracingConfiguration={"enabled": True})
    described = machines.sfn.describe_state_machine(stateMachineArn=machine)
    assert described["tracingConfiguration"] == {"enabled": True}
    plain = machines.sfn.describe_state_machine(stateMachineArn=machines.create(FAILING))
    assert plain["tracingConfiguration"] == {"enabled": False}


def test_executions_are_measured(embedded_aws: Instance, machines: Machines) -> None:
    machine = machines.create(FAILING)
    machines.run(machine)
    cloudwatch = embedded_aws.client("cloudwatch")
    found = cloudwatch.list_metrics(
        Namespace="AWS/States", Dimensions=[{"Name": "StateMachineArn", "Value": machine}]
    )
    names = {metric["MetricName"] for metric in found["Metrics"]}
    assert names == {"ExecutionsStarted", "ExecutionsFailed", "ExecutionTime"}
    now = datetime.now(UTC)
    measured = cloudwatch.get_metric_statistics(
        Namespace="AWS/States",
        MetricName="ExecutionTime",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=["Maximum"],
    )
    assert 100 < measured["Datapoints"][0]["Maximum"] < 10_000
