"""Where no cause is named, a report says what was looked at, why it is not enough, and where to look next."""

import json
from dataclasses import replace

import pytest

from auto_repair.domain.citations import MissingEvidence
from auto_repair.domain.diagnosis import Diagnosis, Inquiry, InquiryOutcome, Verdict
from auto_repair.domain.evidence import ErrorSignature
from auto_repair.domain.ranking import diagnose
from auto_repair.domain.surroundings import ResourceSignature
from auto_repair.failure_modes import all_failure_modes
from auto_repair.reports import html, json_report, markdown
from auto_repair.reports.conclusion import conclude
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.inquiry import LEADS, inquiry
from auto_repair.reports.messages import result_message
from tests.unit.reports import cases
from tests.unit.reports import investigations as given

WHY = "the evidence makes a fault there only 30% likely, and causes are named from 50% on"


def concluding(verdict: Verdict, outcome: InquiryOutcome) -> IncidentReport:
    diagnosis = replace(given.DIAGNOSIS, verdict=verdict, inquiry=Inquiry(outcome, 0.1, ("it is quiet",)))
    return given.image_service(diagnosis=diagnosis, status=verdict.value)


def test_it_says_what_was_looked_at_and_why_that_is_not_enough() -> None:
    told = inquiry(given.unclear())
    assert told is not None
    assert told.outcome == "What was seen around apigateway:image-api is not enough to name a cause."
    assert told.reasons[0] == WHY
    resources, spans, unmeasured = told.looked_at
    assert resources == "8 resources: 1 metric, 4 changes and 0 log messages"
    assert spans == (
        "from 2026-01-31 09:52:31 UTC to 2026-01-31 10:07:40 UTC, compared with 2026-01-31 08:52:31 UTC to "
        "2026-01-31 09:52:31 UTC"
    )
    assert unmeasured.startswith("no metric was read of lambda:image-service, s3:image-service-images")


def test_what_traces_tell_is_no_log_message() -> None:
    report = given.unclear()
    assert report.evidence_before
    assert report.surroundings
    logged = ResourceSignature(given.API.id, "boom", given.CHANGED_AT, given.ALARM_AT, 3)
    around = replace(report.surroundings, signatures=(logged, replace(logged, traced=True)))
    seen = replace(report.evidence_before, surroundings=around)
    told = inquiry(replace(report, evidence_before=seen))
    assert told is not None
    assert told.looked_at[0] == "8 resources: 1 metric, 4 changes, 1 log message and 1 failure in traces"


@pytest.mark.parametrize(
    ("verdict", "outcome", "words"),
    [
        (Verdict.CANNOT_TELL, InquiryOutcome.NO_INCIDENT, "Nothing out of the ordinary was seen around"),
        (Verdict.CANNOT_TELL, InquiryOutcome.INCIDENT, "no resource stands out as its cause"),
        (Verdict.ROOT_CAUSE_FOUND, InquiryOutcome.NO_INCIDENT, "Nothing else out of the ordinary was seen"),
        (Verdict.ROOT_CAUSE_FOUND, InquiryOutcome.CANNOT_TELL, "has a part in it cannot be told"),
        (Verdict.NOTHING_WRONG, InquiryOutcome.NO_INCIDENT, "Nothing out of the ordinary was seen around"),
    ],
)
def test_outcome_in_words(verdict: Verdict, outcome: InquiryOutcome, words: str) -> None:
    told = inquiry(concluding(verdict, outcome))
    assert told is not None
    assert words in told.in_short
    assert told.in_short.endswith(": it is quiet.")


def test_cause_that_was_found_around_says_it_all() -> None:
    assert inquiry(concluding(Verdict.ROOT_CAUSE_FOUND, InquiryOutcome.INCIDENT)) is None
    assert inquiry(given.image_service()) is None


def test_steps_lead_from_the_lead_over_other_changes_to_another_look() -> None:
    lead, others, again, confirm, gap = conclude(given.unclear()).next_steps
    assert lead == (
        "Follow this lead, which is no cause yet: PutBucketPolicy on s3:image-service-images-123456789012, "
        "weak (30 %). PutBucketPolicy: policy replaced: 1 statement (Service) → 2 statements (Service, "
        "NoReading) at 2026-01-31 10:02:05 UTC by image-service-deployer/release-241."
    )
    # Newest first, and neither the lead's own change nor our own repair.
    assert others == (
        "See whether one of the last changes before it has a part in it: PutBucketTagging on "
        "s3:image-service-images-123456789012 at 2026-01-31 10:02:19 UTC by "
        "image-service-deployer/nightly-inventory; UpdateFunctionConfiguration on "
        "lambda:image-service-maker at 2026-01-31 09:59:05 UTC by image-service-deployer/nightly-inventory."
    )
    assert again == (
        "If it goes on, look again once more is measured: make investigate TARGET=apigateway:a1b2c3 "
        "SINCE=2026-01-31T10:02:31Z ENV=prod"
    )
    assert confirm.endswith(
        "make findings INCIDENT=20260131T100731Z-image-service-3fa9c2d1 "
        "ACCEPT=neighbour_changed@s3:image-service-images-123456789012 ENV=prod"
    )
    assert gap.endswith("config_history.")


@pytest.mark.parametrize("resource", ["", "apigateway:"])
def test_function_is_looked_at_again_where_no_other_resource_is_known(resource: str) -> None:
    report = given.unclear()
    steps = conclude(replace(report, incident=replace(report.incident, resource=resource))).next_steps
    assert any("make investigate TARGET=image-service SINCE=" in step for step in steps)


