"""Messages are short, say what people need, and their commands work when pasted."""

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from auto_repair.domain.counsel import Counsel
from auto_repair.reports.messages import approval_request, result_message
from tests.unit.reports import cases
from tests.unit.reports.hostile import SAMPLES, hidden_characters, poisoned, texts

URI = "s3://lambda-auto-repair-reports-prod/orders-checkout/20260131T120431Z/report.html"
LINKS = {"Execution": "https://eu-central-1.console.aws.amazon.com/states/home", "Bad": "javascript:alert(1)"}
TOKEN = "AQCEAAAAKgAAAAMAAAAA+/TASKtoken=="
ARN = "arn:aws:sts::123456789012:assumed-role/operators/ada"
EXPIRES = cases.ALARM_AT + timedelta(hours=4)
SNS_LIMIT = 262_144  # bytes, attributes included


def request(
    case: str = "timeout_behind_alias", token: str = TOKEN, region: str = cases.REGION
) -> tuple[str, str]:
    report = cases.ALL[case]()
    assert report.plan
    return approval_request(report.incident, report.plan, report.diagnosis, token, EXPIRES, region)


@pytest.mark.parametrize("case", cases.ALL)
@pytest.mark.parametrize("notification", ["default", "custom"])
@pytest.mark.parametrize("email", ["brief", "detailed"])
def test_every_message_has_a_subject_a_reason_and_the_report(
    case: str, notification: str, email: str
) -> None:
    subject, body = result_message(
        cases.ALL[case](), URI, LINKS, notification_template=notification, email_template=email
    )
    assert cases.ALL[case]().incident.function_name in subject
    assert subject.isascii()
    assert len(subject) < 100
    assert URI in body
    assert "\n\n\n" not in body


def test_a_repair_in_words() -> None:
    subject, body = result_message(cases.repaired(), URI, LINKS)
    assert subject == "[Repaired and verified] orders-checkout: memory 128 MB -> 384 MB"
    for words in (
        "orders-checkout works again: memory 128 MB → 384 MB.",
        "- memory: 128 MB → 384 MB",
        "the owner's policy allows it (mode auto)",
        "at most about USD 1.27 more a month",
        "killed runs: 24 of 36 → 0 of 20, passed",
        "for: 24 of 36 runs were killed by the platform",
        "aws lambda update-function-configuration --region eu-central-1",
        "Execution: https://eu-central-1.console.aws.amazon.com/states/home",
    ):
        assert words in body
    assert "javascript" not in body


def test_brief_keeps_change_and_undo_but_no_evidence() -> None:
    _, body = result_message(cases.repaired(), URI, LINKS, email_template="brief")
    assert "--memory-size 128" in body
    assert "killed runs" not in body
    assert "Console" not in body


ALARM = "Alarm: lambda-errors-alarm-orders-checkout, 2026-01-31 12:04:31 UTC"


@pytest.mark.parametrize("case", ["failed_before_change", "nothing_wrong", "repaired", "cannot_tell"])
def test_a_message_names_the_alarm_that_it_answers(case: str) -> None:
    """Whoever is woken has heard of the alarm, and may have heard of several."""
    _, body = result_message(cases.ALL[case](), URI, email_template="brief")
    assert ALARM in body.splitlines()
    assert ALARM in request()[1].splitlines()


def test_an_alarm_is_named_once_and_none_where_a_person_asked() -> None:
    assert result_message(cases.ALL["image_service"](), URI)[1].count("Alarm: ") == 1
    assert "Alarm: " not in result_message(cases.manual(), URI)[1]


def test_custom_is_three_lines() -> None:
    _, body = result_message(cases.repaired(), URI, notification_template="custom")
    assert len(body.splitlines()) == 3


def test_unknown_templates_count_as_the_first() -> None:
    assert result_message(
        cases.repaired(), URI, notification_template="x", email_template="y"
    ) == result_message(cases.repaired(), URI)


def test_no_way_back_is_offered_where_nothing_was_changed() -> None:
    _, body = result_message(cases.rejected(), URI)
    assert "aws lambda" not in body
    assert "Not changed:\n- memory: 128 MB → 384 MB" in body


