"""Deployments: the stacks that resources are in, and CodeDeploy's deployments of functions."""

import json
from typing import Any

import pytest

from auto_repair.adapters import code_deployments, stack_updates
from auto_repair.adapters.observation_sources import deployments
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, Scope
from auto_repair.domain.topology import Edge, Topology
from tests.adapters.conftest import SETTINGS
from tests.adapters.observation_sources.surroundings import (
    API,
    BUCKET,
    FUNCTION,
    PLACE,
    ROLE,
    TABLE,
    ago,
    around,
    refused,
)
from tests.adapters.topology_sources.conftest import ShapedClients, clients_answering

QUEUE = Resource("sqs", "jobs")
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
TYPES = {FUNCTION: "AWS::Lambda::Function", BUCKET: "AWS::S3::Bucket", TABLE: "AWS::DynamoDB::Table"}
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1"
APPSPEC = json.dumps(
    {
        "version": 0.0,
        "Resources": [
            {
                "api": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Name": "image-service",
                        "Alias": "live",
                        "CurrentVersion": "1",
                        "TargetVersion": "2",
                    },
                }
            }
        ],
    }
)
INLINE = {"revisionType": "AppSpecContent", "appSpecContent": {"content": APPSPEC}}
STORED = {
    "revisionType": "S3",
    "s3Location": {"bucket": "releases", "key": "image/appspec.yaml", "bundleType": "YAML", "version": "v7"},
}


def entry(
    physical_id: str, kind: str, minutes_ago: float = 9, status: str = "UPDATE_COMPLETE", stack: str = "shop"
) -> dict[str, Any]:
    return {
        "StackName": stack,
        "StackId": STACK_ID.replace("shop", stack),
        "LogicalResourceId": "Thing",
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "Timestamp": ago(minutes_ago),
        "ResourceStatus": status,
    }


def summary(physical_id: str, kind: str, minutes_ago: float = 9) -> dict[str, Any]:
    """As `ListStackResources` tells a resource."""
    told = entry(physical_id, kind, minutes_ago)
    named = {k: v for k, v in told.items() if k not in ("StackName", "StackId", "Timestamp")}
    return named | {"LastUpdatedTimestamp": told["Timestamp"]}


def deployment(minutes_ago: float, name: str = "d-1", **more: Any) -> dict[str, Any]:
    return {
        "deploymentId": name,
        "applicationName": "shop",
        "deploymentGroupName": "live",
        "status": "Succeeded",
        "createTime": ago(minutes_ago + 1),
        "startTime": ago(minutes_ago),
        "creator": "user",
        "computePlatform": "Lambda",
        "revision": INLINE,
        **more,
    }


def stacks(*found: list[dict[str, Any]]) -> Any:
    """CloudFormation with these stacks: finds the one that holds the resource asked for."""

    def answer(PhysicalResourceId: str) -> Any:
        for entries in found:
            if any(e["PhysicalResourceId"] == PhysicalResourceId for e in entries):
                return {"StackResources": entries[:100]}
        raise refused("ValidationError", "DescribeStackResources")

    return answer


def answering(stack: Any = None, found: list[dict[str, Any]] | None = None, **more: Any) -> ShapedClients:
    """The two services; of CodeDeploy, the answers that these deployments come to."""
    told = {d["deploymentId"]: d for d in found or ()}
    answers = {
        "cloudformation.describe_stack_resources": stack or stacks(),
        "codedeploy.list_deployments": {"deployments": list(told)},
        "codedeploy.batch_get_deployments": lambda deploymentIds: {
            "deploymentsInfo": [told[name] for name in deploymentIds]
        },
        "codedeploy.list_deployment_targets": {"targetIds": ["image-service"]},
    }
    return clients_answering(answers | {name.replace("__", "."): a for name, a in more.items()})


def observed(clients: ShapedClients, scope: Scope) -> Observation:
    return deployments.source(SETTINGS, clients).observe(scope)


def needing(first: Resource, *others: Resource) -> Scope:
    """A scope in which the first needs the others."""
    scope = around(first, *others)
    edges = tuple(Edge(first.id, other.id, "test") for other in others)
    return Scope(scope.symptom, Topology(scope.resources, edges), scope.window, scope.reference)


def asked_for(clients: ShapedClients) -> list[str]:
    """The resources whose stack was asked for."""
    return [
        a["PhysicalResourceId"]
        for name, a in clients.calls
        if name == "cloudformation.describe_stack_resources"
    ]


def reasons(found: Observation) -> str:
    return "; ".join(gap.reason for gap in found.missing)


# CloudFormation.


