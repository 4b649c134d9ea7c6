"""Settings of asynchronous invocations come back as they were put."""

from __future__ import annotations

import io
import uuid
import zipfile

from local.instance import Instance


def test_only_what_was_set_is_answered(embedded_aws: Instance) -> None:
    archive, name = io.BytesIO(), f"function-{uuid.uuid4().hex[:8]}"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", "def handler(event, context): pass")
    lambda_, iam = embedded_aws.client("lambda"), embedded_aws.client("iam")
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )
    put = lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    got = lambda_.get_function_event_invoke_config(FunctionName=name)
    for answer in (put, got):
        assert answer["MaximumRetryAttempts"] == 0
        assert "MaximumEventAgeInSeconds" not in answer
