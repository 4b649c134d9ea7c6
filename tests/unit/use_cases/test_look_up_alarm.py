"""Alarms that do not say what they are about: composite ones, and those on metrics of their owner's own."""

import json
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.composite_alarms import MOST_TOLD, KnownAlarm, composition
from auto_repair.domain.incident import AlarmMetric, AlarmSignal, Disposition, Incident
from auto_repair.domain.resources import Resource
from auto_repair.domain.timestamps import parse
from auto_repair.domain.topology import Edge, Topology
from auto_repair.use_cases.look_up_alarm import DEEPEST, MOST_ALARMS, TARGET_TAG
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent, incident_of
from tests.builders import EXECUTION, NOW
from tests.fakes import FakeAlarms, FakeFunctions, FakeStore, FakeTopology, finding, looking_up
from tests.recorded_events import event

PLACE = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"
FIRED = parse("2026-01-31T11:58:00.216+0000")
ERRORS = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}, "Sum")
AGE = AlarmMetric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "orders"}, "Maximum")
OWN = AlarmMetric("Shop", "Backlog", {}, "Sum")


def known(
    name: str, metric: AlarmMetric = OWN, *, minutes_before: float = 0, state: str = "ALARM"
) -> KnownAlarm:
    """An alarm that fired so long before the composite one."""
    at = FIRED - timedelta(minutes=minutes_before)
    return KnownAlarm(AlarmSignal(name, at, f"{PLACE}{name}", state, f"{name} crossed", (metric,)))


def joining(name: str, rule: str) -> KnownAlarm:
    """A composite alarm in ALARM."""
    return KnownAlarm(AlarmSignal(name, FIRED, f"{PLACE}{name}"), composition(rule, None))


def composite(rule: str, **state: Any) -> Any:
    """A composite alarm that fired, and whose reason data names nobody."""
    fired = event("alarm_composite")
    fired["detail"]["configuration"]["alarmRule"] = rule
    fired["detail"]["state"] |= {"reasonData": "{}", **state}
    return fired


