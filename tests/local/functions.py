"""Small Lambda functions for the shims' tests, and what AWS shows of them."""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.instance import Instance

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def package(source: str, **more: str) -> bytes:
    """A deployment package with `app.py` and further files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"app.py": source, **more}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass(frozen=True)
class Answer:
    """What the Invoke API answered."""

    payload: Any
    error: str | None
    tail: str
    request_id: str
    version: str


@dataclass(frozen=True)
class Function:
    """A deployed function."""

    aws: Instance
    name: str

    @property
    def lambda_(self) -> Any:
        return self.aws.client("lambda")

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:000000000000:function:{self.name}"

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.name}"

    def invoke(self, event: Any = None, **options: Any) -> Answer:
        answer = self.lambda_.invoke(
            FunctionName=self.name, Payload=json.dumps(event), LogType="Tail", **options
        )
        text = answer["Payload"].read().decode()
        return Answer(
            payload=json.loads(text) if text else None,
            error=answer.get("FunctionError"),
            tail=base64.b64decode(answer.get("LogResult", "")).decode(),
            request_id=answer["ResponseMetadata"]["RequestId"],
            version=answer.get("ExecutedVersion", ""),
        )

    def update(self, **configuration: Any) -> None:
        self.lambda_.update_function_configuration(FunctionName=self.name, **configuration)
        self.wait_until_updated()

    def wait_until_updated(self) -> None:
        wait_for(lambda: self.configuration()["LastUpdateStatus"] == "Successful")

    def configuration(self) -> Any:
        return self.lambda_.get_function_configuration(FunctionName=self.name)

    def log(self) -> list[str]:
        """The messages of all log streams."""
        events = self.aws.client("logs").filter_log_events(logGroupName=self.log_group)["events"]
        return [event["message"] for event in events]

    def streams(self) -> list[str]:
        found = self.aws.client("logs").describe_log_streams(logGroupName=self.log_group)["logStreams"]
        return [stream["logStreamName"] for stream in found]


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def role(aws: Instance) -> str:
    """The ARN of a role that may do everything."""
    iam = aws.client("iam")
    name = unique("role")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allow))
    return arn


def deploy(
    aws: Instance, source: str, *, files: dict[str, str] | None = None, **configuration: Any
) -> Function:
    """Create a function from the text of its module and wait until it is active."""
    function = Function(aws, unique("function"))
    settings = {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": role(aws),
        "Code": {"ZipFile": package(source, **(files or {}))},
        **configuration,
    }
    function.lambda_.create_function(FunctionName=function.name, **settings)
    wait_for(lambda: function.configuration()["State"] == "Active")
    return function


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value of the condition; AssertionError if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return value
