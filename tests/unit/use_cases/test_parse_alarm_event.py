"""From an event to an incident: exactly one for each alarm event, and never an exception for a bad one."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.citations import Window
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.incident import LEASE, UNKNOWN_FUNCTION, Disposition, Incident, Trigger
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Edge, Topology
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent, incident_of
from tests.builders import EXECUTION, NOW, a_policy
from tests.fakes import (
    FakeAlarms,
    FakeFunction,
    FakeFunctions,
    FakePolicies,
    FakeStore,
    FakeTopology,
    finding,
    looking_up,
)
from tests.recorded_events import event


class Arrivals:
    """Events that arrive one after the other, each in an execution of its own."""

    def __init__(self, find_target: FindTarget | None = None, alarms: FakeAlarms | None = None) -> None:
        self.find_target = find_target or finding()
        self.look_up_alarm = looking_up(alarms)
        self.functions = FakeFunctions()
        self.store = FakeStore()
        self.count = 0

    def arrive(self, what: Any, *, execution: str = "") -> Incident:
        self.count += 1
        arn = execution or f"{EXECUTION}-{self.count}"
        parse = ParseAlarmEvent(self.functions, self.store, self.find_target, self.look_up_alarm)
        return parse(what, arn, NOW + timedelta(seconds=self.count))


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


@pytest.mark.parametrize("name", ["alarm_composite", "alarm_back_to_ok", "other_detail_type"])
def test_event_we_cannot_act_on_is_rejected(name: str) -> None:
    arrivals = Arrivals()
    incident = arrivals.arrive(event(name))
    assert incident.disposition is Disposition.REJECTED
    assert incident.function_name == UNKNOWN_FUNCTION
    assert incident.problem
    assert not arrivals.store.claims


def test_rejected_event_that_is_delivered_twice_is_one_incident() -> None:
    arrivals = Arrivals()
    first, again = (arrivals.arrive(event("alarm_composite")) for _ in range(2))
    assert first.id == again.id
    assert first.id.startswith("20260131T")
    assert first.execution_arn != again.execution_arn
    assert arrivals.arrive(event("alarm_composite") | {"id": "another"}).id != first.id


@pytest.mark.parametrize("change", [{"id": ""}, {"time": "yesterday"}, {"time": 7}])
def test_rejected_event_without_an_identity_is_its_own(change: dict[str, Any]) -> None:
    arrivals = Arrivals()
    unreadable = event("alarm_composite") | change
    assert arrivals.arrive(unreadable).id != arrivals.arrive(unreadable).id


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

    parse = ParseAlarmEvent(Denied(), FakeStore(), finding(), looking_up())
    with pytest.raises(AwsCallFailed):
        parse(event("alarm_single_metric"), EXECUTION, NOW)


def test_incident_travels_through_json() -> None:
    incident = Arrivals().arrive(event("alarm_metric_math"))
    assert decode(Incident, json.loads(json.dumps(encode(incident)))) == incident


def test_input_of_a_failed_execution_names_the_same_incident() -> None:
    incident = Arrivals().arrive(event("alarm_single_metric"), execution=EXECUTION)
    assert incident_of(event("alarm_single_metric"), EXECUTION, NOW).id == incident.id


API = Resource("apigateway", "a1b2c3", title="image-api")
ORDERS, BILLING = Resource("lambda", "orders"), Resource("lambda", "billing")


def api_alarm() -> Any:
    """An alarm on the 5XX answers of a REST API, which its metrics know by name."""
    alarm = event("alarm_single_metric")
    metric = alarm["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric |= {
        "namespace": "AWS/ApiGateway",
        "name": "5XXError",
        "dimensions": {"ApiName": "image-api", "Stage": "prod"},
    }
    return alarm


@dataclass
class Traces:
    """A source that is asked of an incident's own resource only."""

    knows: FakeTopology
    name: str = "traces"
    once: bool = True
    asked: int = 0

    def discover(self, start: Resource, window: Window) -> Topology:
        self.asked += 1
        return self.knows.discover(start, window)


def behind(api: Resource, *functions: Resource) -> FakeTopology:
    edges = tuple(Edge(api.id, function.id, "integration") for function in functions)
    # What an alarm names by its title only, a source may hand back as it was asked.
    nameless = Resource(api.service, "", title=api.title)
    return FakeTopology({api.title: Topology((nameless, api, *functions), edges)})


def test_alarm_on_an_api_is_about_the_function_behind_it() -> None:
    arrivals = Arrivals(finding(behind(API, ORDERS)))
    incident = arrivals.arrive(api_alarm())
    assert (incident.function_name, incident.resource) == ("orders", "apigateway:a1b2c3")
    assert incident.disposition is Disposition.OPENED
    assert incident.has_function
    # Read again without looking around, it is the same incident.
    assert incident_of(api_alarm(), incident.execution_arn, incident.opened_at).id == incident.id


@pytest.mark.parametrize(("settings_tell", "asked"), [(True, 0), (False, 1)])
def test_traces_are_asked_only_where_settings_tell_no_function(settings_tell: bool, asked: int) -> None:
    settings, traces = behind(API, ORDERS) if settings_tell else FakeTopology(), Traces(behind(API, ORDERS))
    around = LookAround((settings, traces))
    found = FindTarget(lambda: around, FakePolicies(), lambda _services: ())
    assert Arrivals(found).arrive(api_alarm()).function_name == "orders"
    assert traces.asked == asked


