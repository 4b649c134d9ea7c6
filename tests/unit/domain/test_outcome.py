"""How every path through the workflow ends, in one word, and which state an error came from."""

import json
from typing import Any

import pytest

from auto_repair.domain.case import EvidenceReference, WorkflowError
from auto_repair.domain.diagnosis import Verdict
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.incident import Disposition
from auto_repair.domain.outcome import failed_state, final_status, is_declined
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import NextStep, Outcome
from tests.builders import a_case, a_diagnosis, a_plan, a_verification, an_attempt, an_incident, progress

ASKING = a_plan(decision=Decision.ASK)
ASKING_AGAIN = a_plan(decision=Decision.ASK, planned_at="later", rung=2)
YES = {"decision": "approve"}
NOT_WRITTEN = AwsCallFailed(
    "lambda", "UpdateFunctionConfiguration", "AccessDeniedException", "not authorized"
)
CAUGHT = {"Error": "AwsCallFailed", "Cause": "{}"}
REJECTED = an_incident(disposition=Disposition.REJECTED)
CLIMBING = a_verification(outcome=Outcome.NOT_REPAIRED, next_step=NextStep.CLIMB)
GOING_BACK = a_verification(outcome=Outcome.NOT_REPAIRED, next_step=NextStep.ROLL_BACK)
OVERRULED = a_verification(outcome=Outcome.CANNOT_TELL_YET, next_step=NextStep.ROLL_BACK)
WITHOUT_VERDICT = a_verification(outcome=Outcome.CANNOT_TELL_YET)


def caught(error: Exception) -> dict[str, str]:
    """What Step Functions' Catch makes of an error of a function."""
    name = type(error).__name__
    return {"Error": name, "Cause": json.dumps({"errorType": name, "errorMessage": str(error)})}


def nothing_to_do(verdict: Verdict) -> dict[str, Any]:
    return {
        "diagnosis": a_diagnosis(verdict=verdict, hypotheses=()),
        "plan": Plan(Decision.NOTHING, ("Nothing to repair.",)),
    }


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        ("INVALID_EVENT", {"incident": REJECTED, "evidence": None, "diagnosis": None}),
        ("NOTHING_WRONG", nothing_to_do(Verdict.NOTHING_WRONG)),
        ("CANNOT_TELL", nothing_to_do(Verdict.CANNOT_TELL)),
        ("ALREADY_REPAIRED", {"plan": Plan(Decision.NOTHING, ("done before",), settled_by=an_attempt())}),
        ("ADVISED", {"plan": a_plan(decision=Decision.ADVISE)}),
        ("OBSERVED", {"plan": a_plan(decision=Decision.OBSERVE)}),
        ("REFUSED", {"plan": a_plan(decision=Decision.REFUSE)}),
        ("VERIFIED", {"plan": a_plan(), "repair": progress(), "verification": a_verification()}),
        ("INCONCLUSIVE", {"plan": a_plan(), "repair": progress(), "verification": WITHOUT_VERDICT}),
        (
            "ROLLED_BACK",
            {"plan": a_plan(), "repair": progress(), "verification": GOING_BACK, "rollback": progress()},
        ),
        (
            "INCONCLUSIVE",
            {"plan": a_plan(), "repair": progress(), "verification": OVERRULED, "rollback": progress()},
        ),
        (
            "INCONCLUSIVE",
            {
                "plan": a_plan(),
                "repair": progress(),
                "verification": OVERRULED,
                "rollback": progress(ProgressStatus.GAVE_UP),
            },
        ),
        (
            "FAILED",  # the live value was not ours any more
            {
                "plan": a_plan(),
                "repair": progress(),
                "verification": GOING_BACK,
                "rollback": progress(ProgressStatus.GAVE_UP),
            },
        ),
        ("REJECTED", {"plan": ASKING, "approval": {"decision": "reject"}}),
        ("REJECTED", {"plan": ASKING, "approval": {"decision": "expired"}}),
        ("REJECTED", {"plan": ASKING, "approval": {"decision": "Approve"}}),
        ("REJECTED", {"plan": ASKING, "approval": "yes"}),
        ("REJECTED", {"plan": ASKING, "approval": None}),  # JSON null is an answer too
        (
            "VERIFIED",
            {
                "plan": ASKING,
                "approval": {"decision": "approve"},
                "repair": progress(),
                "verification": a_verification(),
            },
        ),
        (
            "ROLLED_BACK",  # a person forbade the second rung
            {
                "plan": ASKING,
                "approval": {"decision": "reject"},
                "repair": progress(),
                "verification": CLIMBING,
                "rollback": progress(),
            },
        ),
        ("FAILED", {"plan": None, "failure": WorkflowError("DiagnoseIssue")}),
        ("FAILED", {"incident": REJECTED, "failure": WorkflowError("ParseAlarmEvent")}),
        ("FAILED", {"plan": a_plan(), "error": CAUGHT, "rollback": progress()}),
        # Not even the failure could be recorded.
        ("FAILED", {"incident": REJECTED, "error": CAUGHT}),
        ("FAILED", {"plan": ASKING, "error": CAUGHT}),
        (
            "FAILED",
            {"plan": a_plan(), "repair": progress(), "verification": GOING_BACK, "rollback_error": CAUGHT},
        ),
        ("FAILED", {"plan": a_plan(), "repair": progress(), "verification": GOING_BACK}),
        ("FAILED", {"plan": None}),
        ("FAILED", {"plan": a_plan()}),
    ],
)
def test_final_status(status: str, facts: dict[str, Any]) -> None:
    assert final_status(a_case(**facts)) == status


