"""Deployments: the stack that a resource is in, and CodeDeploy's deployments of functions."""

import json
from typing import Any

from auto_repair.adapters.observation_sources import deployments
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation
from tests.adapters.conftest import SETTINGS, RecordedClients
from tests.adapters.observation_sources.surroundings import API, BUCKET, FUNCTION, ago, around, refused

QUEUE = Resource("sqs", "jobs")
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


def entry(physical_id: str, minutes_ago: float, status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    return {
        "StackName": "shop",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1",
        "LogicalResourceId": "Thing",
        "PhysicalResourceId": physical_id,
        "ResourceType": "AWS::X::Y",
        "Timestamp": ago(minutes_ago),
        "ResourceStatus": status,
    }


def deployment(minutes_ago: float, **more: Any) -> dict[str, Any]:
    return {
        "deploymentId": "d-1",
        "applicationName": "shop",
        "deploymentGroupName": "live",
        "status": "Succeeded",
        "createTime": ago(minutes_ago + 1),
        "startTime": ago(minutes_ago),
        "creator": "user",
        "computePlatform": "Lambda",
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": APPSPEC}},
        **more,
    }


def no_stack(**_: Any) -> Any:
    raise refused("ValidationError", "DescribeStackResources")


def observed(
    stack: Any, found: list[dict[str, Any]], *resources: Resource
) -> tuple[Observation, RecordedClients]:
    clients = RecordedClients(
        {
            "cloudformation.describe_stack_resources": stack,
            "codedeploy.list_deployments": lambda **_: {"deployments": [d["deploymentId"] for d in found]},
            "codedeploy.batch_get_deployments": lambda **_: {"deploymentsInfo": found},
        }
    )
    return deployments.source(SETTINGS, clients).observe(around(*resources)), clients


def test_what_cloudformation_did_to_the_resources_of_one_stack() -> None:
    queue = entry("https://sqs.us-east-1.amazonaws.com/123456789012/jobs", 8, "CREATE_COMPLETE")
    stack = {
        "StackResources": [entry("image-service", 9), queue, entry("images", 60 * 24 * 30), entry("x", 9)]
    }
    found, clients = observed(lambda **_: stack, [], FUNCTION, BUCKET, QUEUE)
    assert [(c.resource, c.action, c.at) for c in found.changes] == [
        ("lambda:image-service", "UpdateStack", ago(9)),
        ("sqs:jobs", "CreateStack", ago(8)),
    ]
    assert found.changes[0].summary == "stack shop, Thing: UPDATE_COMPLETE"
    assert clients.count("cloudformation.describe_stack_resources") == 1


def test_what_codedeploy_did_to_a_function() -> None:
    found, clients = observed(no_stack, [deployment(9), deployment(8, computePlatform="ECS")], FUNCTION)
    (change,) = found.changes
    assert (change.resource, change.action, change.at) == (FUNCTION.id, "CreateDeployment", ago(9))
    assert change.actor == "CodeDeploy, started by user"
    assert change.summary == "deployment d-1 of shop/live: Succeeded"
    assert len(clients.calls) == 3


def test_deployments_of_other_functions_are_left_out() -> None:
    found, _ = observed(no_stack, [deployment(9)], Resource("lambda", "image"))
    assert found.changes == ()
    assert found.items[0].observed == "no deployment is known"


def test_a_deployment_without_its_appspec_tells_nothing() -> None:
    stored = deployment(9, revision={"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k"}})
    assert observed(no_stack, [stored], FUNCTION)[0].changes == ()


def test_without_functions_codedeploy_is_not_asked() -> None:
    _, clients = observed(no_stack, [], API, BUCKET)
    assert [name for name, _ in clients.calls] == ["cloudformation.describe_stack_resources"]


def test_what_cannot_be_read_is_missing_and_the_rest_stands() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDenied", "DescribeStackResources", 403)

    found, _ = observed(denied, [deployment(9)], FUNCTION)
    assert len(found.changes) == 1
    assert "AccessDenied" in found.missing[0].reason
