"""Terraform and the functions agree: names, policies, environment, placeholders, metrics."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from auto_repair import observability, settings
from auto_repair.adapters.function_policies import policy_from
from auto_repair.adapters.lambda_functions import PROBE_READ_TIMEOUT_S
from auto_repair.domain.naming import alarm_rule, executor_role
from auto_repair.domain.policy import (
    MAX_APPROVAL_EXPIRY_S,
    MAX_VERIFICATION_BUDGET_S,
    FreezeWindow,
    FunctionPolicy,
    Limits,
    Mode,
)
from auto_repair.repairs import all_repairs
from auto_repair.use_cases import collect_metrics_and_logs, look_around, verify_repair

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "terraform" / "modules"
GOLDEN = MODULES / "monitored_function" / "tests"

FUNCTIONS_TF = (MODULES / "auto_repair" / "functions.tf").read_text()
DEFINITION = (ROOT / "asl" / "repair_workflow.asl.json").read_text()
ROLES = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))


def block(text: str, opening: str) -> str:
    """What stands between the braces after `opening`."""
    start = text.index(opening) + len(opening)
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start:index]
    raise ValueError(f"{opening!r} is not closed")


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


# `terraform test` holds the module to these files; here the functions are held to the same.


@pytest.mark.parametrize(("function", "rule"), golden("rule_names.json").items())
def test_functions_find_the_rule_that_terraform_made(function: str, rule: str) -> None:
    assert alarm_rule(function) == rule


def test_the_policy_of_an_empty_entry_is_the_default_policy() -> None:
    assert policy_from("default", json.dumps(golden("default_policy.json"))) == FunctionPolicy()


@pytest.mark.parametrize("name", ["default_policy.json", "full_policy.json"])
def test_terraform_writes_every_field_of_a_policy(name: str) -> None:
    policy = golden(name)
    # Whether a function is onboarded follows from the parameter being there.
    assert set(policy) == {field.name for field in fields(FunctionPolicy)} - {"onboarded"}
    assert set(policy["limits"]) == {field.name for field in fields(Limits)}


def test_functions_understand_what_terraform_writes() -> None:
    assert policy_from("full", json.dumps(golden("full_policy.json"))) == FunctionPolicy(
        mode=Mode.ASK,
        repairs={"raise_memory": Mode.AUTO, "raise_timeout": Mode.OBSERVE},
        limits=Limits(1024, 60, 10, 5.0),
        alias="live",
        caller_timeout_s=29,
        freeze_windows=(FreezeWindow("fri 16:00", "mon 08:00", "Europe/Berlin"),),
        approvers=("on-call-engineer@example.com",),
        contact="orders-team@example.com",
        probe_payload={"kind": "probe", "orders": []},
        min_invocations=5,
        verification_budget_s=900,
        approval_expiry_s=3600,
        cooldown_s=1200,
        queues=("arn:aws:sqs:eu-central-1:123456789012:orders-inbox",),
        buckets=("arn:aws:s3:::images",),
    )


def test_repairs_are_named_as_their_files() -> None:
    """Terraform refuses unknown repairs by looking at the folder."""
    folder = ROOT / "layers" / "shared" / "python" / "auto_repair" / "repairs"
    assert set(all_repairs()) == {path.stem for path in folder.glob("[!_]*.py")}


def test_every_function_in_the_repository_is_deployed() -> None:
    assert sorted(re.findall(r"^    (\w+) += { does", FUNCTIONS_TF, re.MULTILINE)) == ROLES


def test_every_placeholder_of_the_workflow_is_supplied() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", DEFINITION)) <= {f"{role}_arn" for role in ROLES}


def test_terraform_sets_what_the_settings_read() -> None:
    read = set(re.findall(r'(?:required|environ\.get)\("([A-Z_]+)"', Path(settings.__file__).read_text()))
    set_by_lambda = {name for name in read if name.startswith("AWS_")}
    variables = block(FUNCTIONS_TF, "environment_variables = {")
    written = set(re.findall(r"^    ([A-Z_]+) +=", variables, re.MULTILINE))
    powertools = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
    assert written - powertools == read - set_by_lambda


def test_the_executors_role_is_the_one_that_marks_changes_as_ours() -> None:
    assert f'"{executor_role("${var.environment}")}"' in FUNCTIONS_TF


def timeout_of(role: str) -> int:
    """Seconds after which AWS cuts the function off."""
    found: dict[str, str] = dict(re.findall(r"(\w+) = (\d+)", block(FUNCTIONS_TF, "timeouts_s = {")))
    usual = re.search(r"lookup\(local\.timeouts_s, each\.key, (\d+)\)", FUNCTIONS_TF)
    assert usual
    return int(found.get(role, usual[1]))


def test_functions_end_before_the_workflow_gives_up_on_them() -> None:
    states = [s for s in json.loads(DEFINITION)["States"].values() if "TimeoutSeconds" in s]
    assert states
    for state in states:
        assert timeout_of(state["Resource"][2:-5]) < state["TimeoutSeconds"], state["Resource"]


def test_evidence_that_comes_late_is_missing_evidence_and_no_function_that_is_cut_off() -> None:
    starts = 2 + look_around.MOST_OTHERS  # the alarmed resource, the function, the nearest others
    topology_s = starts * look_around.TOPOLOGY_DEADLINE_S
    own_s = collect_metrics_and_logs.DEADLINE_S + collect_metrics_and_logs.OF_ALIAS_DEADLINE_S
    collecting_s = own_s + topology_s + look_around.DEADLINE_S
    probing_s = verify_repair.PROBING.total_seconds() + PROBE_READ_TIMEOUT_S
    verifying_s = collect_metrics_and_logs.DEADLINE_S + look_around.DEADLINE_S + probing_s
    assert collecting_s < timeout_of("collector")
    assert verifying_s < timeout_of("verifier")


@pytest.mark.parametrize(
    ("setting", "most"),
    [
        ("verification_budget_s", MAX_VERIFICATION_BUDGET_S),
        ("approval_expiry_s", MAX_APPROVAL_EXPIRY_S),
    ],
)
def test_terraform_allows_what_the_workflows_limits_were_made_for(setting: str, most: int) -> None:
    variables = (MODULES / "monitored_function" / "variables.tf").read_text()
    assert re.findall(rf"var\.settings\.{setting} <= (\d+)", variables) == [str(most)]


@pytest.mark.parametrize("file", ["main.tf", "dashboard.tf"])
def test_health_watches_metrics_that_the_functions_emit(file: str) -> None:
    text = (MODULES / "system_health" / file).read_text()
    handlers = "\n".join((ROOT / "lambdas" / role / "handler.py").read_text() for role in ROLES)
    watched = re.findall(r'"((?:Incident|Repair|Approval|Result)\w+)"', text)
    assert watched
    assert [name for name in watched if f'"{name}"' not in handlers] == []


def test_health_watches_the_service_that_the_functions_are() -> None:
    functions = (MODULES / "auto_repair" / "functions.tf").read_text()
    health = (MODULES / "auto_repair" / "main.tf").read_text().partition('module "system_health"')[2]
    assert re.search(r"POWERTOOLS_SERVICE_NAME += local\.service\n", functions)
    assert re.search(r"\n  service += local\.service\n", health.partition("\n}")[0])
    assert observability.NAMESPACE in (MODULES / "system_health" / "main.tf").read_text()
