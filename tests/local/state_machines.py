"""State machines for the tests of their shims."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.instance import Instance

ACCOUNT = "000000000000"
REGION = "us-east-1"
STATES_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True)
class Machines:
    """Makes state machines and runs them."""

    aws: Instance
    sfn: Any

    def role(self, *statements: Mapping[str, Any]) -> str:
        """A role that Step Functions may assume, with the statements as its policy."""
        iam, name = self.aws.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(STATES_TRUST))
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy)
        arn: str = role["Role"]["Arn"]
        return arn

    def create(
        self,
        states: Mapping[str, Any],
        role: str | None = None,
        *,
        top: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """The ARN of a machine that starts at the first state."""
        definition = {"StartAt": next(iter(states)), "States": dict(states), **(top or {})}
        machine = self.sfn.create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=role or self.role(allow("*", "*")),
            **more,
        )
        arn: str = machine["stateMachineArn"]
        return arn

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        started = self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **more)
        arn: str = started["executionArn"]
        return arn

    def run(self, machine: str, given: Any = None) -> dict[str, Any]:
        """A whole execution, described."""
        return self.finished(self.start(machine, given))

    def finished(self, execution: str, within_s: float = 15) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            described: dict[str, Any] = self.sfn.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.05)
        raise AssertionError(f"Still running: {execution}")

    def history(self, execution: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.sfn.get_execution_history(
            executionArn=execution, maxResults=1000
        )["events"]
        return events


def allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}
