"""AWS Config as a source: what differs between recorded configurations; what is off is said once."""

import json
from dataclasses import replace
from typing import Any

import pytest

from auto_repair.adapters.observation_sources import config_history
from auto_repair.domain.changes.history import with_recorded_configurations
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Observation, ResourceChange
from auto_repair.settings import Settings
from tests.adapters.conftest import SETTINGS, RecordedClients
from tests.adapters.observation_sources.surroundings import (
    API,
    BUCKET,
    FUNCTION,
    ROLE,
    TABLE,
    ago,
    around,
    refused,
)
from tests.unit.domain.changes.records import POLICY

OTHER = {**POLICY, "Id": "other"}


def item(minutes_ago: float, configuration: dict[str, Any], **apart: Any) -> dict[str, Any]:
    """A configuration item; what Config keeps apart is JSON text, too."""
    return {
        "version": "1.3",
        "configurationItemCaptureTime": ago(minutes_ago),
        "configurationItemStatus": "OK",
        "configuration": json.dumps(configuration),
        "supplementaryConfiguration": {name: json.dumps(value) for name, value in apart.items()},
    }


def policy(text: Any) -> dict[str, Any]:
    return {"policyText": json.dumps(text) if text else None}


def present(*, changed: float = 5, unknown: Any = ()) -> Any:
    """What Config says of the present: all resources were last seen to change that many minutes ago."""

    def answer(**asked: Any) -> Any:
        known = [key for key in asked["resourceKeys"] if key["resourceId"] not in unknown]
        seen = [{**key, "configurationItemCaptureTime": ago(changed)} for key in known]
        return {"baseConfigurationItems": seen, "unprocessedResourceKeys": []}

    return answer


def observed(answers: Any, *resources: Resource, now: Any = None) -> tuple[Observation, RecordedClients]:
    clients = RecordedClients(
        {
            "config.batch_get_resource_config": now or present(),
            "config.get_resource_config_history": answers,
            "config.list_discovered_resources": lambda **_: {
                "resourceIdentifiers": [{"resourceId": "AROAEXAMPLE"}]
            },
        }
    )
    return config_history.source(SETTINGS, clients).observe(around(*resources)), clients


def test_settings_that_differ_are_told_with_both_values() -> None:
    items = [
        item(5, {"memorySize": 256, "timeout": 3, "lastModified": "2026-01-31T11:55:00.000+0000"}),
        item(900, {"memorySize": 128, "timeout": 3, "lastModified": "2026-01-30T11:55:00.000+0000"}),
    ]
    found, clients = observed(lambda **_: {"configurationItems": items}, FUNCTION)
    (change,) = found.changes
    assert (change.resource, change.action, change.summary) == (
        FUNCTION.id,
        "ConfigurationChanged",
        "memorySize",
    )
    assert (change.before, change.after) == ('{"memorySize": 128}', '{"memorySize": 256}')
    assert change.at == ago(5)
    assert clients.calls[1][1]["resourceType"] == "AWS::Lambda::Function"
    assert clients.calls[1][1]["resourceId"] == "image-service"
    assert found.missing == ()


def test_a_bucket_policy_is_told_as_cloudtrail_tells_it() -> None:
    items = [item(5, {}, BucketPolicy=policy(OTHER)), item(10_000, {}, BucketPolicy=policy(POLICY))]
    found, _ = observed(lambda **_: {"configurationItems": items}, BUCKET)
    (change,) = found.changes
    assert (change.action, change.had_none) == ("PutBucketPolicy", False)
    assert (json.loads(change.before), json.loads(change.after)) == (POLICY, OTHER)


def test_that_there_was_no_policy_is_known() -> None:
    items = [item(5, {}, BucketPolicy=policy(POLICY)), item(10_000, {}, BucketPolicy=policy(None))]
    found, _ = observed(lambda **_: {"configurationItems": items}, BUCKET)
    assert (found.changes[0].before, found.changes[0].had_none) == ("", True)


def test_the_call_is_completed_by_what_config_saw_after_it() -> None:
    call = ResourceChange(
        BUCKET.id,
        ago(9),
        "PutBucketPolicy",
        "anna",
        event_id="e",
        source="change_journal",
        after=json.dumps(OTHER),
    )
    items = [item(5, {}, BucketPolicy=policy(OTHER)), item(10_000, {}, BucketPolicy=policy(POLICY))]
    found, _ = observed(lambda **_: {"configurationItems": items}, BUCKET)
    (change,) = with_recorded_configurations((call, *found.changes))
    assert (change.actor, change.at, json.loads(change.before)) == ("anna", ago(9), POLICY)
    unrelated = replace(call, at=ago(50))
    assert len(with_recorded_configurations((unrelated, *found.changes))) == 2