def test_only_a_question_can_be_declined() -> None:
    assert not is_declined(a_case(plan=a_plan(), approval={"decision": "reject"}))
    assert not is_declined(a_case(plan=None))
    assert not is_declined(a_case(plan=ASKING, approval={"decision": "approve"}))
    assert not is_declined(a_case(plan=ASKING, error=CAUGHT))
    assert is_declined(a_case(plan=ASKING))


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("ParseAlarmEvent", {"incident": REJECTED, "evidence": None, "diagnosis": None}),
        ("CollectMetricsAndLogs", {"evidence": None, "diagnosis": None}),
        ("DiagnoseIssue", {"diagnosis": None}),
        ("LookAround", {"diagnosis": a_diagnosis(look_around=True), "plan": None}),
        (
            "DiagnoseIssue",
            {
                "diagnosis": a_diagnosis(look_around=True),
                "evidence": EvidenceReference("around", is_wide=True),
                "plan": None,
            },
        ),
        ("DetermineAction", {"plan": None}),
        ("AwaitApproval", {"plan": ASKING}),
        ("ExecuteRepair", {"plan": a_plan()}),
        ("ExecuteRepair", {"plan": ASKING, "approval": {"decision": "approve"}}),
        ("ExecuteRepair", {"plan": a_plan(), "repair": progress(ProgressStatus.APPLYING)}),
        (
            "ExecuteRepair",  # the second rung
            {"plan": a_plan(planned_at="later"), "repair": progress(), "verification": CLIMBING},
        ),
        (
            "AwaitApproval",  # the second rung's question, whatever went wrong with it
            {
                "plan": ASKING_AGAIN,
                "approval": {},
                "repair": progress(),
                "verification": CLIMBING,
                "error": {"Error": "Sandbox.Timedout", "Cause": "Task timed out after 60.00 seconds"},
            },
        ),
        (
            "ExecuteRepair",  # the second rung, which a person has agreed to
            {
                "plan": ASKING_AGAIN,
                "approval": YES,
                "repair": progress(),
                "verification": CLIMBING,
                "error": caught(NOT_WRITTEN),
            },
        ),
        (
            "ExecuteRepair",
            {
                "plan": ASKING_AGAIN,
                "approval": YES,
                "repair": progress(ProgressStatus.APPLYING, planned_at="later"),
                "verification": CLIMBING,
                "error": caught(NOT_WRITTEN),
            },
        ),
        ("VerifyRepair", {"plan": a_plan(), "repair": progress()}),
        (
            "VerifyRepair",
            {
                "plan": a_plan(),
                "repair": progress(),
                "verification": a_verification(next_step=NextStep.WAIT),
            },
        ),
        (
            "DetermineAction",  # planning the second rung
            {"plan": a_plan(), "repair": progress(), "verification": CLIMBING},
        ),
    ],
)
def test_failed_state(state: str, facts: dict[str, Any]) -> None:
    assert failed_state(a_case(**facts)) == state
