"""AWS Health as a source: public trouble of a service, an account's own only where it names the resource."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.observation_sources import health
from auto_repair.adapters.observation_sources.health import HealthSource
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation
from auto_repair.settings import Settings
from tests.adapters.conftest import RecordedClients
from tests.adapters.observation_sources.surroundings import BUCKET, FUNCTION, ago, around, refused

INSTANCE = Resource("ec2", "i-0a")


def event(service: str, code: str, minutes_ago: float, **more: Any) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:health:us-east-1::event/{service}/{code}/{code}_1",
        "service": service,
        "eventTypeCode": code,
        "eventTypeCategory": "issue",
        "region": "us-east-1",
        "startTime": ago(minutes_ago),
        "lastUpdatedTime": ago(1),
        "statusCode": "open",
        "eventScopeCode": "PUBLIC",
        **more,
    }


def observed(
    events: list[dict[str, Any]], *resources: Resource, **entities: Any
) -> tuple[Observation, RecordedClients]:
    clients = RecordedClients(
        {
            "health.describe_events": lambda **_: {"events": events},
            "health.describe_affected_entities": lambda **_: {"entities": list(entities.values())},
        }
    )
    return HealthSource(clients, "us-east-1").observe(around(*resources)), clients


def test_its_end_is_told_in_utc_whatever_the_zone_of_the_machine() -> None:
    end = ago(10).astimezone(timezone(timedelta(hours=5, minutes=30)))
    found, _ = observed([event("LAMBDA", "AWS_LAMBDA_OPERATIONAL_ISSUE", 30, endTime=end)], FUNCTION)
    assert found.changes[0].summary.endswith(f", ended {ago(10):%H:%M} UTC")


def test_trouble_of_a_service_is_told_of_its_resources() -> None:
    found, clients = observed([event("LAMBDA", "AWS_LAMBDA_OPERATIONAL_ISSUE", 30)], FUNCTION, BUCKET)
    (change,) = found.changes
    assert (change.resource, change.action, change.at) == (
        FUNCTION.id,
        "AWS_LAMBDA_OPERATIONAL_ISSUE",
        ago(30),
    )
    assert (change.actor, change.summary) == ("AWS", "issue of LAMBDA in us-east-1, open")
    assert [name for name, _ in clients.calls] == ["health.describe_events"]
    asked = clients.calls[0][1]["filter"]
    assert asked["regions"] == ["us-east-1", "global"]
    assert "AWS_LAMBDA_OPERATIONAL_ISSUE on lambda:image-service" in found.items[0].observed


def test_what_belongs_to_the_account_is_told_of_what_it_names() -> None:
    retirement = event("EC2", "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", 30, eventScopeCode="ACCOUNT_SPECIFIC")
    entity = {"eventArn": retirement["arn"], "entityValue": "i-0a"}
    found, clients = observed([retirement], Resource("ec2", "i-0b"), INSTANCE, one=entity)
    assert [change.resource for change in found.changes] == ["ec2:i-0a"]
    assert clients.calls[1][1]["filter"] == {"eventArns": [retirement["arn"]]}


@pytest.mark.parametrize(
    ("events", "entities"),
    [
        ({"nextToken": "more"}, {}),
        ({}, {"nextToken": "more"}),
        (
            {
                "events": [
                    event("LAMBDA", f"PLANNED_{n}", 30, eventScopeCode="ACCOUNT_SPECIFIC") for n in range(11)
                ]
            },
            {},
        ),
    ],
)
def test_more_than_one_answer_holds_is_told(events: dict[str, Any], entities: dict[str, Any]) -> None:
    one = event("LAMBDA", "PLANNED", 30, eventScopeCode="ACCOUNT_SPECIFIC")
    clients = RecordedClients(
        {
            "health.describe_events": lambda **_: {"events": [one], **events},
            "health.describe_affected_entities": lambda **_: {"entities": [], **entities},
        }
    )
    (gap,) = HealthSource(clients, "us-east-1").observe(around(FUNCTION)).missing
    assert (gap.source, gap.partly) == ("health", True)


def test_what_begins_later_is_left_out() -> None:
    found, _ = observed([event("EC2", "AWS_EC2_MAINTENANCE_SCHEDULED", -600)], INSTANCE)
    assert found.changes == ()
    assert found.items[0].observed == "no event of AWS about these services"


def test_that_the_support_plan_does_not_include_it_is_said() -> None:
    def refuse(**_: Any) -> Any:
        raise refused("SubscriptionRequiredException", "DescribeEvents")

    clients = RecordedClients({"health.describe_events": refuse})
    found = HealthSource(clients, "us-east-1").observe(around(FUNCTION))
    assert "support plan" in found.missing[0].reason
    assert found.items == ()


def test_other_refusals_are_errors() -> None:
    def refuse(**_: Any) -> Any:
        raise refused("AccessDeniedException", "DescribeEvents")

    with pytest.raises(AwsCallFailed):
        HealthSource(RecordedClients({"health.describe_events": refuse}), "us-east-1").observe(
            around(FUNCTION)
        )


def test_health_lives_in_one_region(settings: Settings) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:t"
    source = health.source(replace(settings, region="eu-central-1", topic_arn=topic), Clients("eu-central-1"))
    assert isinstance(source, HealthSource)
    assert source._clients._region == "us-east-1"