def own_metric() -> Any:
    """An alarm on a metric of its owner's own."""
    fired = event("alarm_single_metric")
    metric = fired["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric |= {"namespace": "Shop", "name": "Backlog", "dimensions": {"Country": "de"}}
    return fired


def arrive(
    fired: Any,
    alarms: FakeAlarms | None = None,
    topology: FakeTopology | None = None,
    store: FakeStore | None = None,
) -> Incident:
    """What becomes of the event."""
    parse_event = ParseAlarmEvent(
        FakeFunctions(), store or FakeStore(), finding(topology), looking_up(alarms)
    )
    return parse_event(fired, EXECUTION, NOW)


def test_composite_alarm_is_about_the_function_of_its_child() -> None:
    alarms = FakeAlarms(
        [known("lambda-errors-alarm-orders", ERRORS), known("lambda-duration-alarm-orders", state="OK")]
    )
    incident = arrive(event("alarm_composite"), alarms)
    assert incident.disposition is Disposition.OPENED
    assert (incident.function_name, incident.resource) == ("orders", "")
    assert incident.alarm is not None
    assert incident.alarm.name == "orders-is-broken"
    assert incident.alarm.metrics == (ERRORS,)
    assert incident.alarm.reason == "lambda-errors-alarm-orders: lambda-errors-alarm-orders crossed"
    assert [(child.name, child.about) for child in incident.alarm.children] == [
        ("lambda-errors-alarm-orders", "orders")
    ]
    # Read again without asking CloudWatch, it is the same incident.
    assert incident_of(event("alarm_composite"), EXECUTION, NOW).id == incident.id


@pytest.mark.parametrize("name", ["alarm_composite", "sns_record_composite"])
def test_both_forms_of_a_composite_alarm_are_one_incident(name: str) -> None:
    alarms = FakeAlarms([known("lambda-errors-alarm-orders", ERRORS)])
    assert arrive(event(name), alarms).id == arrive(event("alarm_composite"), alarms).id


def test_child_with_an_open_incident_is_joined_and_not_repaired_twice() -> None:
    store, alarms = FakeStore(), FakeAlarms([known("lambda-errors-alarm-orders", ERRORS)])
    first = arrive(event("alarm_single_metric"), store=store)
    parse_event = ParseAlarmEvent(FakeFunctions(), store, finding(), looking_up(alarms))
    second = parse_event(event("alarm_composite"), f"{EXECUTION}-2", NOW)
    assert (second.disposition, second.joined_incident_id) == (Disposition.JOINED, first.id)
    assert list(store.joined_alarms(first)) == ["orders-is-broken"]


def test_child_joins_the_open_incident_of_its_composite_alarm() -> None:
    store, alarms = FakeStore(), FakeAlarms([known("lambda-errors-alarm-orders", ERRORS)])
    first = arrive(event("alarm_composite"), alarms, store=store)
    parse_event = ParseAlarmEvent(FakeFunctions(), store, finding(), looking_up(alarms))
    second = parse_event(event("alarm_single_metric"), f"{EXECUTION}-2", NOW)
    assert (second.disposition, second.joined_incident_id) == (Disposition.JOINED, first.id)


def test_trouble_began_with_the_earliest_child_whose_resource_is_known() -> None:
    alarms = FakeAlarms(
        [
            known("queue", AGE, minutes_before=10),
            known("errors", ERRORS, minutes_before=2),
            known("backlog", minutes_before=20),
        ]
    )
    edges = (Edge("sqs:orders", "lambda:orders", "event source"),)
    topology = FakeTopology(
        {"orders": Topology((Resource("sqs", "orders"), Resource("lambda", "orders")), edges)}
    )
    incident = arrive(composite("ALARM(errors) AND ALARM(queue) AND ALARM(backlog)"), alarms, topology)
    assert (incident.function_name, incident.resource) == ("orders", "sqs:orders")
    assert incident.alarm is not None
    assert incident.started_at == FIRED - timedelta(minutes=10)
    assert incident.alarm.changed_at == FIRED
    assert [child.name for child in incident.alarm.children] == ["backlog", "queue", "errors"]


def test_function_of_another_child_is_at_heart_where_nothing_connects_them() -> None:
    alarms = FakeAlarms([known("queue", AGE, minutes_before=10), known("errors", ERRORS)])
    incident = arrive(composite("ALARM(errors) AND ALARM(queue)"), alarms)
    assert (incident.function_name, incident.resource) == ("orders", "sqs:orders")


def test_child_that_has_recovered_still_tells() -> None:
    alarms = FakeAlarms([known("lambda-errors-alarm-orders", ERRORS, state="OK")])
    assert arrive(event("alarm_composite"), alarms).function_name == "orders"


def test_child_that_fired_again_since_did_not_begin_later() -> None:
    alarms = FakeAlarms([known("errors", ERRORS, minutes_before=-30)])
    incident = arrive(composite("ALARM(errors)"), alarms)
    assert incident.started_at == FIRED


def test_child_that_is_well_tells_nothing() -> None:
    alarms = FakeAlarms([known("errors", ERRORS, state="OK")])
    incident = arrive(composite("ALARM(errors)"), alarms)
    assert incident.disposition is Disposition.REJECTED
    assert "; none of the alarms that it joins is in ALARM (errors is OK). Say what" in incident.problem


def test_child_of_a_child_is_found() -> None:
    alarms = FakeAlarms([joining("inner", 'ALARM("errors")'), known("errors", ERRORS)])
    assert arrive(composite("ALARM(inner)"), alarms).function_name == "orders"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_time_at_the_end_of_the_calendar_is_borne(at: str) -> None:
    alarms = FakeAlarms([known("lambda-errors-alarm-orders", ERRORS)])
    assert (
        arrive(composite("ALARM(lambda-errors-alarm-orders)", timestamp=at), alarms).function_name == "orders"
    )


def test_alarms_that_join_each_other_in_a_circle_end_in_words() -> None:
    alarms = FakeAlarms([joining("a", "ALARM(b)"), joining("b", "ALARM(a) OR ALARM(orders-is-broken)")])
    incident = arrive(composite("ALARM(a)"), alarms)
    assert "'orders-is-broken' watches no metric of its own and names no resource" in incident.problem
    assert sorted(name for name in alarms.asked if "arn" not in name) == ["a", "b"]


def test_depth_and_number_are_bounded_and_that_is_said() -> None:
    chain = [joining(f"a{n}", f"ALARM(a{n + 1})") for n in range(DEEPEST + 2)]
    assert f"more than {DEEPEST} levels down" in arrive(composite("ALARM(a0)"), FakeAlarms(chain)).problem

    wide = [joining(f"a{n}", " OR ".join(f"ALARM(b{n}-{m})" for m in range(50))) for n in range(9)]
    alarms = FakeAlarms([*wide, known("b0-0", ERRORS)])
    incident = arrive(composite(" OR ".join(f"ALARM(a{n})" for n in range(9))), alarms)
    assert len(alarms.asked) == MOST_ALARMS - 1
    assert incident.alarm is not None
    assert f"260 more alarms were not read: {MOST_ALARMS} are the limit" in incident.alarm.unread
    assert len(incident.alarm.unread) <= MOST_TOLD + 2


def test_refusal_of_a_composite_alarm_names_some_of_what_it_joins() -> None:
    names = [f"backlog-{n}" for n in range(7)]
    rule = " OR ".join(f"ALARM({name})" for name in (*names, "gone"))
    incident = arrive(composite(rule), FakeAlarms([known(name) for name in names]))
    assert (
        "; it joins backlog-0, backlog-1, backlog-2, backlog-3, backlog-4 and 2 more; "
        "gone is not there any more. Say what it is about"
    ) in incident.problem


def test_child_elsewhere_cannot_be_read_and_is_not_taken_for_one_of_ours() -> None:
    there = f"{PLACE}errors".replace("eu-central-1", "us-east-1")
    alarms = FakeAlarms([known("errors", ERRORS)])
    incident = arrive(composite(f"ALARM({there})"), alarms)
    assert incident.disposition is Disposition.REJECTED
    assert f"{there} is of another account or Region and cannot be read from here" in incident.problem
    assert "errors" not in alarms.asked


def test_child_that_is_gone_is_said() -> None:
    alarms = FakeAlarms([known("errors", ERRORS)])
    incident = arrive(composite("ALARM(errors) OR ALARM(gone)"), alarms)
    assert incident.alarm is not None
    assert incident.alarm.unread == ("gone is not there any more",)


def test_composite_alarm_of_another_region_is_not_looked_up_here() -> None:
    alarms = FakeAlarms([known("lambda-errors-alarm-orders", ERRORS)])
    foreign = json.loads(json.dumps(event("alarm_composite")).replace("eu-central-1", "us-east-1"))
    incident = arrive(foreign, alarms)
    assert incident.disposition is Disposition.REJECTED
    assert "alarm 'orders-is-broken' in us-east-1 of account 123456789012" in incident.problem
    assert alarms.asked == []


def test_function_name_that_no_function_can_have_hides_no_other_child() -> None:
    broken = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "../orders"})
    alarms = FakeAlarms([known("broken", broken, minutes_before=5), known("errors", ERRORS)])
    assert arrive(composite("ALARM(broken) OR ALARM(errors)"), alarms).function_name == "orders"


