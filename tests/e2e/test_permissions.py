"""Who may do what, asked of AWS itself with the credentials of each part's role."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.deployment import ACCOUNT, STATE_MACHINE, TOPIC, Deployment

PREFIX, ENVIRONMENT = "lambda-auto-repair-", "-local"
EXECUTOR, WORKFLOW = "execution", "workflow"
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
ONBOARDED, OTHER = "healthy", "not-onboarded"
TABLES = ("repairs", "diagnosis", "incidents")

# docs/architecture.md, "What each part may do". A part that is not named writes to no table.
MAY_WRITE = {
    "coordinator": {"incidents"},
    "diagnoser": {"diagnosis"},
    "planner": {"repairs"},
    "approver": {"repairs", "incidents"},
    "execution": {"repairs", "incidents"},  # every step of it keeps the function claimed
    "verifier": {"repairs"},
    "notifier": {"repairs", "diagnosis", "incidents"},
    "findings": {"diagnosis", "incidents"},
}
MAY_STORE_DOCUMENTS = {"collector", "verifier", "notifier", "findings"}
# Who takes a change that becomes known late to whom.
LATE_EVIDENCE = ("change-recorder", f"{PREFIX}findings{ENVIRONMENT}")
MAY_PUBLISH = {"approver", "notifier", "findings"}


@dataclass(frozen=True)
class Part:
    """One of our roles, and clients that act as it."""

    name: str  # without what all names have in common
    session: boto3.Session
    _clients: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def client(self, service: str) -> Any:
        """A client with the part's credentials."""
        if service not in self._clients:
            make_client: Any = self.session.client
            self._clients[service] = make_client(service)
        return self._clients[service]


