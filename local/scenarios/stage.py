"""Puts a scenario's function into the account, as its owner would have done long before us."""

import io
import json
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.scenarios.model import Scenario

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
BASIC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ],
}


def deploy(session: Any, scenario: Scenario) -> None:
    """Create the scenario's function anew, with its own role, and prepare what belongs to it."""
    create_function(
        session,
        scenario.function_name,
        (scenario.folder / "function" / "handler.py").read_text(),
        memory_mb=scenario.memory_mb,
        timeout_s=scenario.timeout_s,
    )
    if scenario.prepare:
        scenario.prepare(session, scenario.function_name)


def create_function(
    session: Any, name: str, code: str, *, memory_mb: int, timeout_s: int, **settings: Any
) -> str:
    """A Python function from one source text, with a role that may only write logs; returns its ARN."""
    functions = session.client("lambda")
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=name)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=_role(session, f"{name}-role"),
        Handler="handler.handler",
        Code={"ZipFile": _zip(code)},
        MemorySize=memory_mb,
        Timeout=timeout_s,
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(functions.get_function_configuration(FunctionName=name)["FunctionArn"])


def _role(session: Any, name: str) -> str:
    iam = session.client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=json.dumps(BASIC))
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _zip(code: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("handler.py", code)
    return body.getvalue()


def extra_vars(scenarios: list[Scenario], path: Path) -> Path:
    """Write the onboarding of these functions as a tfvars file, as a user would."""
    entries = {scenario.function_name: scenario.onboarding for scenario in scenarios}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"monitored_functions": entries}, indent=2) + "\n")
    return path


def wait_until(condition: Any, *, seconds: float, what: str, every: float = 0.2) -> Any:
    """The first true value of `condition()`. Raises `TimeoutError` saying what did not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise TimeoutError(f"not within {seconds:.0f} s: {what}")
