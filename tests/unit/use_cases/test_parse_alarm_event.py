"""From an event to an incident: exactly one for each alarm event, and never an exception for a bad one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.incident import UNKNOWN_FUNCTION, Disposition, Incident, Trigger
from auto_repair.use_cases.parse_alarm_event import LEASE, ParseAlarmEvent, incident_of
from tests.builders import EXECUTION, NOW
from tests.fakes import FakeFunctions, FakeStore

EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


class Arrivals:
    """Events that arrive one after the other, each in an execution of its own."""

    def __init__(self) -> None:
        self.functions = FakeFunctions()
        self.store = FakeStore()
        self.count = 0

    def arrive(self, what: Any, *, execution: str = "") -> Incident:
        self.count += 1
        arn = execution or f"{EXECUTION}-{self.count}"
        return ParseAlarmEvent(self.functions, self.store)(what, arn, NOW + timedelta(seconds=self.count))


def test_alarm_opens_an_incident() -> None:
    arrivals = Arrivals()
    incident = arrivals.arrive(event("alarm_single_metric"))
    assert incident.disposition is Disposition.OPENED
    assert incident.trigger is Trigger.ALARM
    assert incident.function_name == "orders"
    assert incident.id.startswith("20260131T115800Z-orders-")
    assert arrivals.store.claims["orders"][0] == incident.id
    assert arrivals.store.claims["orders"][2] == incident.opened_at + LEASE


def test_same_event_five_times_is_one_incident() -> None:
    arrivals = Arrivals()
    incidents = [arrivals.arrive(event("alarm_single_metric")) for _ in range(5)]
    assert len({incident.id for incident in incidents}) == 1
    assert [i.disposition for i in incidents] == [Disposition.OPENED, *[Disposition.DUPLICATE] * 4]


def test_event_and_sns_message_of_one_alarm_are_one_incident() -> None:
    arrivals = Arrivals()
    names = ("alarm_single_metric", "sns_record_single_metric", "sns_raw_message")
    assert len({arrivals.arrive(event(name)).id for name in names}) == 1


def test_same_event_after_the_incident_was_closed_stays_a_duplicate() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive(event("alarm_single_metric"))
    arrivals.store.close(first, "VERIFIED")
    assert arrivals.arrive(event("alarm_single_metric")).disposition is Disposition.DUPLICATE


def test_next_change_of_the_same_alarm_is_another_incident() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive(event("alarm_single_metric"))
    arrivals.store.close(first, "VERIFIED")
    later = event("alarm_single_metric")
    later["detail"]["state"]["timestamp"] = "2026-01-31T13:00:00.000+0000"
    second = arrivals.arrive(later)
    assert second.disposition is Disposition.OPENED
    assert second.id != first.id


def test_retry_of_the_same_execution_opens_again() -> None:
    arrivals = Arrivals()
    first, again = (arrivals.arrive(event("alarm_single_metric"), execution=EXECUTION) for _ in range(2))
    assert first.id == again.id
    assert again.disposition is Disposition.OPENED


def test_another_alarm_joins_the_open_incident_and_is_visible_in_it() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive(event("alarm_single_metric"))
    second = arrivals.arrive(event("alarm_metric_math"))
    assert second.disposition is Disposition.JOINED
    assert second.joined_incident_id == first.id
    assert list(arrivals.store.joined_alarms(first)) == ["lambda-error-rate-alarm-orders"]


def test_manual_starts_are_always_their_own() -> None:
    arrivals = Arrivals()
    first = arrivals.arrive(event("manual_start"))
    assert first.trigger is Trigger.MANUAL
    assert first.alarm is None
    arrivals.store.close(first, "VERIFIED")
    assert arrivals.arrive(event("manual_start")).id != first.id


def test_function_that_does_not_exist_is_rejected() -> None:
    arrivals = Arrivals()
    incident = arrivals.arrive({"functionName": "gone"})
    assert incident.disposition is Disposition.REJECTED
    assert (incident.function_name, incident.trigger) == ("gone", Trigger.MANUAL)
    assert incident.problem == (
        "there is no Lambda function 'gone' in this account and region; check functionName"
    )
    assert not arrivals.store.claims


@pytest.mark.parametrize(
    "name", ["alarm_composite", "alarm_of_another_service", "alarm_back_to_ok", "other_detail_type"]
)
def test_event_we_cannot_act_on_is_rejected(name: str) -> None:
    arrivals = Arrivals()
    incident = arrivals.arrive(event(name))
    assert incident.disposition is Disposition.REJECTED
    assert incident.function_name == UNKNOWN_FUNCTION
    assert incident.problem
    assert not arrivals.store.claims


@pytest.mark.parametrize("kind", [None, 7, "text", [], {}, {"detail": None}, {"functionName": 7}])
def test_malformed_input_is_rejected(kind: Any) -> None:
    incident = Arrivals().arrive(kind)
    assert incident.disposition is Disposition.REJECTED
    assert incident.problem


def test_function_of_the_same_name_elsewhere_is_not_taken_for_ours() -> None:
    arrivals = Arrivals()
    foreign = json.loads(json.dumps(event("alarm_single_metric")).replace("eu-central-1", "us-east-1"))
    incident = arrivals.arrive(foreign)
    assert incident.disposition is Disposition.REJECTED
    assert "'orders' in us-east-1 of account 123456789012" in incident.problem
    assert "serves eu-central-1 of account 123456789012" in incident.problem
    assert not arrivals.store.claims


def test_rejected_events_do_not_disturb_others() -> None:
    arrivals = Arrivals()
    arrivals.arrive({"functionName": "gone"})
    arrivals.arrive([])
    assert arrivals.arrive(event("alarm_single_metric")).disposition is Disposition.OPENED


def test_denied_look_at_the_function_is_our_own_failure() -> None:
    class Denied(FakeFunctions):
        def configuration(self, function_name: str, qualifier: str | None = None) -> Any:
            raise AwsCallFailed("lambda", "GetFunctionConfiguration", "AccessDeniedException", "no")

    with pytest.raises(AwsCallFailed):
        ParseAlarmEvent(Denied(), FakeStore())(event("alarm_single_metric"), EXECUTION, NOW)


def test_incident_travels_through_json() -> None:
    incident = Arrivals().arrive(event("alarm_metric_math"))
    assert decode(Incident, json.loads(json.dumps(encode(incident)))) == incident


def test_input_of_a_failed_execution_names_the_same_incident() -> None:
    incident = Arrivals().arrive(event("alarm_single_metric"), execution=EXECUTION)
    assert incident_of(event("alarm_single_metric"), EXECUTION, NOW).id == incident.id
