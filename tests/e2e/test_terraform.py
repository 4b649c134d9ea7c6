"""Terraform as people use it: again, with more functions, with mistakes; and the check of a deployment."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import ROOT, Deployment
from tests.e2e.shell import attempt

BUS = "lambda-auto-repair-local"
PAUSED = {"Name": "lambda-auto-repair-alarm-rule-leaks", "EventBusName": BUS}
HEALTH = "lambda-auto-repair-system-health-local"
VALIDATE = f"{ROOT}/scripts/validate-deployment.sh --environment local"


def terraform(
    deployment: Deployment, action: str, extra_vars: Path, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`make plan ENV=local` or `make apply ENV=local`, on the state of the tests' own deployment."""
    command = [sys.executable, "-m", "scripts.terraform", action, "local"]
    command += ["--state", str(deployment.instance.folder), "--extra-vars", str(extra_vars), *options]
    return attempt(f"cd {shlex.quote(str(ROOT))} && {shlex.join(command)}", **variables)


def written(folder: Path, content: Any) -> Path:
    """A file for EXTRA_VARS."""
    file = folder / "functions.tfvars.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.fixture(scope="module")
def again(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A second apply, and a plan after it, while a function is paused.

    One entry is the environment's own this time, the others come from EXTRA_VARS.
    """
    events = deployment.client("events")
    (own, settings), *others = deployment.onboarded.items()
    extra = written(tmp_path_factory.mktemp("vars"), {"monitored_functions": dict(others)})
    environments = ("--var", f"monitored_functions={json.dumps({own: settings})}")
    events.disable_rule(**PAUSED)
    try:
        applied = terraform(deployment, "apply", extra, *environments)
        state = events.describe_rule(**PAUSED)["State"]
        planned = terraform(deployment, "plan", extra, *environments, TF_CLI_ARGS_plan="-detailed-exitcode")
    finally:
        events.enable_rule(**PAUSED)
    return {"apply": applied, "rule": state, "plan": planned}


def test_an_entry_of_the_environment_and_those_of_extra_vars_stand_side_by_side(
    again: dict[str, Any],
) -> None:
    applied = again["apply"]
    assert applied.returncode == 0, applied.stderr
    assert re.search(r"Resources: 0 added, \d+ changed, 0 destroyed", applied.stdout), applied.stdout[-3000:]


def test_an_apply_does_not_resume_a_paused_function(again: dict[str, Any]) -> None:
    assert again["rule"] == "DISABLED"


def test_a_second_plan_is_empty(again: dict[str, Any]) -> None:
    planned = again["plan"]
    assert planned.returncode == 0, planned.stdout[-5000:] + planned.stderr
    assert "No changes." in planned.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"monitored_functions": {"orders": }}', "is not valid JSON: Expecting value in line 1, column 36"),
        (["orders"], '`the file` is ["orders"]; expected an object'),
        ({"monitored_functions": ["orders"]}, '`monitored_functions` is ["orders"]; expected an object'),
        ({"monitored_functions": {"orders": "auto"}}, '`monitored_functions.orders` is "auto"; expected an'),
        ({"monitored_function": {"orders": {}}}, "there is no variable `monitored_function`. Known are: "),
    ],
)
def test_a_mistake_in_extra_vars_is_told_with_file_field_and_fix(
    deployment: Deployment, tmp_path: Path, content: Any, said: str
) -> None:
    file = written(tmp_path, content)
    planned = terraform(deployment, "plan", file)
    assert planned.returncode == 2
    assert str(file) in planned.stderr
    assert said in planned.stderr
    assert "Traceback" not in planned.stderr


def test_onboarding_a_function_that_does_not_exist_names_it(deployment: Deployment, tmp_path: Path) -> None:
    file = written(tmp_path, {"monitored_functions": {"no-such-function": {}}})
    # Only what is new is looked at: the rest of the deployment is not the question here.
    planned = terraform(deployment, "plan", file, TF_CLI_ARGS_plan="-refresh=false -lock=false")
    assert planned.returncode == 1
    assert "no-such-function" in planned.stderr
    assert "couldn't find resource" in planned.stderr


def test_a_deployment_that_works_is_found_so(deployment: Deployment) -> None:
    wait_until(lambda: health(deployment) != "ALARM", seconds=60, what="the system's health")
    checked = attempt(VALIDATE)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 broken" in checked.stdout


def health(deployment: Deployment) -> str:
    """What the alarm on the system itself says; the other tests gave it reasons."""
    (alarm,) = deployment.client("cloudwatch").describe_alarms(AlarmNames=[HEALTH])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_what_is_broken_is_named(deployment: Deployment) -> None:
    with no_dashboard(deployment), disabled_rule(deployment), stopped_function(deployment):
        checked = attempt(VALIDATE)
    assert checked.returncode == 1
    broken = [line for line in checked.stdout.splitlines() if line.startswith("BROKEN")]
    for part in (
        "dashboard lambda-auto-repair-local: does not exist",
        "rule lambda-auto-repair-alarms-local: DISABLED",
        "function lambda-auto-repair-planner-local: stopped",
    ):
        assert any(part in line for line in broken), checked.stdout


@contextmanager
def no_dashboard(deployment: Deployment) -> Iterator[None]:
    """Somebody deleted the dashboard."""
    cloudwatch, name = deployment.client("cloudwatch"), "lambda-auto-repair-local"
    body = cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    cloudwatch.delete_dashboards(DashboardNames=[name])
    try:
        yield
    finally:
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)


@contextmanager
def disabled_rule(deployment: Deployment) -> Iterator[None]:
    """Somebody disabled the rule that brings the alarms."""
    events, name = deployment.client("events"), "lambda-auto-repair-alarms-local"
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


@contextmanager
def stopped_function(deployment: Deployment) -> Iterator[None]:
    """Somebody took one of our own functions out of service, as one does: with a reservation of 0."""
    functions, name = deployment.client("lambda"), "lambda-auto-repair-planner-local"
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)
