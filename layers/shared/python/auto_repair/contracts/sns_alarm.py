"""The message that a CloudWatch alarm publishes to SNS, in the envelope in which it may arrive."""

from typing import Any

import msgspec

from auto_repair.contracts.alarm_signals import alarm_metric, alarm_signal, is_of
from auto_repair.contracts.start_request import decoded, moment
from auto_repair.domain.composite_alarms import Composition, composition
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import AlarmSignal


class SnsDimension(msgspec.Struct):
    """`Trigger.Dimensions[]` of the SNS message."""

    name: str
    value: str


class SnsMetric(msgspec.Struct, rename="pascal"):
    """`Trigger.Metrics[].MetricStat.Metric`."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: list[SnsDimension] = []


class SnsMetricStat(msgspec.Struct, rename="pascal"):
    """`Trigger.Metrics[].MetricStat`."""

    metric: SnsMetric
    period: int = 60
    stat: str = ""


class SnsMetricQuery(msgspec.Struct, rename="pascal"):
    """`Trigger.Metrics[]`."""

    metric_stat: SnsMetricStat | None = None
    account_id: str | None = None


class SnsTrigger(msgspec.Struct, rename="pascal"):
    """`Trigger` of the SNS message; metric math alarms have `Metrics` instead of one metric."""

    namespace: str = ""
    metric_name: str = ""
    period: int = 60
    statistic: str | None = ""
    dimensions: list[SnsDimension] = []
    metrics: list[SnsMetricQuery] = []


class SnsAlarm(msgspec.Struct, rename="pascal"):
    """The message that an alarm publishes to SNS; composite ones have a rule instead of a trigger."""

    alarm_name: str
    new_state_value: str
    state_change_time: str
    alarm_arn: str = ""
    new_state_reason: str = ""
    trigger: SnsTrigger = msgspec.field(default_factory=SnsTrigger)
    alarm_rule: str = ""
    triggering_children: Any = None


def unwrapped(event: Any) -> Any:
    """The alarm inside an SNS envelope: a Lambda record, or a notification as SQS and HTTP get it."""
    if not isinstance(event, dict):
        return event
    message = event.get("Message")
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        sns = records[0].get("Sns")
        message = sns.get("Message") if isinstance(sns, dict) else message
    if not isinstance(message, str):
        return event
    try:
        return msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidEvent(
            f"Message: the SNS message is not JSON ({error}); subscribe to alarm topics only"
        ) from error


def from_sns(event: dict[str, Any]) -> tuple[AlarmSignal, Composition]:
    """The alarm, and what it joins. Raises `InvalidEvent`."""
    alarm = decoded(SnsAlarm, event, "an SNS alarm message")
    trigger = alarm.trigger
    ours = [q.metric_stat for q in trigger.metrics if q.metric_stat and is_of(q.account_id, alarm.alarm_arn)]
    metrics = [
        alarm_metric(
            s.metric.namespace, s.metric.metric_name, _by_name(s.metric.dimensions), s.stat, s.period
        )
        for s in ours
    ]
    if trigger.metric_name:
        single = _by_name(trigger.dimensions)
        metrics.insert(
            0,
            alarm_metric(
                trigger.namespace, trigger.metric_name, single, trigger.statistic or "", trigger.period
            ),
        )
    signal = alarm_signal(
        alarm.alarm_name,
        alarm.alarm_arn,
        alarm.new_state_value,
        moment(alarm.state_change_time, "StateChangeTime"),
        alarm.new_state_reason,
        metrics,
    )
    return signal, composition(alarm.alarm_rule, alarm.triggering_children)


def _by_name(dimensions: list[SnsDimension]) -> dict[str, str]:
    return {dimension.name: dimension.value for dimension in dimensions}
