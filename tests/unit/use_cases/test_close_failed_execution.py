"""An execution that ended without telling anybody does not hold up the next alarm."""

import json
from typing import Any

import pytest

from auto_repair.domain.composite_alarms import KnownAlarm
from auto_repair.domain.incident import AlarmMetric, AlarmSignal
from auto_repair.domain.timestamps import from_epoch_ms, iso
from auto_repair.use_cases.close_failed_execution import CloseFailedExecution
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent
from tests.builders import EXECUTION, NOW, a_change, ago, an_incident
from tests.fakes import FakeAlarms, FakeFunctions, FakeStore, finding, looking_up
from tests.recorded_events import event


def detail(name: str) -> Any:
    return event(name)["detail"]


def close(store: FakeStore, ended: Any) -> str:
    """As the notifier's handler reads the event."""
    return CloseFailedExecution(store, lambda: NOW, "notifier")(
        json.loads(ended["input"] or "null"),
        ended["executionArn"],
        from_epoch_ms(ended["startDate"]),
        ended["status"],
    )


def begun(store: FakeStore, ended: Any, execution_arn: str = "") -> str:
    started = from_epoch_ms(ended["startDate"])
    parse = ParseAlarmEvent(FakeFunctions(), store, finding(), looking_up())
    return parse(json.loads(ended["input"]), execution_arn or ended["executionArn"], started).id


@pytest.mark.parametrize("name", ["execution_failed", "execution_timed_out"])
def test_function_is_released_and_the_end_is_on_record(name: str) -> None:
    store, ended = FakeStore(), detail(name)
    incident_id = begun(store, ended)
    assert close(store, ended) == incident_id
    assert store.claims == {}
    assert store.incidents[incident_id].status == "FAILED"
    assert store.diagnosis["workflowResult"] == ended["status"]
    assert store.diagnosis["executionArn"] == ended["executionArn"]


def test_failed_duplicate_does_not_close_the_incident_of_the_first() -> None:
    store, ended = FakeStore(), detail("execution_failed")
    incident_id = begun(store, ended, f"{EXECUTION}-the-first")
    begun(store, ended)
    close(store, ended)
    assert store.claims["orders"][0] == incident_id
    assert store.incidents[incident_id].status == "OPEN"


def test_plans_that_nobody_will_finish_are_failed() -> None:
    store, ended = FakeStore(), detail("execution_timed_out")
    incident_id = begun(store, ended)
    incident = an_incident(id=incident_id)
    for at, status in enumerate(("EXECUTED", "PLANNED", "AWAITING_APPROVAL")):
        store.record_repair(incident, str(at), {"status": status, "change": a_change()})
    store.record_repair(an_incident(id="another"), "3", {"status": "PLANNED", "change": a_change()})
    close(store, ended)
    assert store.statuses == ["EXECUTED", "FAILED", "FAILED", "PLANNED"]
    for number in ("1", "2"):
        facts = store.repairs[("orders", number)]
        assert "ended as TIMED_OUT before this plan had begun: nothing was changed for it" in facts["outcome"]
        assert facts["endedAt"] == iso(NOW)
    assert "endedAt" not in store.repairs[("orders", "0")] | store.repairs[("orders", "3")]


def test_plan_that_had_begun_may_be_half_made_and_says_so() -> None:
    store, ended = FakeStore(), detail("execution_timed_out")
    incident = an_incident(id=begun(store, ended))
    facts = {"status": "PLANNED", "startedAt": iso(ago(minutes=1)), "change": a_change()}
    store.record_repair(incident, "1", facts)
    close(store, ended)
    (found,) = store.repairs.values()
    assert found["status"] == "FAILED"
    assert "ended as TIMED_OUT after the change had begun" in found["outcome"]
    assert "may be half made" in found["outcome"]
    assert found["endedAt"] == iso(NOW)


def test_function_that_only_aws_could_name_is_released_too() -> None:
    """Of a composite alarm, the event tells neither the function nor under which key its plans stand."""
    store, fired = FakeStore(), event("alarm_composite")
    errors = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}, "Sum")
    joined = AlarmSignal("lambda-errors-alarm-orders", NOW, state="ALARM", metrics=(errors,))
    parse = ParseAlarmEvent(FakeFunctions(), store, finding(), looking_up(FakeAlarms([KnownAlarm(joined)])))
    incident = parse(fired, EXECUTION, NOW)
    store.record_repair(incident, "1", {"status": "AWAITING_APPROVAL", "change": a_change()})
    closed = CloseFailedExecution(store, lambda: NOW, "notifier")(fired, EXECUTION, NOW, "ABORTED")
    assert closed == incident.id
    assert store.claims == {}
    assert store.statuses == ["FAILED"]


def test_failed_duplicate_ends_no_plan_of_the_first() -> None:
    store, ended = FakeStore(), detail("execution_failed")
    incident_id = begun(store, ended, f"{EXECUTION}-the-first")
    facts = {"status": "AWAITING_APPROVAL", "change": a_change()}
    store.record_repair(an_incident(id=incident_id), "1", facts)
    close(store, ended)
    assert store.statuses == ["AWAITING_APPROVAL"]
    assert store.diagnosis["workflowResult"] == "FAILED"


def test_input_that_was_too_large_for_the_event_names_no_incident() -> None:
    store = FakeStore()
    assert close(store, detail("execution_aborted_large_input")) == ""
    assert store.diagnoses == {}