def test_what_cloudformation_did_to_the_resources_of_one_stack_takes_one_request() -> None:
    stack = [
        entry("image-service", "AWS::Lambda::Function"),
        entry(QUEUE_URL, "AWS::SQS::Queue", 8, "CREATE_COMPLETE"),
        entry("images", "AWS::S3::Bucket", 60 * 24 * 30),
        entry("other", "AWS::S3::Bucket"),
    ]
    clients = answering(stacks(stack))
    found = observed(clients, needing(FUNCTION, BUCKET, QUEUE))
    assert [(c.resource, c.action, c.at, c.source) for c in found.changes] == [
        ("lambda:image-service", "UpdateStack", ago(9), "deployments"),
        ("sqs:jobs", "CreateStack", ago(8), "deployments"),
    ]
    assert found.changes[0].summary == "stack shop, Thing: UPDATE_COMPLETE"
    assert asked_for(clients) == ["image-service"]
    assert found.missing == ()


def test_resources_of_other_stacks_are_asked_for_each_stack_once() -> None:
    storage = [
        entry("images", "AWS::S3::Bucket", 7, stack="storage"),
        entry("stock", "AWS::DynamoDB::Table", 6, stack="storage"),
    ]
    clients = answering(stacks([entry("image-service", "AWS::Lambda::Function")], storage))
    found = observed(clients, needing(FUNCTION, BUCKET, TABLE))
    assert asked_for(clients) == ["image-service", "images"]
    assert [c.resource for c in found.changes] == [FUNCTION.id, BUCKET.id, TABLE.id]


def test_what_is_needed_is_asked_for_first_and_what_is_left_out_is_said() -> None:
    tables = [Resource("dynamodb", f"table-{n}") for n in range(5)]
    scope = around(FUNCTION, API, *tables)
    edges = tuple(Edge(FUNCTION.id, table.id, "test") for table in tables)
    clients = answering()
    found = observed(
        clients, Scope(scope.symptom, Topology(scope.resources, edges), scope.window, scope.reference)
    )
    assert asked_for(clients) == ["image-service", "table-0", "table-1", "table-2"]
    assert reasons(found) == (
        "CloudFormation was asked about 4 resources, and not about "
        "dynamodb:table-3, dynamodb:table-4, apigateway:a1b2c3"
    )


NAMED_ALIKE = Resource("iam", "image-service")


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (NAMED_ALIKE, entry("image-service", "AWS::IAM::Role")),
        (FUNCTION, entry(f"{FUNCTION.arn}:live", "AWS::Lambda::Alias")),
        (BUCKET, entry("images", "AWS::S3::BucketPolicy")),
        (Resource("sns", "news"), entry("arn:aws:sns:us-east-1:123456789012:news", "AWS::SNS::Topic")),
        (Resource("rds", "cluster:ledger"), entry("ledger", "AWS::RDS::DBCluster")),
        (
            Resource("states", "refunds"),
            entry(
                "arn:aws:states:us-east-1:123456789012:stateMachine:refunds",
                "AWS::StepFunctions::StateMachine",
            ),
        ),
    ],
    ids=lambda value: value.id if isinstance(value, Resource) else value["ResourceType"],
)
def test_parts_of_a_stack_are_told_apart_by_kind_and_name(resource: Resource, told: dict[str, Any]) -> None:
    stack = [entry("image-service", "AWS::Lambda::Function", 60 * 24 * 30), told]
    found = observed(answering(stacks(stack)), needing(FUNCTION, BUCKET, NAMED_ALIKE, resource))
    assert [c.resource for c in found.changes] == [resource.id]


@pytest.mark.parametrize(
    ("resource", "physical_id"),
    [
        (QUEUE, QUEUE_URL),
        (Resource("sns", "news"), "arn:aws:sns:us-east-1:123456789012:news"),
        (Resource("elasticache", "replicationgroup:sessions"), "sessions"),
        (ROLE, "image-role"),
        (Resource("events", "default/nightly"), None),
        (Resource("bedrock", "anthropic.claude"), None),
        (Resource("secretsmanager", "shop/key"), None),
    ],
    ids=lambda value: str(value),
)
def test_a_resource_is_asked_for_as_cloudformation_calls_it(
    resource: Resource, physical_id: str | None
) -> None:
    clients = answering()
    observed(clients, around(resource))
    assert asked_for(clients) == ([physical_id] if physical_id else [])


