"""The command that starts an incident's function again can be pasted, and is understood."""

import json
import shlex

import pytest

from auto_repair.contracts.alarm_events import read
from auto_repair.domain.manual_start import start_command
from tests.builders import ACCOUNT, REGION, an_incident


@pytest.mark.parametrize("alias", [None, "live"])
def test_command_starts_the_same_workflow_for_the_same_function(alias: str | None) -> None:
    words = shlex.split(start_command(an_incident(alias=alias)))
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert words[:3] == ["aws", "stepfunctions", "start-execution"]
    assert options["--region"] == REGION
    assert options["--state-machine-arn"] == (
        f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:lambda-auto-repair-workflow-test"
    )
    request = read(json.loads(options["--input"]))
    assert (request.function_name, request.alias) == ("orders", alias)


@pytest.mark.parametrize("arn", ["", "first", "arn:aws:states:eu-central-1:123456789012:execution:one"])
def test_no_command_is_made_up(arn: str) -> None:
    assert start_command(an_incident(execution_arn=arn)) == ""
