"""Gap 7: alarms as CloudWatch has them.

Evaluated on complete periods of exactly the alarm's dimensions, with M of N, missing data and metric math,
once a second for every account and region. Every change of state goes to EventBridge, SNS topics and Lambda
functions in AWS's shapes, also after SetAlarmState and for composite alarms.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch

from local import permissions
from local.cloudwatch import alarm_messages, alarm_state
from local.cloudwatch.alarm_state import Datapoint
from local.cloudwatch.metric_math import ExpressionError
from local.cloudwatch.periods import Series, Window, real_seconds
from local.cloudwatch.statistics import UnknownStatistic
from local.permissions import Call
from local.shims import _metric_queries, wrap

logger = logging.getLogger("cloudwatch")

_CONFIGURATION = (
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
)
_STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}

# The last two states told to the outside (previous, present), by account, region and name.
_told: dict[tuple[str, str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
# Alarms whose state was set by hand are not judged again before this time.
_held_until: dict[tuple[str, str, str], float] = {}
# What each alarm's last judgement rested on.
_seen: dict[tuple[str, str, str], tuple[Any, ...]] = {}


def install() -> None:
    cloudwatch._evaluate_alarm = _evaluate
    cloudwatch._evaluate_all_alarms = lambda: None  # not by PutMetricData but by the clock
    cloudwatch._record_history = _record_history
    cloudwatch._dispatch_alarm_actions = _run_actions
    wrap(cloudwatch, "_put_metric_alarm")(_put_metric_alarm)
    wrap(cloudwatch, "_put_composite_alarm")(_put_composite_alarm)
    wrap(cloudwatch, "cloudformation_put_metric_alarm")(_put_by_cloudformation)
    wrap(cloudwatch, "_set_alarm_state")(_set_alarm_state)
    threading.Thread(target=_evaluate_for_ever, name="alarms", daemon=True).start()


# Configuration


def _put_metric_alarm(
    original: Any, params: Any, request: dict[str, Any], is_cbor: bool, is_json: bool = False
) -> Any:
    error = _configuration_error(request)
    if error:
        return cloudwatch._error("ValidationError", error, 400, use_json=is_json, use_cbor=is_cbor)
    name = request.get("AlarmName", "")
    existing = cloudwatch._alarms.get(name)
    if existing is None:
        _forget(name)
    response = original(params, request, is_cbor, is_json)
    if response[0] == 200:
        stored = cloudwatch._alarms[name]
        cloudwatch._alarms[name] = _configured(stored, request, existing or stored)
    return response


def _configured(
    stored: dict[str, Any], request: Mapping[str, Any], state: Mapping[str, Any]
) -> dict[str, Any]:
    """The alarm as AWS describes it: what was asked for and nothing else, in the state it was in."""
    now = time.time()
    alarm = {
        "AlarmName": stored["AlarmName"],
        "AlarmArn": stored["AlarmArn"],
        "AlarmConfigurationUpdatedTimestamp": now,
        "ActionsEnabled": request.get("ActionsEnabled", True),
        **{key: request.get(key) or [] for key in _ACTIONS.values()},
        **{key: request[key] for key in _CONFIGURATION if request.get(key) is not None},
        **{key: state[key] for key in _STATE if state.get(key) is not None},
    }
    if "Metrics" in alarm:
        alarm["Metrics"] = [{"ReturnData": True, **query} for query in alarm["Metrics"]]
    else:
        alarm.setdefault("Dimensions", [])
    alarm.setdefault("StateTransitionedTimestamp", now)
    return alarm


def _configuration_error(request: Mapping[str, Any]) -> str | None:
    queries = request.get("Metrics")
    if not queries:
        return None
    if request.get("MetricName"):
        return "The parameters MetricName and Metrics must not be used together."
    window = Window.of_complete(alarm_state.period_of(request), 1, time.time())
    try:
        _metric_queries.evaluate(queries, window)
    except (ExpressionError, UnknownStatistic) as error:
        return f"Invalid metrics list: {error}"
    judged = [query for query in queries if query.get("ReturnData", True)]
    expected = 2 if request.get("ThresholdMetricId") else 1
    return None if len(judged) == expected else "Exactly one element of the metrics list should return data."


def _put_composite_alarm(original: Any, params: Any, request: dict[str, Any], *protocol: bool) -> Any:
    name = request.get("AlarmName", "")
    if name not in cloudwatch._composite_alarms:
        _forget(name)
    return original(params, request, *protocol)


def _put_by_cloudformation(original: Any, alarm: dict[str, Any]) -> None:
    if alarm["AlarmName"] not in cloudwatch._alarms:
        _forget(alarm["AlarmName"])
    original(alarm)


def _set_alarm_state(original: Any, params: Any, request: dict[str, Any], *protocol: bool) -> Any:
    name = request.get("AlarmName", "")
    alarm = cloudwatch._alarms.get(name)
    if alarm is not None and not request.get("StateReasonData"):
        alarm.pop("StateReasonData", None)
    # "This temporary state change lasts only until the next alarm comparison occurs": a minute on AWS.
    _held_until[_key(name)] = time.time() + real_seconds(60)
    before = alarm["StateValue"] if alarm else None
    response = original(params, request, *protocol)
    if alarm and alarm["StateValue"] != before:
        alarm["StateTransitionedTimestamp"] = alarm["StateUpdatedTimestamp"] = time.time()
    return response


# Evaluation


def _evaluate_for_ever() -> None:
    while True:
        time.sleep(1)
        scopes = {key[:2] for key in list(cloudwatch._alarms._data)}
        for account, region in scopes:
            with request_scope(account, region):
                for alarm in cloudwatch._alarms.values():
                    try:
                        _evaluate(alarm)
                    except Exception:
                        logger.exception("Alarm %s could not be evaluated", alarm.get("AlarmName"))


def _evaluate(alarm: dict[str, Any]) -> None:
    now = time.time()
    if _held_until.get(_key(alarm["AlarmName"]), 0) > now or not _is_news(alarm, now):
        return
    verdict = alarm_state.judge(alarm, _datapoints(alarm, now), now)
    if verdict is None or verdict.state == alarm["StateValue"]:
        return
    old_state = alarm["StateValue"]
    alarm["StateValue"] = verdict.state
    alarm["StateReason"] = verdict.reason
    alarm["StateReasonData"] = json.dumps(verdict.reason_data, separators=(",", ":"))
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = now
    _record_history(alarm["AlarmName"], old_state, verdict.state, verdict.reason)
    _run_actions(alarm, old_state, verdict.state, verdict.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _is_news(alarm: Mapping[str, Any], now: float) -> bool:
    """Whether a period has ended, data has come or the alarm was changed since the last look."""
    seen = (
        int(now) // real_seconds(alarm_state.period_of(alarm)),
        _metric_queries.count(alarm_messages.queries(alarm)),
        alarm.get("StateUpdatedTimestamp"),
        alarm.get("AlarmConfigurationUpdatedTimestamp"),
    )
    key = _key(alarm["AlarmName"])
    known, _seen[key] = _seen.get(key), seen
    return seen != known


def _datapoints(alarm: Mapping[str, Any], now: float) -> list[Datapoint]:
    queries = alarm_messages.queries(alarm)
    window = Window.of_complete(alarm_state.period_of(alarm), alarm_state.evaluation_range(alarm), now)
    values = _metric_queries.evaluate(queries, window)
    band_id = alarm.get("ThresholdMetricId")
    judged = next(query for query in queries if query.get("ReturnData", True) and query["Id"] != band_id)
    series = values[judged["Id"]]
    band = values.get(band_id) if band_id else None
    lower, upper = band if isinstance(band, list) and len(band) == 2 else ({}, {})
    counts = _sample_counts(judged, window)
    return [
        Datapoint(at, _value(series, at, band_id, lower), counts.get(at), lower.get(at), upper.get(at))
        for at in window.starts
    ]


def _value(series: Any, at: int, band_id: str | None, lower: Series) -> float | None:
    """A datapoint without a band to compare it with counts as missing."""
    value = series.get(at) if isinstance(series, dict) else None
    return None if band_id and at not in lower else value


def _sample_counts(query: Mapping[str, Any], window: Window) -> Series:
    if "MetricStat" not in query:
        return {}
    stat = query["MetricStat"]
    return _metric_queries.read(stat["Metric"], "SampleCount", stat.get("Unit"), window)


# Telling the outside


def _record_history(
    name: str,
    old_state: str,
    new_state: str,
    reason: str,
    alarm_type: str = "MetricAlarm",
    _reason_data: Any = None,
) -> None:
    alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    if old_state == new_state:
        data = {"version": "1.0", "type": "Create"}
        _add_history(name, alarm_type, "ConfigurationUpdate", f'Alarm "{name}" created', data)
        return
    created_at = alarm.get("AlarmConfigurationUpdatedTimestamp", time.time())
    created = alarm_messages.state(old_state, "Unchecked: Initial alarm creation", None, created_at)
    previous = _told[_key(name)][1] if _key(name) in _told else created
    present = alarm_messages.state(new_state, reason, alarm.get("StateReasonData"), time.time())
    _told[_key(name)] = previous, present
    changed = {"version": "1.0", "oldState": _history_state(previous), "newState": _history_state(present)}
    _add_history(name, alarm_type, "StateUpdate", f"Alarm updated from {old_state} to {new_state}", changed)
    _publish(alarm, alarm_messages.event_detail(alarm, previous, present))


def _history_state(state: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"stateValue": state["value"], "stateReason": state["reason"]}
    if "reasonData" in state:
        shown["stateReasonData"] = json.loads(state["reasonData"])
    return shown


def _add_history(name: str, alarm_type: str, kind: str, summary: str, data: Mapping[str, Any]) -> None:
    cloudwatch._history_entries().append(
        {
            "AlarmName": name,
            "AlarmType": alarm_type,
            "Timestamp": cloudwatch._ts_iso(time.time()),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data, separators=(",", ":")),
        }
    )


def _publish(alarm: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
    from ministack.services import eventbridge

    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps(detail),
        "Resources": [alarm["AlarmArn"]],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _run_actions(alarm: dict[str, Any], _old_state: str, new_state: str, _reason: str) -> None:
    if not alarm.get("ActionsEnabled", True):
        return
    for action in alarm.get(_ACTIONS.get(new_state, "")) or []:
        try:
            done = _run_action(action, alarm)
        except Exception:
            logger.exception("Action %s of alarm %s failed", action, alarm["AlarmName"])
            done = False
        words = "Successfully executed" if done else "Failed to execute"
        state = "Succeeded" if done else "Failed"
        kind = "CompositeAlarm" if "AlarmRule" in alarm else "MetricAlarm"
        data = {"actionState": state, "notificationResource": action}
        _add_history(alarm["AlarmName"], kind, "Action", f"{words} action {action}", data)


def _run_action(action: str, alarm: dict[str, Any]) -> bool:
    """Whether the action was run: only topics and functions can be, and only if their policy allows it."""
    service = action.split(":")[2] if action.count(":") >= 5 else ""
    if service == "sns":
        return _notify(action, alarm)
    if service == "lambda":
        return _invoke(action, alarm)
    return False


def _notify(topic_arn: str, alarm: Mapping[str, Any]) -> bool:
    from ministack.services import sns

    if not sns.topic_policy_allows(
        topic_arn, "cloudwatch.amazonaws.com", alarm["AlarmArn"], get_account_id()
    ):
        return False
    previous, present = _told[_key(alarm["AlarmName"])]
    message = alarm_messages.sns_message(alarm, previous, present, get_account_id(), get_region())
    subject = alarm_messages.sns_subject(alarm, get_region())
    return sns.publish_internal(topic_arn, json.dumps(message), subject) is not None


def _invoke(function_arn: str, alarm: Mapping[str, Any]) -> bool:
    from ministack.services import lambda_svc

    function, config, _ = lambda_svc._get_func_record_for_ref(function_arn)
    policy = lambda_svc.function_policy_for_arn(function_arn)
    call = Call("lambda:InvokeFunction", function_arn)
    service = "lambda.alarms.cloudwatch.amazonaws.com"
    if not config or not policy or not permissions.service_may(service, call, policy[0], alarm["AlarmArn"]):
        return False
    previous, present = _told[_key(alarm["AlarmName"])]
    detail = alarm_messages.event_detail(alarm, previous, present)
    event = alarm_messages.lambda_event(alarm, detail, get_account_id(), get_region())
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
    return True


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def _forget(name: str) -> None:
    _told.pop(_key(name), None)
    _held_until.pop(_key(name), None)
    _seen.pop(_key(name), None)