def test_of_several_functions_the_onboarded_one_counts() -> None:
    policies = FakePolicies({"billing": a_policy()})
    arrivals = Arrivals(finding(behind(API, ORDERS, BILLING), policies))
    arrivals.functions.all["billing"] = FakeFunction()
    assert arrivals.arrive(api_alarm()).function_name == "billing"


def test_alarm_on_an_api_whose_function_was_deleted_is_looked_into() -> None:
    incident = Arrivals(finding(behind(API, BILLING))).arrive(api_alarm())
    assert incident.disposition is Disposition.OPENED
    assert (incident.function_name, incident.resource) == ("apigateway:a1b2c3", "apigateway:a1b2c3")


def test_without_one_function_the_resource_itself_is_looked_at() -> None:
    policies = FakePolicies({"orders": a_policy(), "billing": a_policy()})
    incident = Arrivals(finding(behind(API, ORDERS, BILLING), policies)).arrive(api_alarm())
    assert incident.function_name == incident.resource == "apigateway:a1b2c3"
    assert incident.disposition is Disposition.OPENED
    assert not incident.has_function


def test_surroundings_that_cannot_be_read_reject_nothing() -> None:
    broken = FakeTopology(error=AwsCallFailed("apigateway", "GetRestApis", "AccessDeniedException", "no"))
    incident = Arrivals(finding(broken)).arrive(api_alarm())
    assert incident.disposition is Disposition.OPENED
    assert incident.function_name == "apigateway:image-api"


def test_alarm_of_another_service_is_about_its_resource() -> None:
    incident = Arrivals().arrive(event("alarm_of_another_service"))
    assert incident.function_name.startswith("ec2:i-")
    assert incident.id.startswith("20260131T115800Z-ec2-i-")


def test_person_names_a_resource_and_a_time() -> None:
    start = {"target": "apigateway:a1b2c3", "since": "2026-01-31T10:00:00Z", "manual": True}
    incident = Arrivals().arrive(start)
    assert incident.resource == "apigateway:a1b2c3"
    assert incident.started_at == NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    "target", ["orders", "arn:aws:lambda:eu-central-1:123456789012:function:orders:live"]
)
def test_person_names_a_function(target: str) -> None:
    incident = Arrivals().arrive({"target": target})
    assert (incident.function_name, incident.resource) == ("orders", "")


def test_question_in_words_finds_its_resource_and_time() -> None:
    known = finding(behind(API, ORDERS), None, API, ORDERS)
    incident = Arrivals(known).arrive({"question": "my image-api returns 500 since ten", "manual": True})
    assert (incident.function_name, incident.resource) == ("apigateway:a1b2c3", "apigateway:a1b2c3")
    assert incident.started_at == NOW - timedelta(hours=2)
    assert incident.question == "my image-api returns 500 since ten"


def test_question_that_is_not_understood_is_asked_back() -> None:
    incident = Arrivals(finding(None, None, API, ORDERS)).arrive({"question": "what is wrong?"})
    assert incident.disposition is Disposition.REJECTED
    assert incident.problem.startswith("question: ")
    assert incident.problem.endswith("?")


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ({"target": " "}, "target: it is empty"),
        ({"target": "arn:aws:made-up:::x"}, "target: 'arn:aws:made-up:::x' is not the ARN"),
        ({"target": "../orders"}, "is not a Lambda function"),
        ({"target": "orders", "since": "soon"}, "since: 'soon' is not a time"),
        ({"target": "orders", "since": "2999-01-01T00:00:00Z"}, "since: "),
        ({"target": "orders", "since": "1999-01-01T00:00:00Z"}, "since: "),
        ({"question": 7}, "`$.question`"),
    ],
)
def test_start_of_an_investigation_that_makes_no_sense_names_the_field(start: Any, told: str) -> None:
    incident = Arrivals().arrive(start)
    assert incident.disposition is Disposition.REJECTED
    assert told in incident.problem


def test_how_a_question_was_read_travels_with_the_incident() -> None:
    known = finding(behind(API, ORDERS), None, API, ORDERS)
    incident = Arrivals(known).arrive({"question": "image-api returns 500 since ten, password=hunter2"})
    assert incident.question == "image-api returns 500 since ten, password=[redacted]"
    assert incident.reading == Reading(
        "apigateway:a1b2c3",
        "server errors (5xx)",
        NOW - timedelta(hours=2),
        "UTC",
        "en",
        (
            "“Since” is taken as 2026-01-31 10:00 UTC, the last 10:00 before now.",
            "Times are read as UTC: the question names no time zone.",
        ),
    )


def test_a_time_beside_the_question_counts_and_that_is_said() -> None:
    known = finding(behind(API, ORDERS), None, API, ORDERS)
    asked = {"question": "image-api returns 500 since ten", "since": "2026-01-31T11:00:00Z"}
    incident = Arrivals(known).arrive(asked)
    assert incident.reading
    assert incident.since == incident.reading.since == NOW - timedelta(hours=1)
    assert "The time given beside the question counts: 2026-01-31 11:00 UTC." in incident.reading.assumptions


def test_a_question_that_is_asked_back_stays_on_record() -> None:
    incident = Arrivals(finding(None, None, API, ORDERS)).arrive({"question": "what is wrong?"})
    assert (incident.question, incident.reading) == ("what is wrong?", None)
