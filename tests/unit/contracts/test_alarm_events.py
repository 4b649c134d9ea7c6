"""Real events are understood, and everything else is refused in words that name the field and the fix."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_repair.contracts.alarm_events import read
from auto_repair.contracts.documents import decode, encode
from auto_repair.contracts.manual_start import targeted
from auto_repair.contracts.start_request import function_and_alias
from auto_repair.domain.composite_alarms import Composition
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import AlarmSignal, Trigger
from tests.recorded_events import event

LAMBDA_ALARMS = (
    "alarm_anomaly_band",
    "alarm_metric_math",
    "alarm_of_an_alias",
    "alarm_single_metric",
    "sns_notification_percentile",
    "sns_raw_message",
    "sns_record_metric_math",
    "sns_record_single_metric",
)
ERRORS_ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:lambda-errors-alarm-orders"
TEXT = st.text(max_size=12) | st.sampled_from(
    ["ALARM", "orders", "2026-01-31T11:58:00Z", "\ud800", "x" * 9999]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def alarm_of(name: str) -> AlarmSignal:
    alarm = read(event(name)).alarm
    assert alarm is not None
    return alarm


def problem(broken: Any) -> str:
    with pytest.raises(InvalidEvent) as caught:
        read(broken)
    return str(caught.value)


@pytest.mark.parametrize("name", LAMBDA_ALARMS)
def test_alarms_of_the_function_in_every_form(name: str) -> None:
    request = read(event(name))
    assert request.trigger is Trigger.ALARM
    assert request.function_name == "orders"
    assert request.home == ("eu-central-1", "123456789012")
    assert request.alarm is not None
    assert request.alarm.state == "ALARM"
    assert f"{request.alarm.changed_at:%H:%M:%S.%f %Z}" == "11:58:00.117000 UTC"
    assert request.alarm.reason


def test_event_and_message_of_one_alarm_come_down_to_the_same() -> None:
    told = [alarm_of(name) for name in ("alarm_single_metric", "sns_record_single_metric", "sns_raw_message")]
    assert len({(alarm.arn, alarm.name, alarm.changed_at) for alarm in told}) == 1


def test_metrics_are_kept() -> None:
    math = alarm_of("alarm_metric_math")
    assert [(m.name, m.statistic, m.period_s) for m in math.metrics] == [
        ("Errors", "Sum", 60),
        ("Invocations", "Sum", 60),
    ]
    assert alarm_of("sns_record_metric_math").metrics == math.metrics
    assert alarm_of("sns_record_single_metric").metrics[0].statistic == "SUM"


def test_alias_is_told_by_the_resource_dimension() -> None:
    assert read(event("alarm_of_an_alias")).alias == "live"
    assert read(event("alarm_single_metric")).alias is None


def test_version_in_the_resource_dimension_is_no_alias() -> None:
    numbered = json.loads(json.dumps(event("alarm_of_an_alias")).replace("orders:live", "orders:5"))
    assert read(numbered).alias is None


@pytest.mark.parametrize("qualified", ["billing:live", "GET:/orders of today", "orders", "orders-2:live"])
def test_alias_of_something_else_is_none_of_the_function(qualified: str) -> None:
    other = json.loads(json.dumps(event("alarm_of_an_alias")).replace("orders:live", qualified))
    request = read(other)
    assert (request.function_name, request.alias) == ("orders", None)


def _watching(namespace: str, dimensions: dict[str, str]) -> Any:
    """An alarm on a metric of that namespace."""
    watching = event("alarm_single_metric")
    metric = watching["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    metric |= {"namespace": namespace, "dimensions": dimensions}
    return watching


@pytest.mark.parametrize(
    ("namespace", "dimensions"),
    [
        ("LambdaInsights", {"function_name": "orders"}),
        (
            "AWS/States",
            {"LambdaFunctionArn": "arn:aws:lambda:eu-central-1:123456789012:function:orders:live"},
        ),
    ],
)
def test_function_under_another_dimension_is_the_same_function(
    namespace: str, dimensions: dict[str, str]
) -> None:
    request = read(_watching(namespace, dimensions))
    assert (request.function_name, request.resource) == ("orders", None)


def test_what_a_metric_of_ones_own_calls_a_function_may_be_none() -> None:
    request = read(_watching("Shop", {"FunctionName": "Checkout, second step"}))
    assert (request.function_name, request.resource) == ("", None)
    assert request.look_up is not None


def test_manual_start() -> None:
    request = read(event("manual_start"))
    assert (request.trigger, request.function_name) == (Trigger.MANUAL, "orders")
    assert request.alarm_name == "lambda-errors-alarm-orders"
    assert read({"functionName": "orders"}).function_name == "orders"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders", ("orders", None)),
        ("orders:live", ("orders", "live")),
        ("orders:$LATEST", ("orders", None)),
        ("orders:7", ("orders", None)),
        ("orders:", ("orders", None)),
        ("arn:aws:lambda:eu-central-1:123456789012:function:orders", ("orders", None)),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:orders:live", ("orders", "live")),
    ],
)
def test_names_and_arns_of_functions(text: str, expected: tuple[str, str | None]) -> None:
    assert function_and_alias(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders live",
        "orders:live:more",
        "../orders",
        "o" * 65,
        "arn:aws:sqs:eu-central-1:123456789012:orders",
        "arn:aws:lambda:eu-central-1:123456789012:function:",
        "orders\n",
        "\u043erders",
    ],
)
def test_anything_else_names_no_function(text: str) -> None:
    with pytest.raises(InvalidEvent, match="functionName"):
        function_and_alias(text)


def test_function_of_another_place_is_told() -> None:
    request = read({"functionName": "arn:aws:lambda:us-east-1:999999999999:function:orders"})
    assert request.home == ("us-east-1", "999999999999")


def test_metrics_of_another_account_are_left_out_of_a_message_too() -> None:
    record = event("sns_record_metric_math")
    sns = record["Records"][0]["Sns"]
    message = json.loads(sns["Message"])
    message["Trigger"]["Metrics"][1]["AccountId"] = "210987654321"
    message["Trigger"]["Metrics"][2]["AccountId"] = "123456789012"
    sns["Message"] = json.dumps(message)
    alarm = read(record).alarm
    assert alarm is not None
    assert [metric.name for metric in alarm.metrics] == ["Invocations"]


@pytest.mark.parametrize("name", ["alarm_composite", "sns_record_composite"])
def test_composite_alarm_is_to_be_looked_up(name: str) -> None:
    request = read(event(name))
    assert (request.function_name, request.resource) == ("", None)
    assert request.heart == "alarm:orders-is-broken"
    assert request.home == ("eu-central-1", "123456789012")
    assert request.look_up is not None
    (trigger,) = request.look_up.triggers
    assert trigger.alarm == ERRORS_ARN
    assert trigger.state == "ALARM"
    assert f"{trigger.at:%H:%M:%S.%f}" == "11:58:00.117000"
    assert request.look_up.named == ("lambda-errors-alarm-orders", "lambda-duration-alarm-orders")


@pytest.mark.parametrize(
    "told",
    [None, "", "{", "[]", "7", '"ALARM"', "[" * 100_000, '{"triggeringAlarms": {"arn": "x"}}', {"a": 1}, 7],
)
def test_reason_data_that_says_nothing_leaves_the_rule(told: Any) -> None:
    composite = event("alarm_composite")
    composite["detail"]["state"]["reasonData"] = told
    look_up = read(composite).look_up
    assert look_up is not None
    assert look_up.triggers == ()
    assert look_up.named == ("lambda-errors-alarm-orders", "lambda-duration-alarm-orders")


@given(
    st.text() | JSON.map(json.dumps) | st.lists(JSON).map(lambda told: json.dumps({"triggeringAlarms": told}))
)
def test_no_reason_data_raises_anything_or_brings_unfit_text(told: str) -> None:
    composite = event("alarm_composite")
    composite["detail"]["state"]["reasonData"] = told
    assert _told(composite).encode()


@pytest.mark.parametrize("suppressed_by", ["Alarm", "ExtensionPeriod"])
def test_alarm_whose_suppressor_keeps_it_from_acting_starts_nothing(suppressed_by: str) -> None:
    composite = _suppressed(suppressed_by)
    assert f"fired while its suppressor keeps it from acting ({suppressed_by})" in problem(composite)


def test_alarm_that_waits_for_its_suppressor_starts_an_incident() -> None:
    """CloudWatch promises no event for when the wait is over: to wait for one might lose the alarm."""
    assert read(_suppressed("WaitPeriod")).look_up is not None


@pytest.mark.parametrize("suppressed_by", ["", "Alarm"])
def test_end_of_the_wait_for_a_suppressor_is_the_same_alarm_again(suppressed_by: str) -> None:
    waiting, later = _suppressed("WaitPeriod"), _suppressed(suppressed_by)
    later["detail"]["previousState"] = waiting["detail"]["state"]
    later["detail"]["state"]["timestamp"] = "2026-01-31T12:00:00.394+0000"
    alarms = [read(event).alarm for event in (waiting, later)]
    assert len({alarm.changed_at for alarm in alarms if alarm}) == 1


@pytest.mark.parametrize("former", [None, 7, {}, {"value": "ALARM", "actionsSuppressedBy": "WaitPeriod"}])
def test_former_state_that_says_nothing_of_use_changes_nothing(former: Any) -> None:
    later = event("alarm_single_metric")
    later["detail"]["previousState"] = former
    assert read(later).alarm == read(event("alarm_single_metric")).alarm


def _suppressed(by: str) -> Any:
    composite = event("alarm_composite_suppressed")
    composite["detail"]["state"]["actionsSuppressedBy"] = by
    return composite


MUTED = {
    "mutedByArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm-mute-rule:saturday-release",
    "muteWindowStart": "2026-01-31T11:00:00.000+0000",
    "muteWindowEnd": "2026-01-31T13:00:00.000+0000",
}


@pytest.mark.parametrize("name", ["alarm_single_metric", "alarm_composite"])
def test_alarm_that_a_mute_rule_keeps_from_acting_starts_nothing(name: str) -> None:
    muted = event(name)
    muted["detail"]["muteDetail"] = MUTED
    assert "a mute rule keeps it from acting (saturday-release, until 2026-01-31 13:00 UTC)" in problem(muted)


@pytest.mark.parametrize(
    "mute",
    [
        None,
        7,
        {},
        {"mutedByArn": 7},
        MUTED | {"muteWindowStart": "soon"},
        MUTED | {"muteWindowStart": "2026-01-31T11:59:00.000+0000"},
        MUTED | {"muteWindowEnd": "2026-01-31T11:57:00.000+0000"},
    ],
)
def test_mute_rule_of_another_time_or_of_none_mutes_nothing(mute: Any) -> None:
    alarm = event("alarm_single_metric")
    alarm["detail"]["muteDetail"] = mute
    assert read(alarm).function_name == "orders"


def test_alarm_of_another_service_names_its_resource() -> None:
    request = read(event("alarm_of_another_service"))
    assert request.function_name == ""
    assert request.resource is not None
    assert request.heart == request.resource.id
    assert request.heart.startswith("ec2:i-")


def test_metric_of_ones_own_is_to_be_looked_up() -> None:
    own = _with(
        "alarm_of_another_service",
        ["detail", "configuration", "metrics", 0, "metricStat", "metric", "namespace"],
        "Shop",
    )
    request = read(own)
    assert request.look_up == Composition()
    assert request.heart == "alarm:ServerCpuTooHigh"


@pytest.mark.parametrize("name", [*LAMBDA_ALARMS, "alarm_of_another_service", "manual_start"])
def test_what_says_enough_is_not_looked_up(name: str) -> None:
    assert read(event(name)).look_up is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("orders", ("orders", None, None)),
        ("orders:live", ("orders", "live", None)),
        ("lambda:orders", ("orders", None, None)),
        ("arn:aws:lambda:eu-central-1:123456789012:function:orders:live", ("orders", "live", None)),
        ("sqs:orders", ("", None, "sqs:orders")),
        ("apigateway:a1b2c3", ("", None, "apigateway:a1b2c3")),
        ("arn:aws:s3:::images", ("", None, "s3:images")),
        ("arn:aws-cn:s3:::images", ("", None, "s3:images")),
    ],
)
def test_target_that_a_person_names(text: str, named: tuple[str, str | None, str | None]) -> None:
    request = targeted(text)
    resource = request.resource.id if request.resource else None
    assert (request.function_name, request.alias, resource) == named
    assert request.home == (("eu-central-1", "123456789012") if "123456789012" in text else ())


@pytest.mark.parametrize("text", ["", "../orders", "my queue", "shop:orders:live:x", "arn:aws:made-up:::x"])
def test_target_that_names_nothing(text: str) -> None:
    with pytest.raises(InvalidEvent):
        targeted(text)


def test_recovery_starts_nothing() -> None:
    assert "in state 'OK'" in problem(event("alarm_back_to_ok"))


def test_event_of_another_kind() -> None:
    assert "alarmName" in problem(event("other_detail_type"))


@pytest.mark.parametrize("kind", [None, True, 7, 1.5, "text", [], ["orders"], {}, {"name": "orders"}])
def test_other_json_is_refused_with_an_example(kind: Any) -> None:
    assert '"functionName"' in problem(kind)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (["detail"], None, "detail"),
        (["detail", "alarmName"], None, "alarmName"),
        (["detail", "alarmName"], 7, "alarmName"),
        (["detail", "state"], "ALARM", "state"),
        (["detail", "state", "value"], None, "value"),
        (["detail", "state", "timestamp"], None, "timestamp"),
        (["detail", "state", "timestamp"], "yesterday", "timestamp"),
        (["detail", "state", "timestamp"], "0001-01-01T00:00:00+05:00", "timestamp"),
        (["detail", "state", "timestamp"], 1769860680, "timestamp"),
        (["detail", "state", "reason"], {"text": "long"}, "reason"),
        (["detail", "configuration"], [], "configuration"),
        (["detail", "configuration", "metrics"], {}, "metrics"),
        (["detail", "configuration", "metrics", 0, "metricStat", "metric"], "Errors", "metric"),
        (["detail", "configuration", "metrics", 0, "metricStat", "period"], "a minute", "period"),
        (
            ["detail", "configuration", "metrics", 0, "metricStat", "metric", "dimensions"],
            [{"name": "FunctionName", "value": "orders"}],
            "dimensions",
        ),
        (
            ["detail", "configuration", "metrics", 0, "metricStat", "metric", "dimensions", "FunctionName"],
            "not a function's name",
            "functionName",
        ),
        (["resources"], "arn", "resources"),
        (["resources"], [7], "resources"),
    ],
)
def test_broken_field_of_an_alarm_event_is_named(path: list[Any], value: Any, named: str) -> None:
    assert named in problem(_with("alarm_single_metric", path, value))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (["NewStateValue"], None, "NewStateValue"),
        (["StateChangeTime"], "soon", "StateChangeTime"),
        (["StateChangeTime"], None, "StateChangeTime"),
        (["Trigger"], "Errors", "Trigger"),
        (["Trigger", "Dimensions"], {"FunctionName": "orders"}, "Dimensions"),
        (["Trigger", "Period"], "60 s", "Period"),
        (["AlarmName"], 7, "AlarmName"),
    ],
)
def test_broken_field_of_an_sns_message_is_named(path: list[Any], value: Any, named: str) -> None:
    assert named in problem(_with("sns_raw_message", path, value))


def _with(name: str, path: list[Any], value: Any) -> Any:
    """The recorded event with one field replaced, or left out where the value is None."""
    changed = deepcopy(event(name))
    *parents, last = path
    inner = changed
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return changed


@pytest.mark.parametrize(
    "message",
    ["", "hello", "{", "[" * 100_000, "1" * 5000, '"\\ud800"', "\ud800", '{"a": 1e999999}'],
    ids=["empty", "text", "cut", "deep", "huge-number", "half-character", "half-raw", "huge-float"],
)
def test_sns_message_that_is_no_json(message: str) -> None:
    assert problem({"Records": [{"Sns": {"Message": message}}]})


def test_sns_message_of_other_json_kinds() -> None:
    for message in ("7", "null", '"text"', "[]"):
        assert "not an object" in problem({"Message": message})


def test_long_texts_are_cut_to_what_cloudwatch_allows() -> None:
    flood = "x" * 200_000
    long = _with("alarm_single_metric", ["detail", "configuration", "description"], flood)
    long["detail"]["alarmName"] = flood
    long["detail"]["state"]["reason"] = flood
    long["resources"] = [f"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{flood}"]
    metric = long["detail"]["configuration"]["metrics"][0]
    metric["metricStat"]["metric"]["namespace"] = flood
    metric["metricStat"]["metric"]["dimensions"][flood] = flood
    long["detail"]["configuration"]["metrics"] = [metric] * 100
    assert len(json.dumps(encode(read(long)))) < 50_000


def test_long_texts_in_refused_events_are_cut_too() -> None:
    long = _with("alarm_back_to_ok", ["detail", "alarmName"], "x" * 200_000)
    assert len(problem(long)) < 2000
    long = _with("alarm_composite", ["detail", "configuration", "alarmRule"], "ALARM(x) OR " * 20_000)
    assert len(json.dumps(encode(read(long)))) < 50_000
    assert len(problem({"functionName": "x" * 200_000})) < 2000


@given(JSON)
def test_no_event_raises_anything_but_a_refusal(anything: Any) -> None:
    assert _told(anything).encode()  # fit to be logged, stored and sent


@settings(max_examples=300)
@given(st.sampled_from([*LAMBDA_ALARMS, "manual_start", "alarm_composite"]), st.data())
def test_no_damage_to_a_real_event_raises_anything_but_a_refusal(name: str, data: st.DataObject) -> None:
    damaged = event(name)
    places = list(_places(damaged))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places))
        if isinstance(holder, dict) and key not in holder:
            continue
        if isinstance(holder, dict) and data.draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = data.draw(JSON)
    assert _told(damaged).encode()


def _places(document: Any) -> Any:
    """Every field of a document, as holder and key."""
    keys = document.keys() if isinstance(document, dict) else range(len(document))
    for key in list(keys):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from _places(document[key])


def _told(anything: Any) -> str:
    """What is said about an event that is refused, else what travels on."""
    try:
        request = read(anything)
    except InvalidEvent as refusal:
        return str(refusal)
    travels = msgspec.json.encode(encode(request))
    assert decode(type(request), json.loads(travels)) == request
    return travels.decode()


STARTS = [{"functionName": "orders"}, {"target": "sqs:orders"}, {"question": "orders fails"}]
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2026-01-31T12:01:00Z", "lies in the future (2026-01-31 12:01 UTC); give a time that has passed"),
        ("2026-01-31T12:01:00+00:00", "lies in the future"),
        ("9999-12-31", "lies in the future"),
        ("2026-01-16T12:00:00Z", "is more than 14 days ago; give a later time: CloudWatch keeps minutes"),
        ("1999-01-01", "is more than 14 days ago"),
        ("1d", "is not a time"),
    ],
)
def test_a_time_that_cannot_be_looked_at_is_refused(start: dict[str, str], since: str, told: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        read({**start, "since": since}, NOW)
    assert str(caught.value).startswith(f"since: '{since}' {told}")


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "since", ["2026-01-17T12:00:00Z", "2026-01-31T12:00:20Z", "2026-01-31T13:00:00+01:00"]
)
def test_a_time_within_two_weeks_is_taken_and_clocks_may_differ(start: dict[str, str], since: str) -> None:
    assert read({**start, "since": since}, NOW).since == datetime.fromisoformat(since)
