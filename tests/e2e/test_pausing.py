"""The operators' switch: while a function's rule is disabled nothing is changed, and enabling it resumes."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from local.scenarios import incident_watch
from local.scenarios.stage import wait_until
from tests.e2e.deployment import STATE_MACHINE, Deployment, now
from tests.e2e.shell import aws

NAME = "paused"
RULE = f'--name "lambda-auto-repair-alarm-rule-{NAME}" --event-bus-name "lambda-auto-repair-local"'
ALARM = f"lambda-errors-alarm-{NAME}"


@dataclass(frozen=True)
class Story:
    """What happened to a function that failed all the time, while it was paused and afterwards."""

    started_by_alarm: str | None
    manual: dict[str, Any]
    memory_while_paused: int
    resumed: dict[str, Any]


@pytest.fixture(scope="module")
def story(deployment: Deployment) -> Story:
    """Pause, let the alarm fire, start by hand, resume, let the alarm fire again."""
    since = now()
    aws(f"events disable-rule {RULE}")
    with deployment.traffic(NAME, {"mb": 200}):
        wait_until(lambda: fires(deployment), seconds=60, what="the alarm")
        wait_for_later_alarm(deployment)
        started = incident_watch.find_execution(deployment.session, STATE_MACHINE, NAME, since)
        manual = deployment.end_of(
            deployment.start({"functionName": NAME, "alarmName": ALARM, "manual": True})
        )
        memory = deployment.configuration(NAME)["MemorySize"]
        since = now()
        aws(f"events enable-rule {RULE}")
        set_alarm(deployment, ALARM, "OK")
        resumed = deployment.incident(NAME, since)
    return Story(started, json.loads(manual["output"]), memory, resumed)


def fires(deployment: Deployment) -> bool:
    """Whether the function's alarm is in ALARM."""
    found = deployment.client("cloudwatch").describe_alarms(AlarmNames=[ALARM], StateValue="ALARM")
    return bool(found["MetricAlarms"])


def set_alarm(deployment: Deployment, name: str, state: str) -> None:
    """Set an alarm by hand; CloudWatch looks again at its next evaluation."""
    cloudwatch = deployment.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="set by hand")


def wait_for_later_alarm(deployment: Deployment) -> None:
    """Return when an alarm that fires now has been dealt with, and so have those before it."""
    since = now()
    set_alarm(deployment, "lambda-errors-alarm-healthy", "ALARM")
    deployment.end_of(deployment.execution("healthy", since))


def test_the_alarm_of_a_paused_function_starts_nothing(story: Story) -> None:
    assert story.started_by_alarm is None


def test_a_manual_start_of_a_paused_function_changes_nothing_and_says_why(
    deployment: Deployment, story: Story
) -> None:
    plan = story.manual["plan"]
    assert plan["decision"] == "refuse", plan
    assert plan["refusal"]["rule"] == "paused"
    assert story.memory_while_paused == 128
    first = deployment.repairs(NAME)[0]
    assert first["status"]["S"] == "REFUSED"
    assert first["refusedByRule"]["S"] == "paused"
    assert "enable-rule" in first["wayOut"]["S"]
    message = deployment.messages(NAME)[0]["Message"]
    assert "paused" in message
    assert "enable-rule" in message


def test_enabling_the_rule_resumes_repairs(deployment: Deployment, story: Story) -> None:
    assert story.resumed["verification"]["outcome"] == "repaired", story.resumed
    assert deployment.configuration(NAME)["MemorySize"] >= 256
    assert deployment.repairs(NAME)[-1]["status"]["S"] == "VERIFIED"
