"""The demo says of an incident that did not end as it should what differs, why, and where its report lies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local.scenarios import all_scenarios
from local.scenarios.run import Ending, last_word
from scripts.demo import REPORTS, explain

SCENARIO = all_scenarios()["timeout_too_low"]
HELD = Ending(
    scenario=SCENARIO,
    status="VERIFIED",
    root_cause="timeout_too_low",
    change="timeout 3 s → 6 s",
    seconds_to_alarm=5.0,
    seconds_to_diagnosis=2.0,
    seconds_to_end=20.0,
    proof="20/20",
    report=str(REPORTS / "20260131T120000Z-checkout-3fa9c2d1" / "report.html"),
    verdict="repaired: no run was cut off",
)


def test_nothing_is_to_explain_of_an_incident_that_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert HELD.held
    explain(HELD)
    assert capsys.readouterr().out == ""


def test_an_incident_that_did_not_hold_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    explain(replace(HELD, status="EXECUTED", verdict="inconclusive: 2 runs since the change, 8 are needed"))
    assert capsys.readouterr().out.splitlines() == [
        "",
        f"{SCENARIO.function_name}: ended as EXECUTED, expected VERIFIED.",
        "  why     inconclusive: 2 runs since the change, 8 are needed",
        "  report  .build/demo/20260131T120000Z-checkout-3fa9c2d1/report.html",
    ]


def test_everything_that_differs_is_named() -> None:
    ending = replace(HELD, root_cause="", proof="17/20")
    assert not ending.held
    assert ending.shortcomings == (
        "root cause not found, expected timeout_too_low",
        "17 of 20 further calls succeed",
    )


@pytest.mark.parametrize(
    ("further", "said"),
    [
        ({}, "the timeout is too low"),
        ({"plan": {"decision": "refuse", "reasons": ["freeze", "cost"]}}, "refuse: freeze; cost"),
        ({"verification": {"outcome": "worse", "reason": "9 of 10 runs fail"}}, "worse: 9 of 10 runs fail"),
        (
            {"error": {"Error": "AwsCallFailed", "Cause": "denied"}},
            "our own workflow failed: AwsCallFailed: denied",
        ),
    ],
)
def test_the_latest_state_has_the_last_word(further: dict[str, Any], said: str) -> None:
    assert last_word({"diagnosis": {"summary": "the timeout is too low"}, **further}) == said


def test_an_execution_that_ended_before_a_diagnosis_says_so() -> None:
    assert last_word({}) == "the workflow ended before a diagnosis"
