"""Where and why our own workflow failed is written down as it was."""

import json

import pytest

from auto_repair.domain.case import Case, WorkflowError
from auto_repair.domain.incident import LEASE, Disposition
from auto_repair.domain.outcome import CAUSE_LENGTH, readable_cause
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import NextStep, Outcome
from auto_repair.use_cases.parse_alarm_event import incident_of, recognised
from auto_repair.use_cases.record_failure import RecordFailure
from tests.builders import EXECUTION, NOW, a_case, a_change, a_plan, a_verification, an_incident, progress
from tests.fakes import FakeClock, FakeStore
from tests.recorded_events import event

CAUSE = json.dumps(
    {"errorType": "AwsCallFailed", "errorMessage": "lambda:X failed with 403", "stackTrace": []}
)
DENIED = WorkflowError(error="AwsCallFailed", cause=CAUSE)


def record(case: Case, error: WorkflowError = DENIED) -> tuple[WorkflowError, FakeStore]:
    store = FakeStore()
    return RecordFailure(store, FakeClock(), "notifier")(case, error), store


def test_state_error_and_cause_are_on_record() -> None:
    failure, store = record(a_case(plan=a_plan()))
    assert failure == WorkflowError("ExecuteRepair", "AwsCallFailed", "lambda:X failed with 403")
    assert store.diagnosis["workflowResult"] == "FAILED"
    assert store.diagnosis["failedState"] == "ExecuteRepair"
    assert "diagnosisResult" not in store.diagnosis  # the diagnosis itself stays as it was
    assert store.statuses == ["FAILED"]


def test_failure_before_a_diagnosis_is_the_result() -> None:
    failure, store = record(a_case(evidence=None, diagnosis=None))
    assert failure.state == "CollectMetricsAndLogs"
    assert store.diagnosis["diagnosisResult"] == "WORKFLOW_FAILED"
    assert store.repairs == {}


def test_event_that_could_not_be_parsed() -> None:
    failure, store = record(Case(an_incident(disposition=Disposition.REJECTED)))
    assert failure.state == "ParseAlarmEvent"
    assert store.diagnosis["diagnosisResult"] == "WORKFLOW_FAILED"


@pytest.mark.parametrize("settled", [ProgressStatus.DONE, ProgressStatus.LEFT])
def test_repair_that_was_taken_back_or_left_keeps_its_record(settled: ProgressStatus) -> None:
    _, store = record(a_case(plan=a_plan(), repair=progress(), rollback=progress(settled)))
    assert store.repairs == {}


def test_plan_whose_answer_was_lost_is_failed_too() -> None:
    store = FakeStore()
    store.record_repair(an_incident(), "lost", {"status": "PLANNED", "change": a_change()})
    store.record_repair(an_incident(id="another"), "other", {"status": "PLANNED", "change": a_change()})
    RecordFailure(store, FakeClock(), "notifier")(a_case(plan=None), DENIED)
    assert store.statuses == ["FAILED", "PLANNED"]
    assert store.repairs[("orders", "lost")]["outcome"].startswith("nothing was changed: ")


def test_plan_that_the_rollback_found_never_begun_keeps_its_record() -> None:
    """The rungs before it could not all be taken back: that is not what became of this one."""
    store = FakeStore()
    plan = a_plan(rung=2)
    never = {"status": "FAILED", "outcome": "nothing was changed: denied", "nothingWritten": True}
    store.record_repair(an_incident(), plan.planned_at, {"change": a_change(), "startedAt": "2026", **never})
    rollback = progress(ProgressStatus.GAVE_UP, reason="the live value is 512")
    RecordFailure(store, FakeClock(), "notifier")(a_case(plan=plan, rollback=rollback), DENIED)
    assert store.repairs[("orders", plan.planned_at)]["outcome"] == "nothing was changed: denied"


@pytest.mark.parametrize(
    ("execution", "status"), [(EXECUTION, "FAILED"), (f"{EXECUTION}-again", "AWAITING_APPROVAL")]
)
def test_delivery_that_could_not_be_parsed_fails_only_what_is_its_own(execution: str, status: str) -> None:
    """Each delivery of an alarm event comes to the same incident, and one of them works on it."""
    store, fired = FakeStore(), event("alarm_single_metric")
    incident = incident_of(fired, EXECUTION, NOW)
    store.open(incident, NOW + LEASE)
    store.record_repair(incident, "1", {"status": "AWAITING_APPROVAL", "change": a_change()})
    told = an_incident(
        id="0f1e", function_name="unknown", disposition=Disposition.REJECTED, execution_arn=execution
    )
    RecordFailure(store, FakeClock(), "notifier")(Case(told, event=fired), DENIED)
    assert store.statuses == [status]
    case = recognised(Case(told, event=fired), store)
    assert (case.incident.id == incident.id) is (execution == EXECUTION)
    assert case.incident.function_name == "orders"


def test_rollback_that_gave_up_is_told_too() -> None:
    rollback = progress(ProgressStatus.GAVE_UP, reason="the live value is 512")
    _, store = record(a_case(plan=a_plan(), repair=progress(), rollback=rollback))
    (facts,) = store.repairs.values()
    assert facts["status"] == "FAILED"
    assert facts["outcome"] == (
        "VerifyRepair failed with AwsCallFailed: lambda:X failed with 403; "
        "not rolled back: the live value is 512"
    )


def test_failed_rollback_is_named() -> None:
    going_back = a_verification(outcome=Outcome.NOT_REPAIRED, next_step=NextStep.ROLL_BACK)
    case = a_case(
        plan=a_plan(),
        repair=progress(),
        verification=going_back,
        rollback_error={"Error": "AwsCallFailed", "Cause": CAUSE},
    )
    failure, store = record(case, WorkflowError())
    assert failure == WorkflowError("RollBackRepair", "AwsCallFailed", "lambda:X failed with 403")
    assert store.diagnosis["failedState"] == "RollBackRepair"
    assert store.statuses == ["FAILED"]


def test_both_failures_are_told() -> None:
    case = a_case(plan=a_plan(), rollback_error={"Error": "States.Timeout"})
    failure, _ = record(case)
    assert failure.state == "ExecuteRepair"
    assert failure.cause == "lambda:X failed with 403; then RollBackRepair failed with States.Timeout: "


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (CAUSE, "lambda:X failed with 403"),
        ("plain words", "plain words"),
        ("", ""),
        ("[1, 2]", "[1, 2]"),
        ('{"errorMessage": ""}', '{"errorMessage": ""}'),
        ("x" * 9999, "x" * CAUSE_LENGTH),
        (json.dumps({"errorMessage": "y" * 9999}), "y" * CAUSE_LENGTH),
    ],
)
def test_readable_cause(cause: str, told: str) -> None:
    assert readable_cause(cause) == told
