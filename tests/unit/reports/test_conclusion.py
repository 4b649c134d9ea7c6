"""Every way to end is told honestly, and says what a person should do."""

from dataclasses import replace

import pytest

from auto_repair.domain.diagnosis import Diagnosis, Verdict
from auto_repair.domain.evidence import FunctionConfiguration
from auto_repair.domain.last_look import deployed_since
from auto_repair.domain.manual_start import start_command
from auto_repair.domain.repair import Refusal
from auto_repair.reports.conclusion import Tone, conclude
from tests.builders import NOW
from tests.unit.reports import cases

HEADLINES = {
    "repaired": ("Repaired and verified", Tone.GOOD, "orders-checkout works again: memory 128 MB → 384 MB."),
    "climbed_and_rolled_back": ("Rolled back", Tone.WARN, "taken back: memory 128 MB again."),
    "nothing_wrong": (
        "Nothing is wrong",
        Tone.GOOD,
        "Nothing is wrong with orders-checkout that we can see.",
    ),
    "already_repaired": (
        "Already repaired",
        Tone.GOOD,
        "orders-checkout is already repaired: memory 128 MB → 384 MB, verified. Nothing to do.",
    ),
    "cannot_tell": ("Cannot tell", Tone.WARN, "CloudWatch Logs is missing."),
    "advised": ("A person has to act", Tone.WARN, "no repair of ours is right."),
    "refused": ("Refused by a rule", Tone.WARN, "the rule “caller_timeout” forbids it."),
    "paused_meanwhile": ("Refused by a rule", Tone.WARN, "the rule “paused” forbids it."),
    "observed": ("Observed only", Tone.CALM, "In mode auto: memory 128 MB → 384 MB."),
    "awaiting": ("Waiting for an answer", Tone.WARN, "memory 128 MB → 384 MB"),
    "rejected": (
        "Rejected",
        Tone.CALM,
        "Rejected by arn:aws:iam::123456789012:user/ada: “stopped on purpose”.",
    ),
    "expired": ("No answer in time", Tone.CALM, "Nobody answered in time, which means no."),
    "inconclusive": ("Changed, proof missing", Tone.WARN, "Nobody can say yet whether the change helped"),
    "failed_before_change": ("Our workflow failed", Tone.BAD, "failed in DiagnoseIssue (AwsCallFailed)."),
    "failed_half_way": ("Needs a person now", Tone.BAD, "What is live now is not certain."),
    "stale": ("Our workflow failed", Tone.BAD, "(StaleConfiguration). Nothing was changed."),
    "gave_up": ("Needs a person now", Tone.BAD, "what is live is not ours or AWS could not set it."),
    "kept": (
        "Works, little headroom",
        Tone.WARN,
        "orders-checkout works: memory 128 MB → 384 MB. A step for more headroom could not be taken.",
    ),
    "overruled": (
        "Changed by somebody else",
        Tone.WARN,
        "while it was verified; what was still ours was taken back.",
    ),
    "left": (
        "Left as it is",
        Tone.WARN,
        "Somebody deployed something else before the next step; what was changed stays: ",
    ),
    "invalid": ("Not looked into", Tone.WARN, "detail.alarmName is missing"),
    "joined": ("Joined an open incident", Tone.CALM, "20260131T120400Z-orders-checkout-00000001"),
}


@pytest.mark.parametrize("case", HEADLINES)
def test_headline(case: str) -> None:
    label, tone, words = HEADLINES[case]
    conclusion = conclude(cases.ALL[case]())
    assert (conclusion.label, conclusion.tone) == (label, tone)
    assert words in conclusion.headline


@pytest.mark.parametrize(
    "case",
    [
        "nothing_wrong",
        "cannot_tell",
        "advised",
        "refused",
        "paused_meanwhile",
        "observed",
        "rejected",
        "expired",
        "failed_before_change",
    ],
)
def test_an_untouched_function_is_said_to_be_untouched(case: str) -> None:
    assert "Nothing was changed." in conclude(cases.ALL[case]()).headline


