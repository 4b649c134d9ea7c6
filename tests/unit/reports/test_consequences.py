"""Whom it hurts, what may come, what a change may cost: only what is known is said."""

from dataclasses import replace

from auto_repair.reports import consequences
from tests.unit.reports import cases
from tests.unit.reports import investigations as given


def test_affected_resources_with_how_that_is_known() -> None:
    rows = {row.name: row for row in consequences.affected(given.image_service())}
    api, function = rows["apigateway:image-api"], rows["lambda:image-service"]
    assert (api.wrong, api.since, api.known) == ("280 of 304 calls failed", "10:02:31", "measured")
    assert api.is_entry
    assert (function.since, function.known) == ("", "follows from who needs whom")
    assert not function.is_entry


def test_the_toll_is_counted_at_entry_points() -> None:
    told = consequences.toll(given.image_service())
    assert told == "280 failed calls at apigateway:image-api since 10:02:31 UTC."
    assert consequences.toll(cases.repaired()) == ""


def test_where_nothing_was_measured_nobody_is_said_to_suffer() -> None:
    report = given.image_service()
    assert report.evidence_before
    unmeasured = replace(report.evidence_before, surroundings=given.surroundings(series=()))
    assert consequences.affected(replace(report, evidence_before=unmeasured)) == ()


def test_nobody_suffers_where_nothing_is_wrong() -> None:
    assert consequences.affected(given.image_service(status="NOTHING_WRONG")) == ()


def test_what_runs_out_is_told_apart_from_what_does_not() -> None:
    (told,) = consequences.foreseen(given.slow_database())
    assert told.startswith("free storage of rds:shop reaches zero in about")
    assert consequences.foreseen(cases.repaired()) == ()


def test_after_a_change_the_later_look_counts() -> None:
    before = given.slow_database().evidence_before
    untouched = cases.undecided("OBSERVED", evidence_before=before)
    assert len(consequences.foreseen(untouched)) == 1
    assert consequences.foreseen(cases.repaired(evidence_before=before)) == ()


def test_each_kind_of_change_has_its_risk() -> None:
    (bucket,) = consequences.risks(given.image_service())
    assert "everybody who uses the bucket" in bucket
    assert len(consequences.risks(cases.timeout_behind_alias())) == 2
    assert consequences.risks(cases.nothing_wrong()) == ()


def test_why_not_is_the_strongest_objection_or_the_distance() -> None:
    assert consequences.why_not(given.MESSENGER, given.DENIED) == given.MESSENGER.against[0].text
    assert consequences.why_not(given.DEPLOYED, given.DENIED) == (
        "less speaks for it than for “Denied by a bucket's policy” (94 points)"
    )
