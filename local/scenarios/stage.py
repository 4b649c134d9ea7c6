"""Puts a scenario's function into the account, as its owner would have done long before us."""

import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.scenarios.model import JsonObject, Scenario

PERMISSIONS = "permissions"

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
    session: Any,
    name: str,
    code: str | Mapping[str, str],
    *,
    memory_mb: int,
    timeout_s: int,
    permissions: Sequence[JsonObject] = (),
    **settings: Any,
) -> str:
    """A Python function from one source text, or several by file name; returns its ARN.

    Its role, `NAME-role`, may write logs and, by the inline policy `PERMISSIONS`, what the statements allow.
    """
    functions = session.client("lambda")
    with suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=name)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=_role(session, f"{name}-role", permissions),
        Handler="handler.handler",
        Code={"ZipFile": package(code)},
        MemorySize=memory_mb,
        Timeout=timeout_s,
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.2})
    return str(functions.get_function_configuration(FunctionName=name)["FunctionArn"])


def _role(session: Any, name: str, permissions: Sequence[JsonObject]) -> str:
    iam = session.client("iam")
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=json.dumps(BASIC))
    if permissions:
        iam.put_role_policy(
            RoleName=name, PolicyName=PERMISSIONS, PolicyDocument=json.dumps(policy(*permissions))
        )
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def policy(*statements: JsonObject) -> JsonObject:
    """A policy document with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def package(code: str | Mapping[str, str]) -> bytes:
    """A deployment package: one text is handler.py."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ({"handler.py": code} if isinstance(code, str) else code).items():
            archive.writestr(name, text)
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
