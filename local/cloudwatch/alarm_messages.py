"""What CloudWatch tells others about an alarm's state: EventBridge, SNS topics and Lambda functions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from local.cloudwatch.alarm_state import Alarm, aws_time

# Display names as they appear in alarm messages.
_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-north-1": "EU (Stockholm)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "sa-east-1": "South America (Sao Paulo)",
}


def state(value: str, reason: str, reason_data: str | None, at: float) -> dict[str, Any]:
    """One state of an alarm as in events; the reason data is JSON text and may be missing."""
    shown = {"value": value, "reason": reason}
    if reason_data:
        shown["reasonData"] = reason_data
    return {**shown, "timestamp": aws_time(at)}


def event_detail(alarm: Alarm, previous: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a "CloudWatch Alarm State Change" event."""
    return {
        "alarmName": alarm["AlarmName"],
        "state": dict(present),
        "previousState": dict(previous),
        "configuration": _configuration(alarm),
    }


def lambda_event(alarm: Alarm, detail: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    """The event of a function that is an alarm's action."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": account,
        "time": detail["state"]["timestamp"],
        "region": region,
        "alarmData": dict(detail),
    }


def sns_subject(alarm: Alarm, region: str) -> str:
    """SNS subjects have at most 100 characters."""
    return f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {_REGIONS.get(region, region)}'[:100]


def sns_message(
    alarm: Alarm, previous: Mapping[str, Any], present: Mapping[str, Any], account: str, region: str
) -> dict[str, Any]:
    """The message that an alarm sends to its topics."""
    message: dict[str, Any] = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": aws_time(alarm["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": present["value"],
        "NewStateReason": present["reason"],
        "StateChangeTime": present["timestamp"],
        "Region": _REGIONS.get(region, region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": previous["value"],
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
    }
    if "AlarmRule" not in alarm:
        return {**message, "Trigger": _trigger(alarm)}
    del message["AlarmConfigurationUpdatedTimestamp"]  # metric alarms only
    return {**message, "AlarmRule": alarm["AlarmRule"], "TriggeringChildren": _triggering_children(present)}


def _triggering_children(present: Mapping[str, Any]) -> list[dict[str, Any]]:
    children = json.loads(present.get("reasonData", "{}")).get("triggeringAlarms", [])
    return [
        {
            "Arn": child["arn"],
            "State": {"Value": child["state"]["value"], "Timestamp": child["state"]["timestamp"]},
        }
        for child in children
    ]


def _configuration(alarm: Alarm) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if alarm.get("AlarmDescription"):
        shown["description"] = alarm["AlarmDescription"]
    if "AlarmRule" in alarm:
        return {**shown, "alarmRule": alarm["AlarmRule"]}
    return {**shown, "metrics": [_event_query(query) for query in queries(alarm)]}


def queries(alarm: Alarm) -> list[dict[str, Any]]:
    """The alarm's metrics as MetricDataQuery; a single metric gets an id derived from the alarm's ARN."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {
        "Namespace": alarm["Namespace"],
        "MetricName": alarm["MetricName"],
        "Dimensions": alarm.get("Dimensions") or [],
    }
    stat = {
        "Metric": metric,
        "Period": alarm["Period"],
        "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
    }
    if alarm.get("Unit"):
        stat["Unit"] = alarm["Unit"]
    return [{"Id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"])), "MetricStat": stat}]


def _event_query(query: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"]}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = {
            "namespace": stat["Metric"].get("Namespace"),
            "name": stat["Metric"].get("MetricName"),
            "dimensions": {item["Name"]: item["Value"] for item in stat["Metric"].get("Dimensions") or []},
        }
        shown["metricStat"] = {"metric": metric, "period": stat["Period"], "stat": stat["Stat"]}
        if stat.get("Unit"):
            shown["metricStat"]["unit"] = stat["Unit"]
    else:
        shown["expression"] = query["Expression"]
    if query.get("Label"):
        shown["label"] = query["Label"]
    return {**shown, "returnData": query.get("ReturnData", True)}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    judged = {
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        **({"DatapointsToAlarm": alarm["DatapointsToAlarm"]} if "DatapointsToAlarm" in alarm else {}),
        "ComparisonOperator": alarm["ComparisonOperator"],
        **({"Threshold": alarm["Threshold"]} if "Threshold" in alarm else {}),
        **({"ThresholdMetricId": alarm["ThresholdMetricId"]} if "ThresholdMetricId" in alarm else {}),
        "TreatMissingData": alarm.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile") or "",
    }
    if alarm.get("Metrics"):
        shown = [_sns_query(query) for query in alarm["Metrics"]]
        periods = [query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query]
        return {"Period": periods[0] if periods else 60, **judged, "Metrics": shown}
    is_extended = bool(alarm.get("ExtendedStatistic"))
    kind = "ExtendedStatistic" if is_extended else "Statistic"
    statistic = alarm["ExtendedStatistic"] if is_extended else _STATISTICS[alarm["Statistic"]]
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": kind,
        kind: statistic,
        "Unit": alarm.get("Unit"),
        "Dimensions": _sns_dimensions(alarm.get("Dimensions") or []),
        "Period": alarm["Period"],
        **judged,
    }


_STATISTICS = {
    "SampleCount": "SAMPLE_COUNT",
    "Average": "AVERAGE",
    "Sum": "SUM",
    "Minimum": "MINIMUM",
    "Maximum": "MAXIMUM",
}


def _sns_query(query: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: query[key] for key in ("Expression", "Id", "Label") if query.get(key)}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = {**stat["Metric"], "Dimensions": _sns_dimensions(stat["Metric"].get("Dimensions") or [])}
        shown["MetricStat"] = {**stat, "Metric": metric}
    return {**shown, "ReturnData": query.get("ReturnData", True)}


def _sns_dimensions(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": item["Value"], "name": item["Name"]} for item in dimensions]
