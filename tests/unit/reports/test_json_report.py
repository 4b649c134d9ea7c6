"""The JSON report is valid JSON with the tables' names, and bounded."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from auto_repair.reports import json_report
from tests.unit.reports import cases
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