def test_a_large_stack_is_read_to_its_end() -> None:
    first = [entry(f"fn-{n}", "AWS::Lambda::Function") for n in range(99)]
    pages = {
        None: {
            "StackResourceSummaries": [summary("image-service", "AWS::Lambda::Function")],
            "NextToken": "2",
        },
        "2": {"StackResourceSummaries": [summary("images", "AWS::S3::Bucket", 8)]},
    }
    clients = answering(
        stacks([entry("image-service", "AWS::Lambda::Function"), *first]),
        cloudformation__list_stack_resources=lambda NextToken=None, **_: pages[NextToken],
    )
    found = observed(clients, needing(FUNCTION, BUCKET))
    assert [(c.resource, c.at) for c in found.changes] == [(FUNCTION.id, ago(9)), (BUCKET.id, ago(8))]
    assert found.changes[1].summary == "stack shop, Thing: UPDATE_COMPLETE"
    assert ("cloudformation.list_stack_resources", {"StackName": STACK_ID}) in clients.calls
    assert found.missing == ()


def test_a_large_stack_that_has_no_end_is_cut_and_that_is_said() -> None:
    first = [entry("image-service", "AWS::Lambda::Function")] * 100
    page = {"StackResourceSummaries": [summary("x", "AWS::S3::Bucket")] * 100, "NextToken": "more"}
    clients = answering(stacks(first), cloudformation__list_stack_resources=page)
    assert reasons(observed(clients, needing(FUNCTION))) == (
        "only 500 resources of stack shop are known: it has more"
    )
    assert clients.count("cloudformation.list_stack_resources") == stack_updates.MOST_PAGES


def test_of_a_large_stack_that_may_not_be_listed_the_first_hundred_stand() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDenied", "ListStackResources", 403)

    first = [entry("image-service", "AWS::Lambda::Function")] * 100
    found = observed(answering(stacks(first), cloudformation__list_stack_resources=denied), needing(FUNCTION))
    assert {c.resource for c in found.changes} == {FUNCTION.id}
    assert reasons(found).startswith("only 100 resources of stack shop are known: ")
    assert "AccessDenied" in reasons(found)


def test_a_lookup_that_fails_later_leaves_what_was_found() -> None:
    def answer(PhysicalResourceId: str) -> Any:
        if PhysicalResourceId == "images":
            raise refused("Throttling", "DescribeStackResources")
        return {"StackResources": [entry("image-service", "AWS::Lambda::Function")]}

    found = observed(answering(answer), needing(FUNCTION, BUCKET))
    assert [c.resource for c in found.changes] == [FUNCTION.id]
    assert "Throttling" in reasons(found)
    assert "and not about s3:images" in reasons(found)


# CodeDeploy.


def test_what_codedeploy_did_to_a_function() -> None:
    clients = answering(found=[deployment(9), deployment(8, "d-2", computePlatform="ECS")])
    found = observed(clients, around(FUNCTION))
    (change,) = found.changes
    assert (change.resource, change.action, change.at) == (FUNCTION.id, "CreateDeployment", ago(9))
    assert change.actor == "CodeDeploy, started by user"
    assert change.summary == "deployment d-1 of shop/live: Succeeded"
    assert change.event_id == "d-1"
    assert len(clients.calls) == 3


def test_deployments_of_other_functions_are_left_out() -> None:
    found = observed(answering(found=[deployment(9)]), around(Resource("lambda", "image")))
    assert found.changes == ()
    assert found.items[0].observed == "no deployment is known"


@pytest.mark.parametrize("target", ["image-service", "image-service:live", f"{FUNCTION.arn}:live"])
def test_of_a_revision_in_s3_its_targets_tell_the_function(target: str) -> None:
    clients = answering(
        found=[deployment(9, revision=STORED)],
        codedeploy__list_deployment_targets={"targetIds": [target]},
    )
    (change,) = observed(clients, around(FUNCTION)).changes
    revision = "s3://releases/image/appspec.yaml version v7"
    assert change.summary == f"deployment d-1 of shop/live: Succeeded, revision {revision}"


def test_a_revision_in_s3_for_another_function_is_left_out() -> None:
    clients = answering(
        found=[deployment(9, revision=STORED)],
        codedeploy__list_deployment_targets={"targetIds": ["thumbnails"]},
    )
    found = observed(clients, around(FUNCTION))
    assert (found.changes, found.missing) == ((), ())


def test_a_deployment_whose_function_cannot_be_learnt_is_told_with_its_revision() -> None:
    def not_started(**_: Any) -> Any:
        raise refused("DeploymentNotStartedException", "ListDeploymentTargets")

    clients = answering(
        found=[deployment(9, revision=STORED), deployment(8, "d-2")],
        codedeploy__list_deployment_targets=not_started,
    )
    found = observed(clients, around(FUNCTION))
    assert [c.event_id for c in found.changes] == ["d-2"]
    assert "the function is not known of deployment d-1 of shop/live: Succeeded, revision s3://" in reasons(
        found
    )
    assert "DeploymentNotStartedException" in reasons(found)


