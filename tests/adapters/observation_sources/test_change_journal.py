"""The journal as a source: recent changes with their former state, by as few queries as there can be."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.observation_sources import change_journal
from auto_repair.adapters.observation_sources.change_journal import MAX_RESOURCES
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.resources import Resource
from auto_repair.ports import ObservationSource
from auto_repair.settings import Settings
from tests.adapters.conftest import RecordedClients
from tests.adapters.observation_sources.surroundings import API, BUCKET, FUNCTION, ago, around
from tests.adapters.test_change_journal import TABLE, made_journal, put
from tests.unit.domain.changes.records import POLICY

DENYING = {**POLICY, "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]}


@pytest.fixture
def journal(clients: Clients) -> ChangeJournal:
    return made_journal(clients)


@pytest.fixture
def source(clients: Clients, settings: Settings) -> ObservationSource:
    return change_journal.source(replace(settings, changes_table=TABLE), clients)


def test_a_change_is_told_with_the_state_before_it_however_old_that_is(
    journal: ChangeJournal, source: ObservationSource
) -> None:
    journal.record(put(ago(60 * 24 * 80), "old"))
    journal.record(put(ago(9), "new", DENYING))
    observed = source.observe(around(API, FUNCTION, BUCKET))
    (change,) = observed.changes
    assert (change.resource, change.event_id, change.at) == ("s3:images", "new", ago(9))
    assert (json.loads(change.before), json.loads(change.after)) == (POLICY, DENYING)
    (item,) = observed.items
    assert item.id == "change_journal"
    # The entry from before the window vouches for it: only the bucket changed.
    assert item.query == "dynamodb:Query of all changes, then of each of 1 resources"
    assert item.observed == (
        "2026-01-31 11:51:00 UTC PutBucketPolicy on s3:images (policy of 1 statement, 1 of them to deny) "
        "by deployer/[redacted:email]"
    )
    assert observed.missing == ()


def test_the_first_change_that_is_known_has_no_former_state(
    journal: ChangeJournal, source: ObservationSource
) -> None:
    journal.record(put(ago(9), "new"))
    (change,) = source.observe(around(BUCKET)).changes
    assert (change.before, change.had_none) == ("", False)


def test_a_journal_that_has_just_begun_is_asked_for_every_resource(
    journal: ChangeJournal, source: ObservationSource
) -> None:
    journal.record(put(ago(9), "new"))
    observed = source.observe(around(API, FUNCTION, BUCKET))
    assert [change.event_id for change in observed.changes] == ["new"]
    assert observed.items[0].query == "dynamodb:Query of all changes, then of each of 3 resources"


def test_without_changes_it_says_so(journal: ChangeJournal, source: ObservationSource) -> None:
    journal.record(put(ago(-1), "after the window"))
    journal.record(put(ago(60 * 25), "two days ago"))
    observed = source.observe(around(BUCKET))
    assert observed.changes == ()
    assert observed.items[0].observed == "no change is known"


def test_resources_far_away_are_left_out_and_it_is_said(settings: Settings) -> None:
    clients = RecordedClients({"dynamodb.query": lambda **_: {"Items": []}})
    resources = [Resource("lambda", f"f{number}") for number in range(MAX_RESOURCES + 3)]
    observed = change_journal.source(settings, clients).observe(around(*resources))
    assert clients.count("dynamodb.query") == len(clients.calls) == 1 + MAX_RESOURCES
    assert observed.missing[0].reason == "3 resources farther away were not looked up"


def test_a_journal_that_is_not_there_is_an_error(source: ObservationSource) -> None:
    with pytest.raises(ResourceMissing):
        source.observe(around(BUCKET))


def test_many_changes_are_counted(journal: ChangeJournal, source: ObservationSource) -> None:
    for number in range(7):
        journal.record(put(ago(9) + timedelta(seconds=number), f"e{number}"))
    assert source.observe(around(BUCKET)).items[0].observed.endswith("; 2 earlier ones")