@pytest.mark.parametrize(
    "problem",
    [
        "alarm 'x' fired while a mute rule keeps it from acting (release, until 2026-01-31 13:00 UTC)",
        "there is no Lambda function 'gone' in this account and region; check functionName",
    ],
)
def test_an_event_that_was_understood_is_not_said_to_be_none(problem: str) -> None:
    report = cases.invalid()
    told = conclude(replace(report, incident=replace(report.incident, problem=problem)))
    assert told.headline == f"Nothing was looked into: {problem}. Nothing was changed."
    assert "understood" not in told.label
    assert "a mute rule" in told.next_steps[0]


def test_what_went_back_and_what_somebody_else_has_set_are_told_apart() -> None:
    told = conclude(cases.overruled()).explanation
    assert "(timeout 15 s is 7 s now)" in told
    assert "Taken back: visibility timeout of orders-inbox: 90 s → 30 s." in told
    assert "Left as it is: timeout of orders-checkout: 15 s → 3 s: the live value is 7 s" in told


def test_what_stays_under_a_deployment_is_told_with_its_values() -> None:
    report = cases.left()
    told = conclude(report)
    assert "Left as it is: timeout of orders-checkout: 3 s → 15 s; since the repair was" in told.explanation
    assert "decide whether it needs the changed values" in told.next_steps[0]
    refusal = Refusal("newer deployment", "other code has been deployed", "start again with `aws …`")
    assert report.plan
    report = replace(report, plan=replace(report.plan, refusal=refusal))
    assert any("Start again with `aws …`" in step for step in conclude(report).next_steps)


def test_rollback_that_could_not_go_all_the_way_says_how_far_it_went() -> None:
    report = cases.gave_up()
    assert "was not taken back" in conclude(report).headline
    assert report.rollback
    partly = replace(report, rollback=replace(report.rollback, steps=("timeout of orders: 9 s → 3 s",)))
    assert "was only partly taken back" in conclude(partly).headline
    assert "Taken back: timeout of orders: 9 s → 3 s." in conclude(partly).explanation


STEPS = {
    "repaired": "Write `memory_size = 384` (aws_lambda_function orders-checkout) into Terraform",
    "timeout_behind_alias": (
        "Write `visibility_timeout_seconds = 90` (aws_sqs_queue orders-inbox), `timeout = 15` "
        '(aws_lambda_function orders-checkout) and `function_version = "8"` (aws_lambda_alias live, where a '
        "number stands there) into Terraform"
    ),
    "throttled": "Write `reserved_concurrent_executions = 20` (aws_lambda_function orders-checkout)",
    "restored_policy": "Write the policy that is live now (aws_s3_bucket_policy images) into Terraform",
    "climbed_and_rolled_back": "Look at what else was considered: “A memory leak”.",
    "refused": "Make the work asynchronous",
    "observed": "onboard the function with mode ask or auto",
    "advised": "Fix app.py line 12",
    "cannot_tell": "Make readable what was missing, for a surer diagnosis next time: CloudWatch Logs.",
    "inconclusive": "Still open: killed runs.",
    "expired": "To be asked again",
    "failed_half_way": "check commands",
    "nothing_wrong": "raise its threshold",
    "already_repaired": "Nothing now. If it has not been done since: Write `memory_size = 384` (aws",
}


@pytest.mark.parametrize("case", STEPS)
def test_next_steps(case: str) -> None:
    assert any(STEPS[case] in step for step in conclude(cases.ALL[case]()).next_steps)


def test_command_that_starts_again_after_a_deployment_is_shown_whole() -> None:
    """However long the names are: a cut command is of no use."""
    arn = "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:lambda-auto-repair-workflow-long:id"
    incident = replace(cases.manual().incident, function_name="f" * 64, alias="a" * 128, execution_arn=arn)
    refusal = deployed_since(incident, "settings", FunctionConfiguration("f" * 64, 128, 3, last_modified=NOW))
    paused = cases.paused_meanwhile()
    assert paused.repair is not None
    told = conclude(replace(paused, incident=incident, repair=replace(paused.repair, refusal=refusal)))
    assert "the rule “newer deployment” forbids it. Nothing was changed." in told.headline
    assert "other settings (environment variables" in told.explanation
    (step,) = (step for step in told.next_steps if "start again" in step)
    assert f"`{start_command(incident)}`" in step