@pytest.mark.parametrize(
    ("value", "function", "resource"),
    [
        ("orders", "orders", ""),
        (" orders ", "orders", ""),
        ("arn:aws:lambda:eu-central-1:123456789012:function:orders", "orders", ""),
        ("sqs:orders", "sqs:orders", "sqs:orders"),
        ("arn:aws:sqs:eu-central-1:123456789012:orders", "sqs:orders", "sqs:orders"),
    ],
)
def test_tag_says_what_a_metric_of_ones_own_is_about(value: str, function: str, resource: str) -> None:
    arn = own_metric()["resources"][0]
    incident = arrive(own_metric(), FakeAlarms(tagged={arn: {TARGET_TAG: value, "team": "shop"}}))
    assert incident.disposition is Disposition.OPENED
    assert (incident.function_name, incident.resource) == (function, resource)
    assert incident.alarm is not None
    assert [metric.name for metric in incident.alarm.metrics] == ["Backlog"]


def test_metric_of_another_account_names_no_function_of_ours() -> None:
    fired = event("alarm_single_metric")
    query = fired["detail"]["configuration"]["metrics"][0]
    for account, function in (("123456789012", "orders"), (None, "orders"), ("210987654321", "unknown")):
        query["accountId"] = account
        assert arrive(fired).function_name == function


