"""The command that starts again what an incident is about can be pasted, and is understood."""

import json
import shlex

import pytest

from auto_repair.contracts.alarm_events import read
from auto_repair.domain.incident import Incident
from auto_repair.domain.manual_start import start_command
from tests.builders import ACCOUNT, REGION, an_incident


def started(incident: Incident) -> dict[str, str]:
    """The options of its command."""
    words = shlex.split(start_command(incident))
    assert words[:3] == ["aws", "stepfunctions", "start-execution"]
    return dict(zip(words[3::2], words[4::2], strict=True))


@pytest.mark.parametrize("alias", [None, "live"])
def test_command_starts_the_same_workflow_for_the_same_function(alias: str | None) -> None:
    options = started(an_incident(alias=alias))
    assert options["--region"] == REGION
    assert options["--state-machine-arn"] == (
        f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:lambda-auto-repair-workflow-test"
    )
    request = read(json.loads(options["--input"]))
    assert (request.function_name, request.alias) == ("orders", alias)


@pytest.mark.parametrize("resource", ["apigateway:a1b2c3", "dynamodb:stock", "events:shop/nightly"])
@pytest.mark.parametrize("has_function", [True, False])
def test_command_starts_what_the_alarm_is_on(resource: str, has_function: bool) -> None:
    heart = "orders" if has_function else resource
    incident = an_incident(function_name=heart, resource=resource)
    request = read(json.loads(started(incident)["--input"]))
    assert request.resource is not None
    assert (request.resource.id, request.function_name) == (resource, "")


def test_function_is_started_where_nobody_knows_the_name_of_what_the_alarm_is_on() -> None:
    request = read(json.loads(started(an_incident(resource="apigateway:"))["--input"]))
    assert (request.function_name, request.resource) == ("orders", None)


@pytest.mark.parametrize("arn", ["", "first", "arn:aws:states:eu-central-1:123456789012:execution:one"])
def test_no_command_is_made_up(arn: str) -> None:
    assert start_command(an_incident(execution_arn=arn)) == ""
