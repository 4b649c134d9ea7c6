"""Every permission in Terraform exists, is as narrow as AWS allows, and lets only the executor change others' things."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data, get_actions_for_service

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "terraform"
PERMISSIONS = TERRAFORM / "modules" / "auto_repair" / "permissions.tf"

ACTION = re.compile(r'"((?!aws:)[a-z0-9-]+:(?:\*|[A-Z][A-Za-z]*\*?))"')  # aws: starts condition keys
OTHER_PEOPLES_THINGS = ("any_function", "any_queue", "function_logs")


@dataclass(frozen=True)
class Statement:
    """One `statement` block of an `aws_iam_policy_document`."""

    sid: str
    actions: tuple[str, ...]
    resources: str  # as written
    comment: str  # the line above the resources


def statements(path: Path) -> list[Statement]:
    return [_statement(body) for body in _blocks(path.read_text(), re.compile(r"\bstatement {"))]


def _statement(body: str) -> Statement:
    actions = re.search(r"\bactions\s*=\s*\[(.*?)\]", body, re.DOTALL)
    resources = re.search(r"(?:# (.*)\n\s*)?\bresources\s*=\s*(.*)", body)
    sid = re.search(r'\bsid\s*=\s*"(\w+)"', body)
    return Statement(
        sid[1] if sid else "",
        tuple(ACTION.findall(actions[1])) if actions else (),
        resources[2] if resources else "",
        (resources[1] or "") if resources else "",
    )


def _blocks(text: str, opening: re.Pattern[str]) -> list[str]:
    found = []
    for match in opening.finditer(text):
        depth, index = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[index], 0)
            index += 1
        found.append(text[match.end() : index])
    return found


@cache
def actions_of(service: str) -> frozenset[str]:
    return frozenset(get_actions_for_service(service))


@cache
def facts_of(action: str) -> list[dict[str, Any]]:
    service, name = action.split(":")
    data = get_action_data(service, name)
    return list(data[service]) if data else []


def exists(action: str) -> bool:
    known = actions_of(action.split(":")[0])
    return bool(fnmatch.filter(known, action)) if "*" in action else action in known


FILES = sorted(TERRAFORM.glob("modules/*/*.tf"))
USED = sorted({action for path in FILES for action in ACTION.findall(path.read_text())})
STATEMENTS = [
    pytest.param(statement, id=f"{path.parent.name}-{statement.sid or statement.actions[0]}")
    for path in FILES
    for statement in statements(path)
    if statement.actions
]


def test_the_list_of_actions_is_read_right() -> None:
    assert {
        "lambda:UpdateFunctionConfiguration",
        "kms:GenerateDataKey*",
        "sns:Publish",
        "s3:PutObject",
    } <= set(USED)
    assert not exists("lambda:UpdateFunctionMemory")


@pytest.mark.parametrize("action", USED)
def test_the_action_exists(action: str) -> None:
    assert exists(action)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_everything_is_allowed_only_where_aws_offers_no_narrower_scope(statement: Statement) -> None:
    if statement.resources != '["*"]':
        return
    assert statement.comment, "a * says in the line above which API offers no narrower scope"
    narrower = [
        a for a in statement.actions if any(fact["resource_arn_format"] != "*" for fact in facts_of(a))
    ]
    assert narrower == []


@pytest.mark.parametrize(
    "statement",
    [s for s in statements(PERMISSIONS) if any(thing in s.resources for thing in OTHER_PEOPLES_THINGS)],
    ids=lambda s: s.sid,
)
def test_what_is_not_ours_is_only_read(statement: Statement) -> None:
    writes = [
        a
        for a in statement.actions
        if any(fact["access_level"] not in ("Read", "List") for fact in facts_of(a))
    ]
    assert writes == []


def test_only_the_executor_is_granted_changes() -> None:
    text = (TERRAFORM / "modules" / "auto_repair" / "monitored_functions.tf").read_text()
    grants = {
        re.search(r'module\.functions\["(\w+)"\]', body)[1]: set(ACTION.findall(body))  # type: ignore[index]
        for body in _blocks(text, re.compile(r'^module "(?:changes_to_functions|probes)" {', re.MULTILINE))
    }
    assert set(grants) == {"executor", "verifier"}
    assert grants["verifier"] == {"lambda:InvokeFunction"}
    assert "lambda:InvokeFunction" not in grants["executor"]
