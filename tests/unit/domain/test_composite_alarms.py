"""What a composite alarm joins is read from its rule and its reason data, and the telling one is chosen."""

import json
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.composite_alarms import (
    MOST_NAMED,
    Composition,
    TriggeringAlarm,
    as_it_fired,
    composition,
    evidence_of,
    first_of,
    is_elsewhere,
    name_of,
    triggering_alarms,
)
from auto_repair.domain.evidence import Window
from auto_repair.domain.incident import AlarmMetric, AlarmSignal, ChildAlarm
from tests.builders import NOW

PLACE = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"


def alarm(name: str, minutes_ago: float = 0, **facts: Any) -> AlarmSignal:
    return AlarmSignal(name, NOW - timedelta(minutes=minutes_ago), f"{PLACE}{name}", **facts)


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("ALARM(a) AND ALARM(b)", ("a", "b")),
        ('ALARM("orders: 5XX, (all)") OR ALARM( b )', ("orders: 5XX, (all)", "b")),
        ('ALARM("says \\"stop\\"")', ('says "stop"',)),
        (f"(ALARM({PLACE}a))", (f"{PLACE}a",)),
        ("ALARM(a) AND NOT ALARM(deployment) AND OK(heartbeat)", ("a",)),
        ("NOT OK(a) AND NOT INSUFFICIENT_DATA(b)", ("a", "b")),
        ("OK(a) AND INSUFFICIENT_DATA(b)", ("a", "b")),
        ("AT_LEAST(2, ALARM, (a, b, c))", ("a", "b", "c")),
        ('AT_LEAST(50%, NOT OK, ("a (1)", b)) OR ALARM(z)', ("z", "a (1)", "b")),
        ('AT_LEAST("50%", OK, (a)) OR ALARM(z)', ("z",)),
        ("ALARM(a) OR ALARM(a)", ("a",)),
        ("TRUE", ()),
        ("", ()),
        ("ALARM(", ()),
        ('ALARM("")', ()),
    ],
)
def test_alarms_that_a_rule_may_have_fired_for(rule: str, named: tuple[str, ...]) -> None:
    assert composition(rule, None).named == named


@given(st.text(alphabet='ALRM("\\), TOK%2_', max_size=80))
def test_any_rule_is_read(rule: str) -> None:
    assert all(composition(rule, None).named)


def test_rule_of_any_length_is_read_in_time() -> None:
    begun = monotonic()
    for flood in (
        "ALARM(" * 40_000,
        "NOT " * 60_000,
        'ALARM("' + "\\" * 200_000,
        "AT_LEAST(2,ALARM,(" * 12_000,
    ):
        composition(flood, None)
    assert monotonic() - begun < 2
    assert len(composition(" OR ".join(f"ALARM(a{n})" for n in range(500)), None).named) == MOST_NAMED


@pytest.mark.parametrize(
    "told",
    [
        [{"arn": f"{PLACE}a", "state": {"value": "ALARM", "timestamp": "2026-01-31T11:58:00.117+0000"}}],
        [{"Arn": f"{PLACE}a", "State": {"Value": "ALARM", "Timestamp": "2026-01-31T11:58:00.117+0000"}}],
    ],
    ids=["EventBridge", "SNS"],
)
def test_alarms_that_made_it_fire(told: Any) -> None:
    (trigger,) = composition("", told).triggers
    assert (trigger.alarm, trigger.state) == (f"{PLACE}a", "ALARM")
    assert trigger.at is not None
    assert trigger.at.isoformat() == "2026-01-31T11:58:00.117000+00:00"


def test_half_a_reason_is_better_than_none() -> None:
    told = [7, {}, {"arn": ""}, {"arn": "\ud800"}, {"arn": f"{PLACE}a", "state": "ALARM"}]
    assert composition("", told).triggers == (TriggeringAlarm(f"{PLACE}a", ""),)
    told = [{"arn": f"{PLACE}a", "state": {"value": "ALARM", "timestamp": "soon"}}]
    assert composition("", told).triggers == (TriggeringAlarm(f"{PLACE}a", "ALARM"),)


def test_reason_data_is_json_text() -> None:
    assert triggering_alarms(json.dumps({"triggeringAlarms": [1]})) == [1]
    assert triggering_alarms(None) is None


def test_those_that_made_it_fire_are_asked_for_first() -> None:
    joins = composition("ALARM(a) OR ALARM(b)", [{"arn": f"{PLACE}b", "state": {"value": "ALARM"}}])
    assert joins.references == (f"{PLACE}b", "a", "b")


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("a:b", "a:b"),
        (f"{PLACE}a:b", "a:b"),
        ("arn:aws:sns:eu-central-1:1:a", "arn:aws:sns:eu-central-1:1:a"),
    ],
)
def test_name_of_an_alarm_may_hold_colons(reference: str, name: str) -> None:
    assert name_of(reference) == name


def test_another_region_and_account_are_elsewhere() -> None:
    here = alarm("composite")
    assert not is_elsewhere("a", here)
    assert not is_elsewhere(f"{PLACE}a", here)
    assert is_elsewhere(f"{PLACE}a".replace("eu-central-1", "us-east-1"), here)
    assert is_elsewhere(f"{PLACE}a".replace("123456789012", "210987654321"), here)


def test_alarm_that_recovered_meanwhile_counts_as_it_fired() -> None:
    joins = Composition((TriggeringAlarm(f"{PLACE}a", "ALARM", NOW - timedelta(minutes=3)),))
    now = alarm("a", 1, state="OK", reason="all is well")
    then = as_it_fired(now, joins)
    assert (then.state, then.changed_at, then.reason) == ("ALARM", NOW - timedelta(minutes=3), "")
    assert as_it_fired(now, Composition()) == now
    again = as_it_fired(alarm("a", 1), joins)
    assert (again.state, again.changed_at) == ("ALARM", NOW - timedelta(minutes=3))


def test_the_trouble_began_with_the_earliest_alarm() -> None:
    composite, early, late = alarm("c"), alarm("early", 9), alarm("late", 1)
    assert first_of(composite, [late, early]) == early


def test_what_fired_long_ago_is_no_beginning() -> None:
    composite, chronic, new = alarm("c"), alarm("chronic", 3 * 24 * 60), alarm("new", 1)
    assert first_of(composite, [chronic, new]) == new
    assert first_of(composite, [chronic, alarm("older", 4 * 24 * 60)]) == chronic
    assert first_of(composite, []) is None


def test_alarm_on_a_function_counts_first_among_equals() -> None:
    queue = alarm(
        "a", 1, metrics=(AlarmMetric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "q"}),)
    )
    function = alarm("b", 1, metrics=(AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}),))
    assert first_of(alarm("c"), [queue, function]) == function


def test_children_are_evidence_and_what_was_not_read_is_missing() -> None:
    children = (
        ChildAlarm("a", "ALARM", NOW, "Threshold Crossed", "sqs:orders"),
        ChildAlarm("b", "ALARM", NOW),
    )
    composite = alarm("c", children=children, unread=("alarm 'd' is not there any more",))
    items, missing = evidence_of(composite, Window(NOW, NOW))
    assert [item.id for item in items] == ["alarms.1", "alarms.2"]
    assert items[0].query == "DescribeAlarms: c"
    assert items[0].observed == "a (sqs:orders) is in ALARM since 2026-01-31 12:00:00 UTC: Threshold Crossed"
    assert items[1].observed == "b is in ALARM since 2026-01-31 12:00:00 UTC"
    assert [(gap.source, gap.reason) for gap in missing] == [("alarms", "alarm 'd' is not there any more")]
