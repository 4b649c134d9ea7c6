"""Gap 14: the functions that a traced execution runs are parts of its trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.faults import FaultControl
from local.instance import Instance
from local.settings import HOST
from tests.local.functions import deploy
from tests.local.state_machines import Machines

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
ASKING = """
import os
import boto3

def handler(event, context):
    boto3.client("sts").get_caller_identity()
    return os.environ.get("_X_AMZN_TRACE_ID", "none")
"""


@pytest.fixture(scope="module")
def asking(embedded_aws: Instance) -> str:
    """The ARN of a function that calls AWS and tells its trace header."""
    return deploy(embedded_aws, ASKING, Timeout=30).arn


def traces(machines: Machines, asking: str, *, enabled: bool, **start: Any) -> list[str]:
    """What two tasks of one execution were sent."""
    task = {"Type": "Task", "Resource": asking}
    states = {
        "First": {**task, "ResultPath": "$.first", "Next": "Second"},
        "Second": {**task, "ResultPath": "$.second", "End": True},
    }
    machine = machines.create(states, tracingConfiguration={"enabled": enabled})
    output = json.loads(machines.finished(machines.start(machine, **start), within_s=30)["output"])
    return [output["first"], output["second"]]


def test_every_task_belongs_to_the_trace_of_the_start(embedded_aws: Instance, asking: str) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    control = FaultControl(HOST, embedded_aws.port)
    mark = control.mark()
    first, second = traces(machines, asking, enabled=True, traceHeader=f"Root={ROOT};Sampled=1")
    assert first.startswith(f"Root={ROOT};Parent=")
    assert second.startswith(f"Root={ROOT};Parent=")
    assert first != second
    of_trace = [(call.service, call.operation) for call in control.calls(mark) if call.trace == ROOT]
    assert of_trace == [("lambda", "Invoke"), ("sts", "GetCallerIdentity")] * 2


def test_an_execution_without_a_trace_of_its_own_gets_one(embedded_aws: Instance, asking: str) -> None:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    first, second = traces(machines, asking, enabled=True)
    assert first.split(";")[0] == second.split(";")[0]
    assert traces(machines, asking, enabled=False) == ["none", "none"]