def test_of_many_revisions_in_s3_the_newest_are_asked_for_and_the_others_said() -> None:
    many = [deployment(60 - n, f"d-{n}", revision=STORED) for n in range(10)]
    clients = answering(found=many)
    found = observed(clients, around(FUNCTION))
    assert {c.event_id for c in found.changes} == {"d-6", "d-7", "d-8", "d-9"}
    assert clients.count("codedeploy.list_deployment_targets") == code_deployments.MOST_ASKED
    assert reasons(found).startswith(
        "CodeDeploy was not asked for the functions of 6 deployments, the newest: deployment d-5 of shop/live"
    )


def test_all_pages_of_the_list_are_read_in_batches_of_25() -> None:
    many = [deployment(60 - n, f"d-{n}") for n in range(60)]
    ids = [d["deploymentId"] for d in many]

    def listed(createTimeRange: Any, nextToken: str = "0") -> Any:
        first = int(nextToken)
        more = {"nextToken": str(first + 20)} if first + 20 < len(ids) else {}
        return {"deployments": ids[first : first + 20], **more}

    clients = answering(found=many, codedeploy__list_deployments=listed)
    found = observed(clients, around(FUNCTION))
    assert len(found.changes) == 60
    assert found.missing == ()
    batches = [a["deploymentIds"] for n, a in clients.calls if n == "codedeploy.batch_get_deployments"]
    assert [len(batch) for batch in batches] == [25, 25, 10]


def test_a_list_without_end_is_cut_and_that_is_said() -> None:
    many = [deployment(60 - n / 10, f"d-{n}") for n in range(40)]
    page = {"deployments": [d["deploymentId"] for d in many], "nextToken": "more"}
    clients = answering(found=many, codedeploy__list_deployments=page)
    found = observed(clients, around(FUNCTION))
    assert reasons(found) == "CodeDeploy lists at least 120 deployments, of which 100 were looked at"
    assert clients.count("codedeploy.list_deployments") == 3
    assert clients.count("codedeploy.batch_get_deployments") == 4


def test_what_fails_midway_leaves_what_was_read_and_is_said() -> None:
    many = [deployment(60 - n, f"d-{n}") for n in range(30)]
    told = {d["deploymentId"]: d for d in many}

    def described(deploymentIds: list[str]) -> Any:
        if "d-29" in deploymentIds:
            raise refused("ThrottlingException", "BatchGetDeployments")
        return {"deploymentsInfo": [told[name] for name in deploymentIds]}

    def listed(createTimeRange: Any, nextToken: str = "") -> Any:
        if nextToken:
            raise refused("InvalidNextTokenException", "ListDeployments")
        return {"deployments": list(told), "nextToken": "2"}

    clients = answering(
        found=many, codedeploy__list_deployments=listed, codedeploy__batch_get_deployments=described
    )
    found = observed(clients, around(FUNCTION))
    assert len(found.changes) == 25
    assert "InvalidNextTokenException" in reasons(found)
    assert "CodeDeploy lists at least 30 deployments, of which 30 were looked at" in reasons(found)
    assert "5 deployments could not be read: " in reasons(found)


def test_without_functions_codedeploy_is_not_asked() -> None:
    clients = answering()
    observed(clients, around(API, BUCKET))
    assert {name for name, _ in clients.calls} == {"cloudformation.describe_stack_resources"}


# Both.


def test_what_cannot_be_read_is_missing_and_the_rest_stands() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDenied", "DescribeStackResources", 403)

    found = observed(answering(denied, [deployment(9)]), around(FUNCTION))
    assert len(found.changes) == 1
    assert len(found.items) == 1
    assert "AccessDenied" in found.missing[0].reason


def test_where_neither_answers_nothing_is_claimed() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDenied", "Any", 403)

    clients = answering(denied, codedeploy__list_deployments=denied)
    found = observed(clients, around(FUNCTION))
    assert (found.changes, found.items, len(found.missing)) == ((), (), 2)


def test_when_time_is_up_no_further_request_begins_and_that_is_said() -> None:
    clients = answering(found=[deployment(9)])
    source = deployments.DeploymentsSource(clients, PLACE, deadline_s=0)
    found = source.observe(needing(FUNCTION, BUCKET))
    assert [name for name, _ in clients.calls] == ["codedeploy.list_deployments"]
    assert reasons(found) == (
        "CloudFormation was asked about 0 resources, and not about lambda:image-service, s3:images; "
        "1 deployments were not read for want of time"
    )
