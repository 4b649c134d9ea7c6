"""Gap 12: timeouts, heartbeats and task tokens."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from typing import Any

import pytest

from local.instance import Instance
from tests.local.state_machines import Machines

REFUSING = "def handler(event, context):\n    raise ValueError('cannot ask')\n"


@pytest.fixture
def queue(embedded_aws: Instance) -> tuple[Any, str]:
    sqs = embedded_aws.client("sqs")
    return sqs, sqs.create_queue(QueueName=f"tokens-{uuid.uuid4().hex[:8]}")["QueueUrl"]


def waiting(queue_url: str, **fields: Any) -> dict[str, Any]:
    """A state that sends its task token to a queue and waits for the answer."""
    body = {"token.$": "$$.Task.Token"}
    return {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue_url, "MessageBody": body},
            "End": True,
            **fields,
        }
    }


def token(queue: tuple[Any, str]) -> str:
    sqs, url = queue
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    found: str = json.loads(message["Body"])["token"]
    return found


def test_a_machine_times_out(machines: Machines) -> None:
    states = {
        "Rest": {"Type": "Wait", "Seconds": 300, "Next": "Never"},
        "Never": {"Type": "Pass", "End": True},
    }
    execution = machines.start(machines.create(states, top={"TimeoutSeconds": 1}))
    ended = machines.finished(execution)
    assert ended["status"] == "TIMED_OUT"
    assert 0.9 < (ended["stopDate"] - ended["startDate"]).total_seconds() < 3
    assert machines.history(execution)[-1]["type"] == "ExecutionTimedOut"


def test_a_task_times_out_at_the_time_from_its_input(machines: Machines, queue: tuple[Any, str]) -> None:
    machine = machines.create(waiting(queue[1], TimeoutSecondsPath="$.expiry_s"))
    began = time.monotonic()
    execution = machines.start(machine, {"expiry_s": 1})
    ended = machines.finished(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    assert time.monotonic() - began < 3
    events = machines.history(execution)
    assert [event["type"] for event in events][-2:] == ["TaskTimedOut", "ExecutionFailed"]
    scheduled = next(event for event in events if event["type"] == "TaskScheduled")
    assert scheduled["taskScheduledEventDetails"]["timeoutInSeconds"] == 1


@pytest.mark.parametrize("expiry", [0, "soon", None])
def test_a_timeout_that_is_no_number_ends_the_execution(
    machines: Machines, queue: tuple[Any, str], expiry: Any
) -> None:
    states = waiting(queue[1], TimeoutSecondsPath="$.expiry_s")
    states["Ask"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states["Caught"] = {"Type": "Succeed"}
    ended = machines.run(machines.create(states), {"expiry_s": expiry})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")


def test_a_missing_heartbeat_fails_the_task_and_a_sent_one_does_not(
    machines: Machines, queue: tuple[Any, str]
) -> None:
    machine = machines.create(waiting(queue[1], HeartbeatSeconds=1))
    execution = machines.start(machine)
    asked = token(queue)
    time.sleep(0.7)
    machines.sfn.send_task_heartbeat(taskToken=asked)
    time.sleep(0.6)
    assert machines.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    ended = machines.finished(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.HeartbeatTimeout")


def test_an_answered_token_is_used_up(machines: Machines, queue: tuple[Any, str]) -> None:
    execution = machines.start(machines.create(waiting(queue[1])))
    asked = token(queue)
    with pytest.raises(machines.sfn.exceptions.InvalidOutput):
        machines.sfn.send_task_success(taskToken=asked, output="not JSON")
    machines.sfn.send_task_success(taskToken=asked, output='{"approved": true}')
    assert json.loads(machines.finished(execution)["output"]) == {"approved": True}
    with pytest.raises(machines.sfn.exceptions.TaskTimedOut):
        machines.sfn.send_task_success(taskToken=asked, output="{}")
    with pytest.raises(machines.sfn.exceptions.TaskDoesNotExist):
        machines.sfn.send_task_failure(taskToken="never-given", error="Error")


def test_a_retry_has_a_token_of_its_own(machines: Machines, queue: tuple[Any, str]) -> None:
    again = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    machine = machines.create(waiting(queue[1], TimeoutSeconds=2, Retry=again))
    execution = machines.start(machine)
    first, second = token(queue), token(queue)
    with pytest.raises(machines.sfn.exceptions.TaskTimedOut):
        machines.sfn.send_task_success(taskToken=first, output='{"approved": false}')
    machines.sfn.send_task_success(taskToken=second, output='{"approved": true}')
    assert json.loads(machines.finished(execution)["output"]) == {"approved": True}


def test_stopping_an_execution_closes_its_token(machines: Machines, queue: tuple[Any, str]) -> None:
    execution = machines.start(machines.create(waiting(queue[1])))
    asked = token(queue)
    machines.sfn.stop_execution(executionArn=execution)
    time.sleep(0.3)
    with pytest.raises(machines.sfn.exceptions.TaskTimedOut):
        machines.sfn.send_task_success(taskToken=asked, output="{}")
    assert machines.finished(execution)["status"] == "ABORTED"
    assert machines.history(execution)[-1]["type"] == "ExecutionAborted"


def test_a_function_that_fails_to_ask_fails_the_task(embedded_aws: Instance, machines: Machines) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", REFUSING)
    lambda_, name = embedded_aws.client("lambda"), f"asker-{uuid.uuid4().hex[:8]}"
    role = machines.role()
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": archive.getvalue()},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": name, "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    ended = machines.run(machines.create({"Ask": state}))
    assert (ended["status"], ended["error"]) == ("FAILED", "ValueError")
    assert json.loads(ended["cause"])["errorMessage"] == "cannot ask"