def test_the_question_says_what_why_price_way_back_and_expiry() -> None:
    subject, body = request()
    assert subject.startswith(
        "[Approval needed] orders-checkout: visibility timeout of orders-inbox 30 s -> 90 s"
    )
    for words in (
        "- visibility timeout of orders-inbox: 30 s → 90 s",
        "- timeout of orders-checkout: 3 s → 15 s",
        "- alias live moves to a new version (now version 7)",
        "needs more than its 128 MB of memory",
        "very likely (93 %)",
        "Price: at most about USD 1.27 more a month.",
        "timeout of orders-checkout: 15 s → 3 s; visibility timeout of orders-inbox: 90 s → 30 s",
        "No answer by 2026-01-31 16:04:31 UTC means no",
    ):
        assert words in body


NAMED = {"contact": "team-checkout@example.com", "approvers": ("ada", "the on-call engineer")}


def test_the_question_names_who_may_say_yes_and_the_owner() -> None:
    report = cases.timeout_behind_alias()
    assert report.plan
    plan = replace(report.plan, **NAMED)  # type: ignore[arg-type]
    _, body = approval_request(report.incident, plan, report.diagnosis, TOKEN, EXPIRES, cases.REGION)
    assert "\n\nWho may say yes: ada, the on-call engineer\nOwner: team-checkout@example.com\n\n" in body
    assert "Who may say yes" not in request()[1]


def test_the_question_holds_every_reason() -> None:
    """While it waits there is no report that could hold the rest."""
    report = cases.timeout_behind_alias()
    assert report.plan
    plan = replace(report.plan, reasons=tuple(f"doubt {n}" for n in range(9)))
    _, body = approval_request(report.incident, plan, report.diagnosis, TOKEN, EXPIRES, cases.REGION)
    assert [line for line in body.splitlines() if "doubt" in line] == [f"- doubt {n}" for n in range(9)]
    assert "more in the report" not in body


def test_the_result_names_the_owner_in_one_line_whatever_is_written_there() -> None:
    report = cases.advised()
    assert report.plan
    named = replace(report, plan=replace(report.plan, contact="team\x1b[31m\ncheckout"))
    _, body = result_message(named, URI, email_template="brief")
    assert body.splitlines()[-1] == "Owner: team\ufffd[31m checkout"
    assert "Owner" not in result_message(report, URI)[1]


def commands(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("aws ")]


def test_the_question_says_what_the_change_may_cost_others() -> None:
    _, body = request("image_service")
    assert "Risk: Whatever the present policy allows or forbids is gone, for everybody who uses" in body


def test_exactly_two_commands_answer() -> None:
    approve, reject = commands(request()[1])
    assert approve.startswith(
        f"aws stepfunctions send-task-success --region eu-central-1 --task-token '{TOKEN}' --task-output "
    )
    assert approve.replace("approve", "reject") == reject


@pytest.mark.parametrize(("position", "decision"), [(0, "approve"), (1, "reject")])
def test_without_a_shell_the_output_is_valid_json(position: int, decision: str) -> None:
    arguments = shlex.split(commands(request()[1])[position])
    output = json.loads(arguments[-1])
    assert output["decision"] == decision
    assert output["answeredBy"].startswith("$(aws sts get-caller-identity")


