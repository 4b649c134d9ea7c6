"""Somebody changes a bucket's policy: the journal knows it within seconds, with what was there before."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.observation_sources.change_journal import ChangeJournalSource
from auto_repair.adapters.observation_sources.cloudtrail import CloudTrailSource
from auto_repair.domain.arns import Home
from auto_repair.domain.citations import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, Scope, Symptom
from auto_repair.domain.timestamps import parse
from auto_repair.domain.topology import Topology
from local.scenarios.stage import wait_until
from tests.e2e.deployment import ACCOUNT, REGION, Deployment

BUCKET = "watched-for-changes"
TABLE = "lambda-auto-repair-changes-local"
WITHIN_S = 20
LINKS = ConsoleLinks(REGION)


def policy(effect: str) -> dict[str, Any]:
    """A policy about the account's own images."""
    statement = {
        "Sid": "Images",
        "Effect": effect,
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True)
class Changed:
    """The bucket after its policy was set twice, and the journal's entries about it."""

    items: list[dict[str, Any]]
    seconds: float  # from the last change until the journal knew it


@pytest.fixture(scope="module")
def trail(deployment: Deployment) -> Iterator[None]:
    """The account's own trail: without one, EventBridge hears of no call."""
    cloudtrail = deployment.client("cloudtrail")
    cloudtrail.create_trail(Name="everything", S3BucketName="trails")
    cloudtrail.start_logging(Name="everything")
    yield
    cloudtrail.delete_trail(Name="everything")


@pytest.fixture(scope="module")
def changed(deployment: Deployment, trail: None) -> Changed:
    s3 = deployment.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for effect in ("Allow", "Deny"):
        time.sleep(1.1)  # CloudTrail tells times to the second
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy(effect)))
    last = time.monotonic()
    items = wait_until(lambda: complete(entries(deployment)), seconds=WITHIN_S, what="the journal's entries")
    return Changed(list(items), time.monotonic() - last)


def entries(deployment: Deployment) -> list[dict[str, Any]]:
    """The journal's entries about the bucket, oldest first."""
    answer = deployment.client("dynamodb").query(
        TableName=TABLE,
        KeyConditionExpression="#r = :r",
        ExpressionAttributeNames={"#r": "resource"},
        ExpressionAttributeValues={":r": {"S": f"s3:{BUCKET}"}},
    )
    return list(answer["Items"])


def complete(items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    return items if len(items) >= 3 else None


def scope() -> Scope:
    now = datetime.now(UTC) + timedelta(seconds=1)
    window = Window(now - timedelta(minutes=15), now)
    symptom = Symptom(f"s3:{BUCKET}", MetricRole.AVAILABILITY, now)
    topology = Topology((Resource("s3", BUCKET),))
    return Scope(symptom, topology, window, Window(window.start - timedelta(hours=1), window.start))


def test_every_change_is_in_the_table_within_seconds(changed: Changed) -> None:
    assert [item["action"]["S"] for item in changed.items] == [
        "CreateBucket",
        "PutBucketPolicy",
        "PutBucketPolicy",
    ]
    assert changed.seconds < WITHIN_S
    assert all(int(item["expiresAt"]["N"]) > time.time() for item in changed.items)


def assert_both_policies_are_told(observed: Observation) -> None:
    created, first, second = observed.changes
    assert created.action == "CreateBucket"
    assert (json.loads(first.after), first.before, first.had_none) == (policy("Allow"), "", True)
    assert (json.loads(second.before), json.loads(second.after)) == (policy("Allow"), policy("Deny"))
    assert second.summary == "policy of 1 statement, 1 of them to deny"
    assert (second.actor.split()[0], second.ours) == ("Root", False)


@pytest.mark.usefixtures("changed")
def test_read_through_the_source_each_has_its_former_state() -> None:
    journal = ChangeJournal(Clients(REGION), TABLE, 400)
    assert_both_policies_are_told(ChangeJournalSource(journal, LINKS).observe(scope()))


def test_what_changed_anywhere_is_one_query(changed: Changed) -> None:
    last = parse(changed.items[-1]["at"]["S"].partition("#")[0])
    found = ChangeJournal(Clients(REGION), TABLE, 400).changed(last, last + timedelta(seconds=1))
    assert f"s3:{BUCKET}" in (found or ())


@pytest.mark.usefixtures("changed")
def test_without_a_journal_cloudtrail_tells_the_same() -> None:
    clients = Clients(REGION)
    source = CloudTrailSource(
        clients,
        clients,
        ChangeJournal(clients, "there-is-no-journal", 400),
        LINKS,
        place=Home("aws", REGION, ACCOUNT),
        our_role="lambda-auto-repair-execution-local",
    )
    assert_both_policies_are_told(source.observe(scope()))