@pytest.mark.parametrize("status", ["VERIFIED", "INCONCLUSIVE"])
def test_after_a_longer_timeout_its_alarm_has_to_follow(status: str) -> None:
    report = replace(cases.timeout_behind_alias(), status=status)
    (step,) = (step for step in conclude(report).next_steps if "alarm" in step)
    assert step == (
        "Apply Lambda Auto-Repair's Terraform again: until then lambda-duration-alarm-orders-checkout "
        "compares with the former timeout of 3 s. It stays in ALARM and starts nothing more, or fires again "
        "although nothing is wrong."
    )
    assert not any("lambda-duration-alarm" in step for step in conclude(cases.repaired()).next_steps)


def test_who_missed_the_question_is_told_how_to_be_asked_again() -> None:
    report = cases.expired()
    (step,) = conclude(report).next_steps
    assert f"To be asked again, run `{start_command(report.incident)}`" in step


def test_an_unknown_status_is_shown_as_it_is() -> None:
    conclusion = conclude(cases.undecided("SOMETHING_NEW"))
    assert conclusion.label == "SOMETHING_NEW"
    assert conclusion.tone is Tone.CALM


def test_explanation_gives_cause_and_proof() -> None:
    explanation = conclude(cases.repaired()).explanation
    assert "needs more than its 128 MB" in explanation
    assert "20 runs since the change, none failed" in explanation


def test_what_is_repaired_already_says_when_by_whom_and_how_it_went_since() -> None:
    conclusion = conclude(cases.already_repaired())
    assert "needs more than its 128 MB" in conclusion.explanation
    assert "Already repaired at 2026-01-31 12:05:13 UTC by incident 20260131T1" in conclusion.explanation
    assert "20 runs in the log since then." in conclusion.explanation


def test_an_explanation_keeps_the_spelling_of_the_function() -> None:
    diagnosis = Diagnosis(Verdict.NOTHING_WRONG, "orders is healthy")
    report = cases.undecided(
        "NOTHING_WRONG", diagnosis=diagnosis, incident=cases.an_incident(function_name="orders")
    )
    assert conclude(report).explanation == "orders is healthy."


def test_a_declined_rung_is_part_of_the_explanation() -> None:
    assert (
        "Rejected by arn:aws:iam::123456789012:user/ada." in conclude(cases.later_rung_rejected()).explanation
    )


def test_a_pause_since_the_question_is_told_with_its_way_out() -> None:
    conclusion = conclude(cases.paused_meanwhile())
    assert "alarm rule is disabled" in conclusion.explanation
    (step,) = conclusion.next_steps
    assert step == f"Enable it, then start again: {RESUME}"


RESUME = (
    "`aws events enable-rule --region eu-central-1 --name lambda-auto-repair-alarm-rule-orders-checkout "
    "--event-bus-name lambda-auto-repair-prod`, "
    f"`{start_command(cases.an_incident())}`."
)


def test_a_later_rung_that_a_pause_forbade_is_told_and_counted_as_not_made() -> None:
    report = cases.later_rung_paused()
    (step,) = (s for s in conclude(report).next_steps if "paused" in s)
    assert step.startswith("A further step was wanted, but the rule “paused” forbids it")
    assert step.endswith(RESUME)
    assert report.change == cases.memory_change(128, 384)


def test_a_rule_that_stopped_the_ladder_is_told_with_its_way_out() -> None:
    refusal = Refusal("max_memory", "the owner's cap is 384 MB", "Raise the cap")
    plan = cases.a_plan(is_last_rung=True, refusal=refusal)
    (step,) = (s for s in conclude(cases.repaired(plan=plan)).next_steps if "max_memory" in s)
    assert step.endswith("The owner's cap is 384 MB. Raise the cap.")
