"""The account that a command's ENV means: the one that the AWS_* variables or the profile reach.

ENV=local means this checkout's embedded AWS, which `make local` starts.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

import boto3
from botocore.config import Config

from scripts.terraform import LOCAL, embedded_aws_variables

PREFIX = "lambda-auto-repair"
# A function of ours may take a minute; to ask it twice would do its work twice.
_CONFIG = Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=90)


class Unreachable(RuntimeError):
    """The message says what to do."""


def reach(environment: str, region: str | None = None) -> boto3.Session:
    """A session of that account; this process is pointed to it. Raises `Unreachable`, `BotoCoreError`."""
    if environment == LOCAL and "AWS_ENDPOINT_URL" not in os.environ:
        try:
            variables = embedded_aws_variables()
        except subprocess.CalledProcessError as error:
            raise Unreachable("no embedded AWS is running; make local starts one") from error
        os.environ.clear()
        os.environ.update(variables)
    # Terraform and the AWS CLI know AWS_REGION, boto3 by itself does not.
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    if session.region_name is None:
        raise Unreachable("no region is set; set AWS_REGION, or choose a profile that has one")
    return session


def client(session: boto3.Session, service: str) -> Any:
    """A client that gives up in bounded time."""
    make_client: Any = session.client
    return make_client(service, config=_CONFIG)


def state_machine(session: boto3.Session, environment: str) -> str:
    """The ARN of the environment's workflow."""
    identity = client(session, "sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    place = f"{session.region_name}:{identity['Account']}"
    return f"arn:{partition}:states:{place}:stateMachine:{PREFIX}-workflow-{environment}"
