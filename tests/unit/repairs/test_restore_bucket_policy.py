"""The former policy comes back exactly, a person decides, and nobody else's work is overwritten."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from auto_repair.domain.citations import EvidenceItem
from auto_repair.domain.policy import Mode
from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.repair import Check, Setting
from auto_repair.domain.surroundings import MetricRole, ResourceSignature
from auto_repair.repairs.restore_bucket_policy import REPAIR
from tests.bucket_policies import (
    ALLOW,
    DENYING,
    FORMER,
    a_policy_change,
    answers,
    around,
    denied,
    logged,
    policy,
    refused,
)
from tests.builders import (
    BUCKET,
    NOW,
    a_change,
    a_run,
    a_window,
    ago,
    an_attempt,
    an_error,
    bucket_policy,
    evidence,
    in_turn,
)
from tests.unit.repairs import outcomes

proposal, refusal = partial(outcomes.proposal, REPAIR), partial(outcomes.refusal, REPAIR)

RESTORED = a_change(bucket_policy(canonical(DENYING), canonical(FORMER)))
CHANGED_AT = a_window().start


def test_former_policy_comes_back_in_the_place_of_the_live_one() -> None:
    assert proposal(denied()).change == RESTORED


@pytest.mark.parametrize(
    ("public", "warned"),
    [
        ({"Principal": "*"}, "OpenToAll"),
        ({"Principal": {"AWS": ["*"]}}, "OpenToAll"),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "OpenToAll (under"),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, ""),
        ({"Principal": "*", "Effect": "Deny"}, ""),
    ],
)
def test_who_is_asked_hears_that_the_former_policy_was_open_to_everybody(
    public: dict[str, Any], warned: str
) -> None:
    statement = {"Sid": "OpenToAll", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    asked = proposal(denied(a_policy_change(policy(statement | public, ALLOW)))).needs_person
    assert ("BEWARE" in asked) is bool(warned)
    assert warned in asked


def test_who_is_asked_hears_how_old_the_knowledge_of_the_former_policy_is() -> None:
    asked = proposal(denied(a_policy_change(before_of=ago(days=3)))).needs_person
    assert "may come back; the former policy is the last one that was recorded, of 2026-01-28 12:00" in asked
    assert "recorded" not in proposal(denied()).needs_person


def test_bucket_that_had_none_gets_none() -> None:
    (setting,) = proposal(denied(a_policy_change(None))).change.settings
    assert (setting.before, setting.after) == (canonical(DENYING), None)


def test_deleted_policy_comes_back() -> None:
    gone = a_policy_change(FORMER, "", action="DeleteBucketPolicy")
    lacking = refused("because no resource-based policy allows the s3:GetObject action")
    (setting,) = proposal(denied(gone, signatures=(logged(lacking),))).change.settings
    assert (setting.before, setting.after) == (None, canonical(FORMER))


@pytest.mark.parametrize("mode", list(Mode))
def test_person_is_asked_in_every_mode(mode: Mode) -> None:
    assert "a person decides" in proposal(denied(), mode=mode).needs_person


@pytest.mark.parametrize("change", [a_policy_change(before=""), a_policy_change(after="")])
def test_no_plan_without_both_documents(change: Any) -> None:
    assert refusal(denied(change)).rule == "former policy"


def test_no_plan_where_somebody_changed_it_again() -> None:
    again = a_policy_change(DENYING, FORMER, ago(minutes=2), event_id="event-2", actor="bob")
    refused_by = refusal(denied(a_policy_change(), again))
    assert refused_by.rule == "policy changed again"
    assert "bob" in refused_by.reason


def test_no_plan_for_a_bucket_that_the_owner_did_not_list() -> None:
    for listed in ((), (f"{BUCKET}-2",)):
        assert refusal(denied(), buckets=listed).rule == "buckets"


def test_no_plan_where_nothing_explains_the_refusals() -> None:
    assert refusal(evidence()).rule == "evidence"


def test_no_second_rung() -> None:
    applied = replace(an_attempt(), change=RESTORED, repair=REPAIR.name)
    assert "back already" in refusal(denied(), applied).reason


# Judging. The change was made 15 minutes before NOW, when the window of the look begins.


def checks(**facts: Any) -> tuple[Check, ...]:
    seen: dict[str, Any] = {"surroundings": around(), "invocations": in_turn([a_run()] * 5), "signatures": ()}
    return REPAIR.judge(RESTORED, evidence(**(seen | facts)))


def test_runs_without_refusal_are_the_proof() -> None:
    calls, answered = checks()
    assert (calls.name, calls.passed, calls.essential) == ("calls refused by images", True, True)
    assert (answered.passed, answered.essential) == (None, True)


@pytest.mark.parametrize("runs", [[a_run()] * 2, [an_error()] * 5])
def test_too_few_good_runs_tell_nothing(runs: list[Any]) -> None:
    assert checks(invocations=in_turn(runs))[0].passed is None


def test_refusals_right_after_the_change_are_s3_taking_its_time() -> None:
    early = logged(last_seen=CHANGED_AT + timedelta(seconds=20))
    assert checks(signatures=(early,))[0].passed is True
    before = in_turn([a_run()] * 5, until=CHANGED_AT + timedelta(seconds=20))
    assert checks(signatures=(early,), invocations=before)[0].passed is None


def test_refusals_that_go_on_are_a_failure() -> None:
    check = checks(signatures=(logged(),))[0]
    assert check.passed is False
    assert "refused at 11:59:00 UTC still" in check.text
    elsewhere = logged(refused(resource=f"{BUCKET}-2/x"))
    assert checks(signatures=(elsewhere,))[0].passed is True


@pytest.mark.parametrize(("reads", "passed"), [(True, True), (False, None)])
def test_log_that_told_of_refusals_and_cannot_be_read_now_leaves_it_open(
    reads: bool, passed: bool | None
) -> None:
    neighbour = ResourceSignature(
        "lambda:thumbnails", "An error occurred", ago(minutes=25), ago(minutes=16), 4, sample=refused()
    )
    before = denied(surroundings=around(a_policy_change(), signatures=(neighbour,)))
    log = EvidenceItem(
        "around.lambda:thumbnails.errors", "resource_logs", "", a_window(), "no error is logged"
    )
    after = evidence(
        invocations=in_turn([a_run()] * 5), signatures=(), surroundings=around(items=(log,) if reads else ())
    )
    check = REPAIR.judge(RESTORED, after, before)[0]
    assert check.passed is passed
    assert ("the log of lambda:thumbnails told of refusals and cannot be read now" in check.text) is not reads


def test_refusal_that_names_no_bucket_may_be_of_this_one() -> None:
    bare = logged("An error occurred (AccessDenied) when calling the GetObject operation: Access Denied")
    assert checks(signatures=(bare,), surroundings=None)[0].passed is False


def test_old_log_lines_do_not_count() -> None:
    old = logged(first_seen=ago(minutes=30), last_seen=ago(minutes=20))
    assert checks(signatures=(old,))[0].passed is True


@pytest.mark.parametrize(("share", "passed"), [(1.0, True), (0.7, None), (0.1, False)])
def test_alarmed_resource_answers_well_again_or_not(share: float, passed: bool | None) -> None:
    series = (answers(MetricRole.AVAILABILITY, 0.0, *[share] * 13, since=CHANGED_AT),)
    check = checks(surroundings=around(series=series))[1]
    assert (check.passed, check.essential) == (passed, True)
    assert check.after == f"{share:.0%} of its calls"


def test_metrics_before_the_change_tell_nothing() -> None:
    series = (answers(MetricRole.AVAILABILITY, 0.0, since=NOW - timedelta(hours=1)),)
    assert checks(surroundings=around(series=series))[1].passed is None


def test_function_without_surroundings_is_judged_by_its_log() -> None:
    (calls,) = checks(surroundings=None)
    assert calls.passed is True


def test_change_is_of_a_bucket_policy_only() -> None:
    assert [s.setting for s in RESTORED.settings] == [Setting.BUCKET_POLICY]


def test_first_minute_may_prove_but_not_disprove() -> None:
    """S3 takes a moment until every server of it knows a policy."""
    for share, passed in ((1.0, True), (0.0, None)):
        early = answers(MetricRole.AVAILABILITY, share, since=CHANGED_AT)
        assert checks(surroundings=around(series=(early,)))[1].passed is passed
