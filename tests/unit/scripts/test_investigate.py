"""Investigations by command: arguments are understood or named, and the end is told in plain words."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from auto_repair.contracts.documents import encode
from auto_repair.domain.case import WorkflowError
from auto_repair.domain.diagnosis import Inquiry, InquiryOutcome, Verdict
from auto_repair.domain.incident import Disposition
from auto_repair.domain.plan import Decision
from auto_repair.domain.question.reading import Reading
from local.scenarios.incident_watch import Moment
from scripts import account, findings, investigate
from scripts.investigate import WrongArgument, moment, outcome, rejection, start_document, watch
from tests.builders import a_case, a_diagnosis, a_hypothesis, a_plan, an_incident

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30m", "2026-01-31T11:30"),
        ("2h", "2026-01-31T10:00"),
        (" 1 D ", "2026-01-30T12:00"),
        ("90min", "2026-01-31T10:30"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00"),
        ("2026-01-31T11:00:00+02:00", "2026-01-31T09:00"),
        ("2026-01-31 10:15", "2026-01-31T10:15"),
    ],
)
def test_times_are_understood(text: str, meant: str) -> None:
    assert moment(text, NOW).startswith(meant)
    assert moment(text, NOW).endswith("Z")


@pytest.mark.parametrize("text", ["yesterday", "2x", "10:00 o'clock", "2026-13-01"])
def test_other_times_are_refused_by_the_arguments_name(text: str) -> None:
    with pytest.raises(WrongArgument, match=r"SINCE: .* is not a time; give 30m"):
        moment(text, NOW)


def test_the_future_has_not_begun() -> None:
    with pytest.raises(WrongArgument, match="lies in the future"):
        moment("2026-01-31T12:01:00Z", NOW)


@pytest.mark.parametrize("text", ["15d", "9999d", "9999h", "1999-01-01", "0001-01-01"])
def test_what_cloudwatch_has_forgotten_is_refused(text: str) -> None:
    with pytest.raises(WrongArgument, match=f"SINCE: '{text}' is more than 14 days ago; give a later time"):
        moment(text, NOW)
    assert moment("14d", NOW).startswith("2026-01-17T12:00")


def test_only_what_was_given_is_sent() -> None:
    assert start_document(" orders ", "", "", NOW) == {"target": "orders", "manual": True}
    asked = start_document("", "1h", "my API returns 500", NOW)
    assert asked == {
        "question": "my API returns 500",
        "since": "2026-01-31T11:00:00.000000Z",
        "manual": True,
    }
    with pytest.raises(WrongArgument, match="TARGET: give a function"):
        start_document(" ", "1h", "", NOW)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("question: Which function is it about?", "Asked back: Which function is it about?"),
        ("target: it is empty", "TARGET: it is empty"),
        ("functionName: 'x y' is no name", "TARGET: 'x y' is no name"),
        ("since: 'x' is not a time", "SINCE: 'x' is not a time"),
        ("since: '1999-01-01' is more than 14 days ago", "SINCE: '1999-01-01' is more than 14 days ago"),
        (
            "there is no Lambda function 'x' here; check functionName",
            "TARGET: there is no Lambda function 'x' here; check TARGET",
        ),
    ],
)
def test_a_refused_start_is_told_in_the_commands_own_words(problem: str, told: str) -> None:
    assert rejection(problem) == told


def test_the_end_names_verdict_findings_and_report() -> None:
    case = a_case(diagnosis=a_diagnosis(a_hypothesis(), missing=("xray: denied",)), plan=a_plan())
    lines, code = outcome({**encode(case), "notice": {"report": "s3://page"}}, "SUCCEEDED", "prod")
    text = "\n".join(lines)
    assert code == 0
    for told in ("Verdict: ROOT_CAUSE_FOUND", "95%  out_of_memory: Out of memory", "missing: xray: denied"):
        assert told in text
    assert "Report: s3://page" in text
    assert "make findings INCIDENT=incident-1 DECLINE=out_of_memory ENV=prod" in text


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (
            Reading(
                "apigateway:shop",
                "5XX answers",
                datetime(2026, 1, 31, 9, 0, tzinfo=UTC),
                "CET",
                assumptions=("“Since” is taken as 10:00.",),
            ),
            [
                "Understood: apigateway:shop, 5XX answers, since 2026-01-31 09:00 UTC, times read in CET.",
                "  assumed: “Since” is taken as 10:00.",
            ],
        ),
        (
            Reading("lambda:orders"),
            ["Understood: lambda:orders, no symptom was said, no time was said."],
        ),
    ],
)
def test_how_a_question_was_read_is_told_first(reading: Reading, told: list[str]) -> None:
    lines, _ = outcome(encode(a_case(incident=an_incident(reading=reading))), "SUCCEEDED", "prod")
    assert lines[: len(told)] == told
    assert lines[len(told)].startswith("Verdict")


def test_what_waits_for_people_says_so() -> None:
    lines, code = outcome(encode(a_case(plan=a_plan(decision=Decision.ASK))), "RUNNING", "prod")
    assert code == 0
    assert "asked for approval" in lines[-1]
    assert "Report: none yet" in lines


@pytest.mark.parametrize(
    ("facts", "status", "told", "code"),
    [
        (
            {"incident": an_incident(disposition=Disposition.REJECTED, problem="question: Which API?")},
            "SUCCEEDED",
            "Asked back: Which API?",
            2,
        ),
        (
            {"incident": an_incident(disposition=Disposition.JOINED, joined_incident_id="other")},
            "SUCCEEDED",
            "Incident other of orders is open already: make findings INCIDENT=other ENV=prod",
            0,
        ),
        ({"failure": WorkflowError("DiagnoseIssue", "AwsCallFailed")}, "SUCCEEDED", "Verdict: ROOT", 1),
        (
            {"diagnosis": None, "failure": WorkflowError("X")},
            "SUCCEEDED",
            "before anything could be found",
            1,
        ),
        ({}, "TIMED_OUT", "ended as TIMED_OUT", 1),
    ],
)
def test_other_endings(facts: dict[str, Any], status: str, told: str, code: int) -> None:
    lines, given = outcome(encode(a_case(**facts)), status, "prod")
    assert told in lines[0]
    assert given == code


def test_states_are_told_up_to_a_question_to_people() -> None:
    def moments() -> Iterator[Moment]:
        yield Moment(NOW, "DetermineAction", True, {"step": 1})
        yield Moment(NOW, "DetermineAction", False, {"step": 2})
        yield Moment(NOW, "IsActionAllowed", True, {"step": 2})
        yield Moment(NOW, "AwaitApproval", True, {"step": 3})
        raise AssertionError("nobody waits for days")

    said: list[str] = []
    assert watch(moments(), said.append) == {"step": 3}
    assert said == ["  12:00:00  DetermineAction", "  12:00:00  AwaitApproval"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--target", "", "--since", "1h"], "TARGET: give a function"),
        (["--target", "orders", "--since", "soon"], "SINCE: 'soon' is not a time"),
    ],
)
def test_wrong_arguments_end_with_2_before_any_call(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(investigate, "reach", _unreachable)
    assert investigate.main(["--environment", "prod", *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "INCIDENT: it is missing"),
        (["--target", "orders", "--accept", "x"], "INCIDENT: it is missing"),
        (["--incident", "i", "--accept", "x", "--decline", "y"], "ACCEPT, DECLINE, AGAIN: give one of them"),
    ],
)
def test_wrong_requests_about_findings_end_with_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "reach", _unreachable)
    assert findings.main(["--environment", "prod", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_problem_is_told_by_the_arguments_name() -> None:
    assert findings.problem("incidentId: there is none") == "INCIDENT: there is none"
    known = "INCIDENT: there is none; give TARGET as well"
    assert findings.problem("incidentId: there is none; give functionName as well") == known
    assert findings.problem("finding: unknown") == "ACCEPT or DECLINE: unknown"
    assert findings.problem("operation: what?") == "operation: what?"


def test_leads_are_told_and_not_as_causes() -> None:
    lead = a_hypothesis(failure_mode="neighbour_changed", title="PutBucketPolicy", confidence=0.3)
    unclear = Inquiry(InquiryOutcome.CANNOT_TELL, 0.3, leads=(lead,))
    case = a_case(diagnosis=a_diagnosis(verdict=Verdict.CANNOT_TELL, inquiry=unclear))
    told = "  lead, no cause: 30%  neighbour_changed: PutBucketPolicy"
    assert told in outcome(encode(case), "SUCCEEDED", "prod")[0]
    answer = {
        "leads": [{"id": lead.id, "title": lead.title, "confidence": 0.3}],
        "hypotheses": [],
        "notes": [],
    }
    named = dict.fromkeys(("incidentId", "functionName", "status", "verdict", "summary", "report"), "x")
    assert told in list(findings.told({**named, **answer, "answers": [], "confirmedCause": ""}))


def test_a_second_look_is_told() -> None:
    look = {"reopened": True, "before": "", "after": "policy@s3:images", "report": "s3://page", "note": ""}
    assert list(findings.told(look)) == ["Reopened: before none, now policy@s3:images. Report: s3://page"]
    assert list(findings.told({**look, "reopened": False, "note": "The same."})) == ["The same."]


def test_when_somebody_answered_is_told_to_the_second() -> None:
    said = {"say": "accept", "finding": "code_error", "by": "ada", "comment": ""}
    answer: dict[str, Any] = {
        "incidentId": "one",
        "functionName": "orders",
        "status": "ADVISED",
        "verdict": "X",
    }
    answer |= {"summary": "", "confirmedCause": "", "report": "", "hypotheses": [], "notes": []}
    shown = findings.told({**answer, "answers": [{**said, "at": "2026-01-31T04:46:53.016426Z"}]})
    assert "  accept: code_error by ada at 2026-01-31 04:46:53 UTC" in list(shown)


@pytest.mark.parametrize("command", [investigate.main, findings.main])
def test_an_embedded_aws_that_does_not_run_is_told(
    command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped() -> dict[str, str]:
        raise subprocess.CalledProcessError(1, "local env")

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(account, "embedded_aws_variables", stopped)
    subject = "--target" if command is investigate.main else "--incident"
    assert command(["--environment", "local", subject, "orders"]) == 1
    assert "ENV=local: no embedded AWS is running; make local starts one" in capsys.readouterr().err


def _unreachable(_environment: str) -> None:
    raise AssertionError("no account is asked")