def test_values_of_environment_variables_are_not_told() -> None:
    items = [
        item(5, {"environment": {"variables": {"A": "tulip", "B": "rose"}}}),
        item(900, {"environment": {"variables": {"A": "tulip"}}}),
    ]
    found, _ = observed(lambda **_: {"configurationItems": items}, FUNCTION)
    (change,) = found.changes
    assert (change.before, change.after) == ('{"environment": ["A"]}', '{"environment": ["A", "B"]}')


def test_what_was_there_before_is_read_on_until_it_is_found() -> None:
    """Config answers for seven days at a time."""
    pages = {
        None: {"configurationItems": [item(5, {"a": 2})], "nextToken": "1"},
        "1": {"configurationItems": [], "nextToken": "2"},
        "2": {"configurationItems": [item(30_000, {"a": 1})], "nextToken": "3"},
    }
    found, clients = observed(lambda **asked: pages[asked.get("nextToken")], TABLE)
    assert found.changes[0].before == '{"a": 1}'
    assert clients.count("config.get_resource_config_history") == 3


def test_history_that_is_longer_than_what_is_read_is_told() -> None:
    endless = {"configurationItems": [item(5, {"a": 2})], "nextToken": "more"}
    found, clients = observed(lambda **_: endless, TABLE)
    assert clients.count("config.get_resource_config_history") == config_history.MAX_PAGES
    (gap,) = found.missing
    assert (gap.reason, gap.partly) == (f"AWS Config knows more of {TABLE.id} than was read", True)


def test_resources_that_did_not_change_lately_cost_one_request_together() -> None:
    found, clients = observed(None, TABLE, BUCKET, FUNCTION, now=present(changed=30_000))
    assert (found.changes, found.missing, len(clients.calls)) == ((), (), 1)
    assert clients.calls[0][1]["resourceKeys"] == [
        {"resourceType": "AWS::DynamoDB::Table", "resourceId": "stock"},
        {"resourceType": "AWS::S3::Bucket", "resourceId": "images"},
        {"resourceType": "AWS::Lambda::Function", "resourceId": "image-service"},
    ]
    assert found.items[0].observed == "no change is known"


def test_nothing_is_asked_where_there_is_nothing_that_config_records() -> None:
    _, clients = observed(None, API)
    assert clients.calls == []


def test_config_knows_roles_by_an_id_of_their_own() -> None:
    _, clients = observed(lambda **_: {"configurationItems": []}, ROLE)
    assert clients.calls[0][1] == {"resourceType": "AWS::IAM::Role", "resourceName": "image-role", "limit": 1}
    assert clients.calls[1][1]["resourceKeys"] == [
        {"resourceType": "AWS::IAM::Role", "resourceId": "AROAEXAMPLE"}
    ]
    assert clients.calls[2][1]["resourceId"] == "AROAEXAMPLE"


def test_that_config_is_off_is_said_once_and_nothing_more_is_asked() -> None:
    def off(**_: Any) -> Any:
        raise refused("NoAvailableConfigurationRecorderException", "BatchGetResourceConfig")

    found, clients = observed(None, FUNCTION, BUCKET, TABLE, now=off)
    assert [gap.reason for gap in found.missing] == ["AWS Config is not recording"]
    assert len(clients.calls) == 1
    assert found.items == ()


def test_resources_that_config_does_not_record_are_named() -> None:
    found, _ = observed(
        lambda **_: {"configurationItems": [item(900, {})]},
        FUNCTION,
        TABLE,
        API,
        now=present(unknown=["stock"]),
    )
    assert [gap.reason for gap in found.missing] == ["AWS Config knows nothing of dynamodb:stock"]


def test_other_refusals_are_errors() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDeniedException", "BatchGetResourceConfig")

    with pytest.raises(AwsCallFailed):
        observed(None, FUNCTION, now=denied)


def test_every_kind_of_resource_has_an_id(settings: Settings) -> None:
    for service, name in (("sns", "news"), ("states", "checkout")):
        _, clients = observed(lambda **_: {"configurationItems": []}, Resource(service, name))
        asked = clients.calls[0][1]["resourceKeys"][0]["resourceId"]
        assert asked.startswith(f"arn:aws:{service}:us-east-1:123456789012:")