def test_without_a_tag_the_refusal_names_the_fix() -> None:
    alarms = FakeAlarms()
    incident = arrive(own_metric(), alarms)
    assert incident.disposition is Disposition.REJECTED
    (arn,) = own_metric()["resources"]
    assert alarms.asked == [arn]
    assert "watches Shop Backlog and names no resource that we know" in incident.problem
    assert f"aws cloudwatch tag-resource --resource-arn '{arn}'" in incident.problem
    assert "--tags 'Key=auto-repair:target,Value=my-function'" in incident.problem
    assert "start by hand" in incident.problem


@pytest.mark.parametrize("value", ["", "../orders", "my queue", "arn:aws:made-up:::x"])
def test_broken_tag_names_alarm_tag_and_fix(value: str) -> None:
    (arn,) = own_metric()["resources"]
    incident = arrive(own_metric(), FakeAlarms(tagged={arn: {TARGET_TAG: value}}))
    assert incident.disposition is Disposition.REJECTED
    assert incident.problem.startswith(
        f"the tag auto-repair:target of alarm 'lambda-errors-alarm-orders' is {value!r}, which names nothing"
    )
    assert "aws cloudwatch tag-resource" in incident.problem


def test_tag_that_names_no_function_of_ours_is_said() -> None:
    (arn,) = own_metric()["resources"]
    incident = arrive(own_metric(), FakeAlarms(tagged={arn: {TARGET_TAG: "gone"}}))
    assert incident.problem == (
        "there is no Lambda function 'gone' in this account and region; "
        "check the tag auto-repair:target of alarm 'lambda-errors-alarm-orders'"
    )
    there = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    incident = arrive(own_metric(), FakeAlarms(tagged={arn: {TARGET_TAG: there}}))
    assert "function 'orders' in us-east-1 of account 123456789012" in incident.problem


def test_alarm_on_a_function_that_is_gone_is_what_to_check() -> None:
    fired = event("alarm_single_metric")
    metric = fired["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric["dimensions"] = {"FunctionName": "gone"}
    assert arrive(fired).problem == (
        "there is no Lambda function 'gone' in this account and region; "
        "check alarm 'lambda-errors-alarm-orders'"
    )


def test_child_on_a_function_that_is_gone_is_named() -> None:
    gone = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "gone"})
    assert arrive(composite("ALARM(errors)"), FakeAlarms([known("errors", gone)])).problem == (
        "there is no Lambda function 'gone' in this account and region; check alarm 'errors'"
    )


@pytest.mark.parametrize("edges", [(), (Edge("sqs:orders", "lambda:gone", "event source"),)])
def test_function_that_is_gone_hides_no_resource(edges: tuple[Edge, ...]) -> None:
    gone = AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "gone"})
    alarms = FakeAlarms([known("queue", AGE, minutes_before=10), known("errors", gone)])
    topology = FakeTopology({"sqs:orders": Topology((Resource("sqs", "orders"),), edges)})
    incident = arrive(composite("ALARM(errors) AND ALARM(queue)"), alarms, topology)
    assert incident.disposition is Disposition.OPENED
    assert (incident.function_name, incident.resource) == ("sqs:orders", "sqs:orders")


def test_tag_is_read_only_where_nothing_else_names_a_resource() -> None:
    alarms = FakeAlarms([known("errors", ERRORS)], {f"{PLACE}errors": {TARGET_TAG: "payments"}})
    assert arrive(composite("ALARM(errors)"), alarms).function_name == "orders"
    assert alarms.asked == ["errors"]


def test_tag_of_a_composite_alarm_counts_before_those_of_its_children() -> None:
    tagged = {
        f"{PLACE}orders-is-broken": {TARGET_TAG: "orders"},
        f"{PLACE}backlog": {TARGET_TAG: "sqs:orders"},
    }
    alarms = FakeAlarms([known("backlog")], tagged)
    assert arrive(composite("ALARM(backlog)"), alarms).function_name == "orders"
    del tagged[f"{PLACE}orders-is-broken"]
    incident = arrive(composite("ALARM(backlog)"), alarms)
    assert incident.resource == "sqs:orders"
    assert incident.alarm is not None
    assert [child.name for child in incident.alarm.children] == ["backlog"]


def test_alarm_on_a_function_asks_cloudwatch_nothing() -> None:
    alarms = FakeAlarms()
    arrive(event("alarm_single_metric"), alarms)
    assert alarms.asked == []
