"""The JSON report is valid JSON with the tables' names, and bounded."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from auto_repair.reports import json_report
from tests.unit.reports import cases, investigations
from tests.unit.reports.hostile import SAMPLES, hidden_characters, poisoned, texts


@pytest.mark.parametrize("case", cases.ALL)
def test_every_case_is_valid_json_with_the_same_members(case: str) -> None:
    document = json.loads(json_report.render(cases.ALL[case]()))
    assert document["format"] == json_report.FORMAT
    assert set(document) == set(json.loads(json_report.render(cases.repaired())))
    assert document["conclusion"]["headline"]


def test_names_and_values() -> None:
    document = json.loads(json_report.render(cases.timeout_behind_alias()))
    assert document["status"] == "VERIFIED"
    assert document["standing"] == "changed"
    assert document["incident"]["functionName"] == cases.FUNCTION
    assert document["incident"]["alarm"]["changedAt"] == "2026-01-31T12:04:31+00:00"
    assert document["diagnosis"]["hypotheses"][0]["because"][0]["evidence"] == ["logs.oom", "metrics.errors"]
    moved = {"what": "alias live", "before": "version 7", "after": "version 8", "lines": ""}
    assert document["differences"][-1] == moved
    assert document["undoCommands"][0].startswith("aws lambda update-alias")
    assert document["attempts"][0]["previousMemory"] == 128
    assert document["verification"]["checks"][3]["passed"] is None


def test_single_runs_are_left_to_the_evidence() -> None:
    evidence = json.loads(json_report.render(cases.repaired()))["evidenceBefore"]
    assert "invocations" not in evidence
    assert len(evidence["items"]) == 4


def test_figures_that_json_does_not_know_become_null() -> None:
    plan = replace(cases.a_plan(), extra_cost_usd_per_month=float("nan"))
    attempts = [{"previousMemory": Decimal(128), "cost": Decimal("0.5"), "set": {"a"}}]
    document = json.loads(json_report.render(cases.repaired(plan=plan, attempts=attempts)))
    assert document["plan"]["extraCostUsdPerMonth"] is None
    assert document["attempts"] == [{"previousMemory": 128, "cost": 0.5, "set": ["a"]}]


@given(text=texts)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_foreign_text_stays_text(text: str) -> None:
    source = json_report.render(poisoned(cases.repaired(), text))
    json.loads(source)
    assert not hidden_characters(source)
    source.encode("utf-8")


@pytest.mark.parametrize("text", SAMPLES)
def test_a_flood_of_text_is_cut(text: str) -> None:
    assert len(json_report.render(poisoned(cases.repaired(), text))) < 1_000_000


def test_documents_of_the_change_are_whole() -> None:
    document = json.loads(json_report.render(cases.restored_policy()))
    (setting,) = document["change"]["settings"]
    assert (setting["before"], setting["after"]) == (cases.DENYING_POLICY, cases.FORMER_POLICY)
    assert '+      "Sid": "AllowApp",' in document["differences"][0]["lines"]


def test_an_investigation_is_whole() -> None:
    document = json.loads(json_report.render(cases.ALL["image_service"]()))
    found = document["investigation"]
    cause = found["rootCause"]
    assert (cause["id"], cause["action"], cause["actor"]) == (
        "denied_by_bucket_policy@s3:image-service-images-123456789012",
        "PutBucketPolicy",
        "image-service-deployer/release-241",
    )
    assert cause["since"] == "2026-01-31T10:02:05+00:00"
    assert '+      "Sid": "NoReading",' in cause["difference"]
    assert [h["id"] for h in found["hypotheses"]][1:] == [
        "neighbour_failing@apigateway:a1b2c3",
        "neighbour_changed@lambda:image-service-maker",
    ]
    assert [bool(h["whyNot"]) for h in found["hypotheses"]] == [False, True, True]
    assert [s["part"] for s in found["impactPath"]["stations"]] == [
        *("cause", "between", "alarm"),
        *("beside", "beside"),
    ]
    assert round(found["impact"]["failedCalls"]) == 280
    assert found["symptom"]["name"] == "apigateway:image-api"
    assert document["prevention"][0]["measure"] == "change_control"
    assert document["wayBackCommands"][0].startswith("aws s3api put-bucket-policy")


def test_who_did_not_look_around_has_no_investigation() -> None:
    document = json.loads(json_report.render(cases.repaired()))
    assert document["investigation"] is None
    assert document["prevention"] == []


def test_an_open_cause_is_null_and_the_outlook_stays() -> None:
    document = json.loads(json_report.render(cases.ALL["slow_database"]()))
    assert document["investigation"]["rootCause"] is None
    assert document["investigation"]["impactPath"] is None
    assert document["outlook"][0]["text"].startswith("free storage of rds:shop")


def test_series_of_the_surroundings_are_bounded() -> None:
    report = cases.ALL["image_service"]()
    assert report.evidence_before
    around = replace(investigations.surroundings(), series=investigations.SERIES * 20)
    report = replace(report, evidence_before=replace(report.evidence_before, surroundings=around))
    document = json.loads(json_report.render(report))
    assert len(document["evidenceBefore"]["surroundings"]["series"]) == json_report.MOST_SERIES
