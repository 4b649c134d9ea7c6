"""CloudTrail as a source: asked only about what the journal cannot answer, two requests a second."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.observation_sources import cloudtrail
from auto_repair.adapters.observation_sources.cloudtrail import CloudTrailSource, attributes_of
from auto_repair.domain.changes.kinds import all_kinds
from auto_repair.domain.errors import ReadsExhausted
from auto_repair.domain.resources import Resource
from auto_repair.domain.timestamps import iso
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, RecordedClients
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
from tests.adapters.test_change_journal import elsewhere, made_journal, put
from tests.unit.domain.changes.records import OURS, POLICY, bucket_policy, record

DATABASE = "arn:aws:rds:us-east-1:123456789012:db:shop"
JOBS = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"
OTHER = {**POLICY, "Id": "other"}


@pytest.fixture
def journal(clients: Clients) -> ChangeJournal:
    return made_journal(clients)


def event(document: dict[str, Any], at: datetime, event_id: str) -> dict[str, Any]:
    """As LookupEvents answers it."""
    document = {**document, "eventTime": iso(at), "eventID": event_id}
    return {
        "EventId": event_id,
        "EventName": document["eventName"],
        "ReadOnly": "false",
        "EventTime": at,
        "EventSource": document["eventSource"],
        "Username": "anna@example.org",
        "Resources": [],
        "CloudTrailEvent": json.dumps(document),
    }


class Reading:
    """The source over recorded answers, its requests and pauses."""

    def __init__(
        self, journal: ChangeJournal, answer: Callable[..., Any] | None = None, **options: Any
    ) -> None:
        answers = {"cloudtrail.lookup_events": answer or (lambda **_: {"Events": []})}
        self.here, self.of_iam = RecordedClients(answers), RecordedClients(answers)
        self.pauses: list[float] = []
        self.source = CloudTrailSource(
            self.here,
            self.of_iam,
            journal,
            ConsoleLinks("us-east-1"),
            place=PLACE,
            our_role=OURS,
            pause=self.pauses.append,
            **options,
        )

    @property
    def asked(self) -> list[str]:
        return [asked["LookupAttributes"][0]["AttributeValue"] for _, asked in self.here.calls]


def test_what_the_journal_does_not_know_is_looked_up(journal: ChangeJournal) -> None:
    newest_first = [event(bucket_policy(OTHER), ago(9), "new"), event(bucket_policy(), ago(50_000), "old")]
    reading = Reading(journal, lambda **_: {"Events": newest_first})
    observed = reading.source.observe(around(BUCKET))
    (change,) = observed.changes
    assert (change.event_id, change.source) == ("new", "cloudtrail")
    assert (json.loads(change.before), json.loads(change.after)) == (POLICY, OTHER)
    assert reading.asked == ["images"]
    assert reading.here.calls[0][1]["EndTime"] == NOW
    assert observed.items[0].query == "cloudtrail:LookupEvents of s3:images"
    assert observed.missing == ()


def test_what_the_journal_knows_whole_is_not_asked_about(journal: ChangeJournal) -> None:
    journal.record(put(ago(60 * 30), "old"))
    journal.record(put(ago(9), "new", OTHER))
    reading = Reading(journal)
    observed = reading.source.observe(around(BUCKET))
    assert reading.here.calls == []
    assert (observed.changes, observed.items) == ((), ())


def test_a_former_state_that_the_journal_lacks_is_looked_up(journal: ChangeJournal) -> None:
    """The journal began after the policy was first put: only CloudTrail remembers it."""
    journal.record(put(ago(9), "new", OTHER))
    reading = Reading(journal, lambda **_: {"Events": [event(bucket_policy(), ago(5_000), "old")]})
    (change,) = reading.source.observe(around(BUCKET)).changes
    assert (change.event_id, json.loads(change.before)) == ("new", POLICY)


def test_what_the_journal_vouches_for_is_not_asked_about(journal: ChangeJournal) -> None:
    elsewhere(journal, timedelta(hours=1), timedelta(days=2))
    reading = Reading(journal)
    observed = reading.source.observe(around(FUNCTION, BUCKET, TABLE, ROLE))
    assert reading.here.calls == []
    # EventBridge hears of IAM in one region only, and this is another.
    assert reading.of_iam.count("cloudtrail.lookup_events") == 1
    assert (observed.items[0].query, observed.missing) == ("cloudtrail:LookupEvents of iam:image-role", ())


def test_a_former_state_is_looked_up_though_the_journal_vouches_for_the_day(journal: ChangeJournal) -> None:
    elsewhere(journal, timedelta(hours=1), timedelta(days=2))
    journal.record(put(ago(9), "new", OTHER))
    reading = Reading(journal, lambda **_: {"Events": [event(bucket_policy(), ago(5_000), "old")]})
    (change,) = reading.source.observe(around(FUNCTION, BUCKET, TABLE)).changes
    assert (change.event_id, json.loads(change.before)) == ("new", POLICY)
    assert reading.asked == ["images"]


def test_at_the_bound_of_reads_what_was_read_is_kept(journal: ChangeJournal) -> None:
    def answer(LookupAttributes: list[dict[str, str]], **_: Any) -> Any:
        if LookupAttributes[0]["AttributeValue"] == "stock":
            raise ReadsExhausted("not asked: 75 reads are the limit for one incident")
        return {"Events": [event(bucket_policy(), ago(9), "new")]}

    observed = Reading(journal, answer).source.observe(around(BUCKET, TABLE, FUNCTION))
    assert [change.event_id for change in observed.changes] == ["new"]
    assert observed.items[0].query == "cloudtrail:LookupEvents of s3:images"
    assert [gap.reason for gap in observed.missing] == [
        "2 more resources were not looked up: not asked: 75 reads are the limit for one incident"
    ]


def test_an_event_that_both_know_is_told_once(journal: ChangeJournal) -> None:
    journal.record(put(ago(9), "new", OTHER))
    reading = Reading(journal, lambda **_: {"Events": [event(bucket_policy(OTHER), ago(9), "new")]})
    (change,) = reading.source.observe(around(BUCKET)).changes
    assert change.source == "change_journal"


def test_events_about_other_resources_are_left_out(journal: ChangeJournal) -> None:
    stage = record("apigateway", "UpdateStage", {"restApiId": "elsewhere", "stageName": "prod"})
    ours = record("apigateway", "UpdateStage", {"restApiId": "a1b2c3", "stageName": "prod"})
    events = [event(stage, ago(1), "1"), event(ours, ago(2), "2")]

    def answer(LookupAttributes: list[dict[str, str]], **_: Any) -> Any:
        return {"Events": events if LookupAttributes[0]["AttributeValue"] == "UpdateStage" else []}

    reading = Reading(journal, answer)
    assert [c.event_id for c in reading.source.observe(around(API)).changes] == ["2"]
    assert {"AttributeKey": "EventName", "AttributeValue": "UpdateStage"} in [
        asked["LookupAttributes"][0] for _, asked in reading.here.calls
    ]


def test_two_requests_a_second_and_no_more_than_four_resources(journal: ChangeJournal) -> None:
    reading = Reading(journal)
    machine, queue = Resource("states", "checkout"), Resource("sqs", "jobs")
    observed = reading.source.observe(around(FUNCTION, BUCKET, TABLE, machine, queue, API))
    assert reading.asked == [
        "image-service",
        FUNCTION.arn,
        "images",
        "stock",
        "UpdateStateMachine",
        "DeleteStateMachine",
    ]
    assert reading.pauses == [0.5] * 5
    assert [gap.reason for gap in observed.missing] == [
        "2 more resources were not looked up: CloudTrail takes two requests a second"
    ]


def test_a_call_is_looked_up_once_for_all_resources_that_it_may_have_changed(journal: ChangeJournal) -> None:
    changed = record(
        "sqs", "SetQueueAttributes", {"attributes": {"VisibilityTimeout": "5"}, "queueUrl": JOBS}
    )
    reading = Reading(journal, lambda **_: {"Events": [event(changed, ago(2), "1")]})
    observed = reading.source.observe(around(Resource("sqs", "mails"), Resource("sqs", "jobs")))
    assert {(c.resource, c.event_id) for c in observed.changes} == {("sqs:jobs", "1")}
    assert len(reading.asked) == len(set(reading.asked)) == 5


def test_no_more_than_sixteen_requests_and_what_stays_unread_is_said(journal: ChangeJournal) -> None:
    changed = record(
        "sqs", "SetQueueAttributes", {"attributes": {"VisibilityTimeout": "5"}, "queueUrl": JOBS}
    )
    reading = Reading(journal, lambda **_: {"Events": [event(changed, ago(2), "1")], "NextToken": "t"})
    observed = reading.source.observe(around(API, Resource("sqs", "jobs")))
    assert len(reading.asked) == 16
    reasons = [gap.reason for gap in observed.missing]
    assert "1 more resources were not looked up: CloudTrail takes two requests a second" in reasons
    assert "not all records of CreateDeployment were read" in reasons


def test_what_others_did_with_a_call_is_read_only_as_far_back_as_it_may_matter(
    journal: ChangeJournal,
) -> None:
    old = record("ssm", "PutParameter", {"name": "/elsewhere"})
    reading = Reading(journal, lambda **_: {"Events": [event(old, ago(60 * 48), "1")], "NextToken": "t"})
    observed = reading.source.observe(around(Resource("ssm", "/shop/limit")))
    assert reading.asked == ["PutParameter", "DeleteParameter", "DeleteParameters"]
    assert observed.missing == ()


def test_what_cloudtrail_cannot_tell_about_is_not_asked_for(journal: ChangeJournal) -> None:
    reading = Reading(journal)
    observed = reading.source.observe(around(Resource("bedrock", "amazon.titan-image-generator-v2:0")))
    assert (reading.asked, observed.items, observed.missing) == ([], (), ())


def test_every_call_that_is_looked_up_is_understood() -> None:
    understood = {(kind.service, name) for kind in all_kinds() for name in kind.names}
    asked = {(service, name) for service, names in cloudtrail._BY_CALL.items() for name in names}
    assert asked <= understood


def test_pages_are_followed_within_bounds(journal: ChangeJournal) -> None:
    reading = Reading(journal, lambda **_: {"Events": [], "NextToken": "t"})
    reading.source.observe(around(BUCKET))
    assert [asked.get("NextToken") for _, asked in reading.here.calls] == [None, "t"]


def test_the_deadline_ends_the_lookups(journal: ChangeJournal) -> None:
    reading = Reading(journal, deadline_s=0)
    observed = reading.source.observe(around(BUCKET, TABLE))
    assert reading.here.calls == []
    assert observed.missing[0].reason.startswith("2 more resources were not looked up")


def test_roles_are_looked_up_where_iam_is_recorded(journal: ChangeJournal) -> None:
    reading = Reading(journal)
    reading.source.observe(around(ROLE))
    assert (reading.here.calls, reading.of_iam.count("cloudtrail.lookup_events")) == ([], 1)


@pytest.mark.parametrize(
    ("region", "partition", "of_iam"),
    [
        ("us-east-1", "aws", "us-east-1"),
        ("eu-central-1", "aws", "us-east-1"),
        ("cn-northwest-1", "aws-cn", "cn-north-1"),
    ],
)
def test_where_iam_is_recorded(region: str, partition: str, of_iam: str, settings: Settings) -> None:
    from dataclasses import replace

    topic = f"arn:{partition}:sns:{region}:123456789012:lambda-auto-repair-notifications-test"
    source = cloudtrail.source(replace(settings, region=region, topic_arn=topic), Clients(region))
    assert isinstance(source, CloudTrailSource)
    assert source._clients_of_iam._region == of_iam


def test_without_a_journal_cloudtrail_stands_in_for_it() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDeniedException", "Query")

    journal = ChangeJournal(RecordedClients({"dynamodb.query": denied}), "table", 400)
    reading = Reading(journal, lambda **_: {"Events": [event(bucket_policy(), ago(9), "e")]})
    assert [c.event_id for c in reading.source.observe(around(BUCKET)).changes] == ["e"]


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        (Resource("kms", "1234"), ["arn:aws:kms:us-east-1:123456789012:key/1234"]),
        (ROLE, ["image-role"]),
        (Resource("secretsmanager", "prod/db"), ["prod/db"]),
        (Resource("ssm", "/a/b"), ["PutParameter", "DeleteParameter", "DeleteParameters"]),
        (Resource("rds", "shop", DATABASE), ["shop", DATABASE]),
    ],
)
def test_what_cloudtrail_may_call_a_resource(resource: Resource, names: list[str]) -> None:
    assert [value for _, value in attributes_of(resource, PLACE)] == names
