"""Permissions exist, suffice, are as narrow as AWS allows; only the executor may change what is not ours."""

from __future__ import annotations

import ast
import fnmatch
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from policy_sentry.querying.actions import get_action_data, get_actions_for_service

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "terraform"
PERMISSIONS = TERRAFORM / "modules" / "auto_repair" / "permissions.tf"

ACTION = re.compile(
    r'"((?!aws:|dynamodb:LeadingKeys|kms:ViaService)[a-z0-9-]+:(?:\*|[A-Z][A-Za-z]*\*?))"'
)  # the rest are condition keys
# AWS lets these be narrowed, and then they do not tell what we need: composite alarms, as its reference says.
ONLY_WHOLE = {"cloudwatch:DescribeAlarms"}
OTHER_PEOPLES_THINGS = ("any_function", "any_queue", "function_logs")


@dataclass(frozen=True)
class Statement:
    """One `statement` block of an `aws_iam_policy_document`."""

    sid: str
    actions: tuple[str, ...]
    resources: str  # as written
    comment: str  # the line above the resources
    denies: bool = False


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
        denies='effect = "Deny"' in re.sub(" +", " ", body),
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


def formats_of(action: str) -> set[str]:
    return {fact["resource_arn_format"] for fact in facts_of(action)}


def levels_of(action: str) -> set[str]:
    return {fact["access_level"] for fact in facts_of(action)}


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
    if statement.denies or statement.resources != '["*"]':
        return
    assert statement.comment, "a * says in the line above which API offers no narrower scope"
    narrower = {
        a for a in statement.actions if any(fact["resource_arn_format"] != "*" for fact in facts_of(a))
    }
    assert narrower <= ONLY_WHOLE


def test_who_may_read_any_parameter_may_decrypt_none() -> None:
    """The key policy of aws/ssm lets them, so only a denial stands between them and every secret."""
    documents = _blocks(PERMISSIONS.read_text(), re.compile(r'^data "aws_iam_policy_document" "\w+" {', re.M))
    reading = [
        [_statement(body) for body in _blocks(document, re.compile(r"\bstatement {"))]
        for document in documents
        if ":parameter/*" in document
    ]
    assert len(reading) == 1
    for found in reading:
        assert [s.actions for s in found if s.denies and s.resources == '["*"]'] == [("kms:Decrypt",)]


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
        re.findall(r'module\.functions\["(\w+)"\]', body)[0]: set(ACTION.findall(body))
        for body in _blocks(text, re.compile(r'^module "(?:changes_to_functions|probes)" {', re.MULTILINE))
    }
    assert set(grants) == {"executor", "verifier"}
    assert grants["verifier"] == {"lambda:InvokeFunction"}
    assert "lambda:InvokeFunction" not in grants["executor"]


# Calls that IAM knows by another name.
PERMISSION_OF = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",
    "bedrock-runtime:Converse": "bedrock:InvokeModel",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
}
# Services that IAM knows by another name; of API Gateway it knows HTTP's verbs.
SERVICE_OF = {
    "bedrock-agent-runtime": "bedrock",
    "elbv2": "elasticloadbalancing",
    "stepfunctions": "states",
}
VERBS = {"Get": "GET"}


def permission_of(call: str) -> str:
    """The action that allows a call."""
    service, operation = PERMISSION_OF.get(call, call).split(":")
    if service in ("apigateway", "apigatewayv2"):
        return f"apigateway:{next(VERBS[verb] for verb in VERBS if operation.startswith(verb))}"
    return f"{SERVICE_OF.get(service, service)}:{operation}"


ADAPTERS = ROOT / "layers" / "shared" / "python" / "auto_repair" / "adapters"


@cache
def operations_of(service: str) -> dict[str, str]:
    """boto3's method name → operation."""
    names = botocore.session.get_session().get_service_model(service).operation_names
    return {xform_name(name): name for name in names}


def service_of(node: ast.AST) -> str | None:
    """The service in `….client("service")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name == "client" and node.args and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value)
    return None


def calls_in(source: str) -> set[str]:
    """The AWS operations that an adapter calls, as `service:Operation`."""
    nodes = list(ast.walk(ast.parse(source)))
    held = {service for node in nodes if (service := service_of(node))}
    found = set()
    for node in nodes:
        if isinstance(node, ast.Attribute):
            named = getattr(node.value, "attr", getattr(node.value, "id", ""))
            services = {service_of(node.value)} - {None} or (
                held if named in ("client", "_client") else set()
            )
            found |= {
                f"{s}:{operations_of(s)[node.attr]}" for s in services if s and node.attr in operations_of(s)
            }
    return found


def test_calls_are_recognised() -> None:
    assert calls_in('self._clients.client("ssm").get_parameter(Name="x")') == {"ssm:GetParameter"}
    assert calls_in('client = made.client("sqs")\nclient.get_queue_url()') == {"sqs:GetQueueUrl"}


@pytest.mark.parametrize("adapter", sorted(ADAPTERS.rglob("[!_]*.py")), ids=lambda path: path.stem)
def test_every_call_to_aws_is_permitted(adapter: Path) -> None:
    needed = {permission_of(call) for call in calls_in(adapter.read_text())}
    assert needed - set(USED) == set()
