"""The change behind a cause is the one that its reasons tell, and is shown from what to what."""

from dataclasses import replace

import pytest

from auto_repair.reports.culprit import culprit, difference, told_by
from tests.unit.reports import investigations as given

AROUND = given.surroundings()


def test_the_change_that_the_reasons_tell_counts_whatever_else_happened_to_the_resource() -> None:
    tagged = AROUND.changes[2]
    assert given.DENIED.since == tagged.at
    assert culprit(given.DENIED, AROUND) == given.PUT


def test_without_a_told_moment_the_one_at_which_it_began() -> None:
    quiet = replace(given.DENIED, because=given.DENIED.because[2:], since=given.CHANGED_AT)
    assert culprit(quiet, AROUND) == given.PUT
    assert culprit(replace(quiet, since=None), AROUND) is None


def test_our_own_repair_is_never_held_responsible() -> None:
    ours = replace(AROUND, changes=tuple(replace(c, ours=True) for c in AROUND.changes))
    assert culprit(given.DENIED, ours) is None


def test_nothing_is_known_without_surroundings_or_cause() -> None:
    assert culprit(given.DENIED, None) is None
    assert culprit(None, AROUND) is None


def test_in_words() -> None:
    assert told_by(given.PUT) == f"PutBucketPolicy by {given.ACTOR}"
    assert told_by(replace(given.PUT, actor="")) == "PutBucketPolicy by somebody unknown"
    assert told_by(replace(given.PUT, ours=True)) == "PutBucketPolicy by our own repair"


def test_documents_are_shown_as_a_difference() -> None:
    lines = difference(given.PUT).splitlines()
    assert '+      "Sid": "NoReading",' in lines
    assert '-      "Sid": "NoReading",' in difference(
        replace(given.PUT, before=given.DENYING, after=given.FORMER)
    )


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        ({"had_none": True, "before": ""}, "+"),
        ({"action": "DeleteBucketPolicy", "after": ""}, "-"),
    ],
)
def test_a_policy_that_came_or_went(facts: dict[str, object], sign: str) -> None:
    lines = difference(replace(given.PUT, **facts)).splitlines()[3:]  # type: ignore[arg-type]
    assert lines
    assert {line[0] for line in lines} == {sign}


@pytest.mark.parametrize("unknown", ["before", "after"])
def test_what_nobody_knows_is_not_shown_as_a_difference(unknown: str) -> None:
    assert difference(replace(given.PUT, **{unknown: ""})) == ""  # type: ignore[arg-type]
