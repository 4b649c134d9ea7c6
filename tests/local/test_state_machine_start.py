"""Gap 13: starting the same execution twice."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.state_machines import Machines

RESTING = {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}


def test_the_same_name_and_input_is_one_execution_while_it_runs(machines: Machines) -> None:
    machine, name = machines.create(RESTING), uuid.uuid4().hex
    with ThreadPoolExecutor(5) as pool:
        arns = set(pool.map(lambda _: machines.start(machine, {"a": 1}, name=name), range(5)))
    assert len(arns) == 1
    assert len(machines.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1
    with pytest.raises(machines.sfn.exceptions.ExecutionAlreadyExists, match="Execution Already Exists: '"):
        machines.start(machine, {"a": 2}, name=name)
    machines.finished(arns.pop())
    with pytest.raises(machines.sfn.exceptions.ExecutionAlreadyExists):
        machines.start(machine, {"a": 1}, name=name)


@pytest.mark.parametrize("name", ["with space", "a/b", "a:b", "x" * 81])
def test_unfit_names_are_refused(machines: Machines, name: str) -> None:
    with pytest.raises(machines.sfn.exceptions.InvalidName):
        machines.start(machines.create(RESTING), name=name)


def test_unfit_input_is_refused(machines: Machines) -> None:
    machine = machines.create(RESTING)
    with pytest.raises(machines.sfn.exceptions.InvalidExecutionInput):
        machines.sfn.start_execution(stateMachineArn=machine, input="not JSON")
    with pytest.raises(machines.sfn.exceptions.ClientError, match="ValidationException"):
        machines.sfn.start_execution(stateMachineArn=machine, input=json.dumps("x" * 300_000))