def test_without_any_lead_the_function_s_own_errors_are_named() -> None:
    quiet = given.unclear()
    assert quiet.diagnosis is not None
    assert quiet.evidence_before is not None
    errors = tuple(
        ErrorSignature("KeyError", "KeyError: <text>", count, given.CHANGED_AT, given.ALARM_AT, sample)
        for count, sample in ((3, "KeyError: 'a'"), (41, "KeyError: 'sku'"))
    )
    diagnosis = replace(quiet.diagnosis, inquiry=Inquiry(InquiryOutcome.NO_INCIDENT, 0.1))
    report = replace(
        quiet, diagnosis=diagnosis, evidence_before=replace(quiet.evidence_before, signatures=errors)
    )
    first, *_ = conclude(report).next_steps
    assert first == (
        "Read the most frequent error in the log of image-service: 41 times since 2026-01-31 10:02:05 UTC, "
        "KeyError: 'sku'."
    )


def test_unsure_hypothesis_comes_before_the_leads() -> None:
    report = given.unclear()
    assert report.diagnosis is not None
    unsure = replace(report.diagnosis, hypotheses=(replace(given.DENIED, confidence=0.45),))
    first, second, *_ = conclude(replace(report, diagnosis=unsure)).next_steps
    assert first.startswith("Check whether it is Denied by a bucket's policy, possible (45 %). 311× refused")
    assert second.startswith("Follow this lead")


def test_headline_blames_no_gap_where_what_was_seen_is_told() -> None:
    conclusion = conclude(given.unclear())
    assert conclusion.headline == "We cannot tell what is wrong with image-service. Nothing was changed."
    assert WHY in conclusion.explanation


@pytest.mark.parametrize("email", ["brief", "detailed"])
def test_message_says_it_too(email: str) -> None:
    _, body = result_message(given.unclear(), "s3://reports/report.html", email_template=email)
    for words in (WHY, "Looked at:\n- 8 resources", "which is no cause yet", "make investigate TARGET="):
        assert words in body


def test_short_message_says_why() -> None:
    _, body = result_message(given.unclear(), "s3://reports/report.html", notification_template="custom")
    assert WHY in body


def test_program_reads_leads_apart_from_hypotheses() -> None:
    document = json.loads(json_report.render(given.unclear()))
    assert document["investigation"]["hypotheses"] == []
    told = document["investigation"]["inquiry"]
    assert (told["outcome"], told["probability"]) == ("cannot_tell", 0.297)
    assert told["reasons"][0] == WHY
    (lead,) = told["leads"]
    assert lead["id"] == "neighbour_changed@s3:image-service-images-123456789012"
    assert lead["whyNot"] == ""
    assert document["diagnosis"]["inquiry"]["leads"][0]["confidence"] == lead["confidence"]


def test_nobody_is_told_to_make_readable_what_only_a_limit_of_ours_cuts() -> None:
    report = given.unclear()
    assert report.evidence_before
    assert report.surroundings
    gaps = (
        MissingEvidence("trace_details", "more pages than one", partly=True),
        MissingEvidence("resource_logs", "too far away", partly=True),
        MissingEvidence("resource_logs", "denied"),
    )
    seen = replace(report.evidence_before, surroundings=replace(report.surroundings, missing=gaps))
    diagnosis = diagnose(seen, all_failure_modes())
    steps = conclude(replace(report, evidence_before=seen, diagnosis=diagnosis)).next_steps
    assert steps[-1] == ("Make readable what was missing, for a surer diagnosis next time: resource_logs.")
    kept = replace(report.surroundings, missing=gaps[:2])
    cut = replace(report, evidence_before=replace(seen, surroundings=kept), diagnosis=diagnosis)
    told = replace(cut, diagnosis=diagnose(cut.evidence_before or seen, all_failure_modes()))
    assert not any("Make readable" in step for step in conclude(told).next_steps)
    assert "more pages than one" in markdown.render(told)


def test_gap_that_somebody_can_close_is_named_behind_any_number_that_nobody_can() -> None:
    report = given.unclear()
    assert report.evidence_before
    assert report.surroundings
    cut = [MissingEvidence(f"limited_{number}", "has more", partly=True) for number in range(7)]
    gaps = (*cut, MissingEvidence("config_history", "denied"))
    seen = replace(report.evidence_before, surroundings=replace(report.surroundings, missing=gaps))
    told = replace(report, evidence_before=seen, diagnosis=diagnose(seen, all_failure_modes()))
    assert conclude(told).next_steps[-1].endswith("for a surer diagnosis next time: config_history.")


def test_gaps_that_are_not_named_are_counted() -> None:
    gaps = tuple(MissingEvidence(f"source_{number}", "denied") for number in range(8))
    report = cases.ALL["cannot_tell"]()
    assert report.evidence_before
    seen = replace(report.evidence_before, missing=gaps)
    conclusion = conclude(
        replace(report, evidence_before=seen, diagnosis=diagnose(seen, all_failure_modes()))
    )
    named = "source_0, source_1, source_2, source_3, source_4, source_5 and 2 more"
    assert f": {named} are missing." in conclusion.headline
    assert conclusion.next_steps[-1].endswith(f"next time: {named}.")


def test_report_of_a_diagnosis_from_before_has_none() -> None:
    old = given.unclear()
    report = replace(old, diagnosis=Diagnosis(Verdict.CANNOT_TELL, "Something is wrong."))
    assert inquiry(report) is None
    assert LEADS not in markdown.render(report)
    assert LEADS not in html.render(report)