@pytest.mark.parametrize("shell", [name for name in ("bash", "sh", "zsh") if shutil.which(name)])
@pytest.mark.parametrize("token", [TOKEN, 'it\'s "quoted" $HOME `id` \\ !x'])
def test_a_shell_fills_in_who_answers(shell: str, token: str, tmp_path: Path) -> None:
    aws = tmp_path / "aws"
    aws.write_text(
        f'#!/bin/sh\n[ "$1" = sts ] && echo {ARN} && exit\nprintf "%s\\n" "$6" "$8" > {tmp_path}/said\n'
    )
    aws.chmod(0o755)
    command = commands(request(token=token)[1])[0]
    subprocess.run(
        [str(shutil.which(shell)), "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True
    )
    said_token, output = (tmp_path / "said").read_text().splitlines()
    assert said_token == token
    assert json.loads(output) == {"decision": "approve", "answeredBy": ARN}


@pytest.mark.parametrize("case", cases.ALL)
@given(text=texts)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_foreign_text_adds_no_lines_and_no_hidden_characters(case: str, text: str) -> None:
    subject, body = result_message(poisoned(cases.ALL[case](), text), URI)
    _, plain = result_message(poisoned(cases.ALL[case](), "q"), URI)
    undo = re.compile(r"^aws .*", re.MULTILINE | re.DOTALL)
    assert undo.sub("", body).count("\n") == undo.sub("", plain).count("\n")
    assert subject.isascii()
    assert subject.isprintable()
    body.encode("utf-8")


@given(text=texts)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_hostile_question_still_has_exactly_two_commands(text: str) -> None:
    report = poisoned(cases.timeout_behind_alias(), text)
    subject, body = approval_request(
        report.incident, report.plan, report.diagnosis, TOKEN, EXPIRES, cases.REGION
    )
    assert len(commands(body)) == 2
    assert len(subject) < 100
    assert not hidden_characters(body)


@pytest.mark.parametrize("text", SAMPLES)
def test_messages_fit_into_sns(text: str) -> None:
    report = poisoned(cases.timeout_behind_alias(), text)
    _, body = result_message(report, URI)
    _, question = approval_request(
        report.incident, report.plan, report.diagnosis, TOKEN, EXPIRES, cases.REGION
    )
    assert len(question.encode()) < SNS_LIMIT
    assert len(body.encode()) < SNS_LIMIT


def test_the_question_shows_what_changes_in_a_document_line_by_line() -> None:
    subject, body = request("restored_policy")
    block = body.partition("line by line:\n")[2].partition("\n\n")[0]
    assert block.startswith("--- before\n+++ after\n")
    assert '+      "Sid": "AllowApp",' in block
    assert "bucket policy of images: 1 statement" in subject


def test_a_plan_without_a_price_says_so() -> None:
    report = cases.timeout_behind_alias()
    plan = replace(cases.a_plan(), extra_cost_usd_per_month=None)
    assert "Price: not priced." in approval_request(report.incident, plan, None, TOKEN, EXPIRES, "")[1]


def test_a_cause_elsewhere_is_told_in_three_lines() -> None:
    _, body = result_message(cases.ALL["image_service"](), URI)
    story = body.split("\n\n")[1].splitlines()
    assert story[:3] == [
        "Alarm: image-service-api-5xx on apigateway:image-api, 2026-01-31 10:07:31 UTC.",
        "Cause: PutBucketPolicy on s3:image-service-images-123456789012 at 2026-01-31 10:02:05 UTC by "
        "image-service-deployer/release-241, very likely (95 %).",
        "Path: s3:image-service-images-123456789012 → lambda:image-service → apigateway:image-api. Proposed: "
        "bucket policy of image-service-images-123456789012: 2 statements (Service, NoReading) → 1 statement "
        "(Service).",
    ]


def test_a_cause_elsewhere_fits_three_lines_for_pagers() -> None:
    _, body = result_message(cases.ALL["image_service"](), URI, notification_template="custom")
    assert len(body.splitlines()) == 3
    assert "Cause: PutBucketPolicy on" in body


def test_the_question_tells_the_way_to_the_alarm() -> None:
    _, body = request("image_service")
    assert "- from there to the alarm: s3:image-service-images-123456789012 → lambda:image-service → " in body


def test_whoever_is_told_or_asked_knows_how_the_question_was_read() -> None:
    report = cases.ALL["everything_said"]()
    _, told = result_message(report, URI)
    assert (
        "The question was “my image-api returns 500 since ten”, read as:\n"
        "- apigateway:image-api, server errors (5xx), since 2026-01-31 10:00:00 UTC\n"
        "- “Since” is taken as 2026-01-31 10:00 UTC, the last 10:00 before now.\n"
        "- Times are read as UTC: the question names no time zone."
    ) in told
    assert report.plan
    _, asked = approval_request(report.incident, report.plan, report.diagnosis, TOKEN, EXPIRES, cases.REGION)
    assert "read as:\n- apigateway:a1b2c3, server errors (5xx), since 2026-01-31 10:00:00 UTC\n" in asked


def test_the_past_and_a_model_have_a_word_in_detailed_messages_only() -> None:
    report = cases.ALL["everything_said"]()
    _, detailed = result_message(report, URI)
    _, brief = result_message(report, URI, email_template="brief")
    for words in (
        "- 94 % like incident 20260103T081500Z-gallery-00000007 of 3 January 2026, cause denied_by_",
        "In a model's words: The bucket's policy was replaced at 10:02:05",
    ):
        assert words in detailed
        assert words not in brief


def test_a_model_without_an_answer_says_why() -> None:
    report = cases.ALL["everything_said"]()
    silent = Counsel("a-model", remarks=("The model did not settle within 20 seconds.",))
    assert report.diagnosis
    report = replace(report, diagnosis=replace(report.diagnosis, counsel=silent))
    assert "In a model's words: The model did not settle within 20 seconds." in result_message(report, URI)[1]