def act_as(deployment: Deployment, role: str) -> Part:
    """The part with that role, which trusts AWS services alone: the owner lets himself in for a moment."""
    iam, sts = deployment.client("iam"), deployment.client("sts")
    found = iam.get_role(RoleName=role)["Role"]
    trust = found["AssumeRolePolicyDocument"]
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    opened = {**trust, "Statement": [*trust["Statement"], owner]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(opened))
    try:
        keys = sts.assume_role(RoleArn=found["Arn"], RoleSessionName="permissions")["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return Part(role.removeprefix(PREFIX).removesuffix(ENVIRONMENT), session)


@pytest.fixture(scope="module")
def parts(deployment: Deployment) -> dict[str, Part]:
    """Every role that the deployment made, whatever it is for."""
    pages = deployment.client("iam").get_paginator("list_roles").paginate()
    roles = [role["RoleName"] for page in pages for role in page["Roles"]]
    found = [act_as(deployment, role) for role in roles if role.startswith(PREFIX)]
    assert len(found) >= 12, [part.name for part in found]
    return {part.name: part for part in found}


@pytest.fixture(scope="module")
def alias(deployment: Deployment) -> Iterator[str]:
    """The name of an alias that both functions have while the tests run."""
    functions = deployment.client("lambda")
    for name in (ONBOARDED, OTHER):
        version = functions.publish_version(FunctionName=name)["Version"]
        functions.create_alias(FunctionName=name, Name="permissions", FunctionVersion=version)
    yield "permissions"
    for name in (ONBOARDED, OTHER):
        functions.delete_alias(FunctionName=name, Name="permissions")


def queue(deployment: Deployment, name: str) -> str:
    """The URL of a queue."""
    return str(deployment.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def is_refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether AWS says that the caller may not; any other error is one of the test's own."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        return True
    return False


def changes(part: Part, function: str, alias: str) -> dict[str, Callable[[], Any]]:
    """The changes that repairs are made of; none of them does harm."""
    client = part.client("lambda")
    return {
        "UpdateFunctionConfiguration": partial(
            client.update_function_configuration, FunctionName=function, Description=""
        ),
        "PublishVersion": partial(client.publish_version, FunctionName=function),
        "UpdateAlias": partial(client.update_alias, FunctionName=function, Name=alias, Description="tried"),
        "PutFunctionConcurrency": partial(
            client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=5
        ),
        "DeleteFunctionConcurrency": partial(client.delete_function_concurrency, FunctionName=function),
    }


def other_changes(part: Part, function: str) -> dict[str, Callable[[], Any]]:
    """What no repair needs."""
    client = part.client("lambda")
    return {
        "UpdateFunctionCode": partial(
            client.update_function_code, FunctionName=function, ZipFile=b"", DryRun=True
        ),
        "PutFunctionEventInvokeConfig": partial(
            client.put_function_event_invoke_config, FunctionName=function, MaximumRetryAttempts=2
        ),
        "AddPermission": partial(
            client.add_permission,
            FunctionName=function,
            StatementId="tried",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
        ),
    }


def test_the_executor_changes_what_is_onboarded_and_nothing_else(
    deployment: Deployment, parts: dict[str, Part], alias: str
) -> None:
    # AWS Lambda takes one change at a time.
    waiter = deployment.client("lambda").get_waiter("function_updated_v2")
    for action, change in changes(parts[EXECUTOR], ONBOARDED, alias).items():
        assert not is_refused(change), action
        waiter.wait(FunctionName=ONBOARDED, WaiterConfig={"Delay": 1})
    for action, change in changes(parts[EXECUTOR], OTHER, alias).items():
        assert is_refused(change), action


def test_the_executor_does_only_what_repairs_are_made_of(parts: dict[str, Part]) -> None:
    for action, change in other_changes(parts[EXECUTOR], ONBOARDED).items():
        assert is_refused(change), action


def test_the_executor_changes_only_queues_of_onboarded_functions(
    deployment: Deployment, parts: dict[str, Part]
) -> None:
    ours, other = queue(deployment, "fed-by-a-queue"), queue(deployment, "mailbox")
    sqs = parts[EXECUTOR].client("sqs")
    now = sqs.get_queue_attributes(QueueUrl=ours, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert not is_refused(sqs.set_queue_attributes, QueueUrl=ours, Attributes=now)
    assert is_refused(sqs.set_queue_attributes, QueueUrl=other, Attributes=now)


def test_nobody_but_the_executor_changes_a_function_or_a_queue(
    deployment: Deployment, parts: dict[str, Part], alias: str
) -> None:
    url = queue(deployment, "fed-by-a-queue")
    for part in parts.values():
        if part.name == EXECUTOR:
            continue
        calls = changes(part, ONBOARDED, alias) | other_changes(part, ONBOARDED)
        calls["SetQueueAttributes"] = partial(
            part.client("sqs").set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": "30"}
        )
        for action, call in calls.items():
            assert is_refused(call), f"{part.name} may {action}"


def test_the_workflow_runs_our_functions_and_no_others(
    deployment: Deployment, parts: dict[str, Part]
) -> None:
    pages = deployment.client("lambda").get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    ours = {name for name in names if name.startswith(PREFIX)}
    assert f"{PREFIX}executor{ENVIRONMENT}" in ours
    for part in parts.values():
        for name in names:
            may = (part.name == WORKFLOW and name in ours) or (part.name, name) == LATE_EVIDENCE
            # A dry run asks for the permission and runs nothing.
            refused = is_refused(part.client("lambda").invoke, FunctionName=name, InvocationType="DryRun")
            assert refused is not may, f"{part.name} on {name}"


@pytest.mark.parametrize("table", TABLES)
def test_each_part_writes_its_own_record_and_no_other(parts: dict[str, Part], table: str) -> None:
    for part in parts.values():
        name, client = f"{PREFIX}{table}{ENVIRONMENT}", part.client("dynamodb")
        attributes = ("id",) if table == "incidents" else ("functionName", "executedAt")
        key = {attribute: {"S": f"tried-by-{part.name}"} for attribute in attributes}
        if table in MAY_WRITE.get(part.name, set()):
            # A condition that never holds: whoever hears of it may write.
            condition = f"attribute_exists({attributes[0]})"
            with pytest.raises(client.exceptions.ConditionalCheckFailedException):
                client.update_item(TableName=name, Key=key, ConditionExpression=condition)
            continue
        assert is_refused(client.update_item, TableName=name, Key=key), part.name
        assert is_refused(client.put_item, TableName=name, Item=key), part.name
        assert is_refused(client.delete_item, TableName=name, Key=key), part.name


def test_reports_and_messages_come_from_those_who_write_them(parts: dict[str, Part]) -> None:
    """That the named ones may is shown by every incident of the other tests."""
    for part in parts.values():
        if part.name not in MAY_STORE_DOCUMENTS:
            put = part.client("s3").put_object
            assert is_refused(put, Bucket=f"{PREFIX}reports{ENVIRONMENT}", Key="tried", Body=b""), part.name
        if part.name not in MAY_PUBLISH:
            assert is_refused(part.client("sns").publish, TopicArn=TOPIC, Message="tried"), part.name


def test_only_the_rules_start_the_workflow_and_no_part_answers_its_questions(parts: dict[str, Part]) -> None:
    for part in parts.values():
        client = part.client("stepfunctions")
        if part.name != "start":
            assert is_refused(client.start_execution, stateMachineArn=STATE_MACHINE), part.name
        assert is_refused(client.send_task_success, taskToken="tried", output="{}"), part.name
