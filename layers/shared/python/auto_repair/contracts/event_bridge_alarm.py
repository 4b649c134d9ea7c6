"""The event of a CloudWatch alarm on EventBridge."""

from typing import Any

import msgspec

from auto_repair.contracts.alarm_signals import alarm_metric, alarm_signal, is_of
from auto_repair.contracts.start_request import MANUAL_EXAMPLE, decoded, moment
from auto_repair.domain.composite_alarms import Composition, composition, triggering_alarms
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import AlarmSignal


class Metric(msgspec.Struct):
    """`detail.configuration.metrics[].metricStat.metric`."""

    namespace: str = ""
    name: str = ""
    dimensions: dict[str, str] = {}


class MetricStat(msgspec.Struct):
    """`detail.configuration.metrics[].metricStat`."""

    metric: Metric
    period: int = 60
    stat: str = ""


class MetricQuery(msgspec.Struct, rename="camel"):
    """`detail.configuration.metrics[]`: a metric, of another account perhaps, or an expression."""

    metric_stat: MetricStat | None = None
    account_id: str | None = None


class Configuration(msgspec.Struct, rename="camel"):
    """`detail.configuration`: the metrics of an alarm, or the rule of a composite one."""

    metrics: list[MetricQuery] = []
    alarm_rule: str = ""


class State(msgspec.Struct, rename="camel"):
    """`detail.state`. `reason_data`: JSON text; of a composite alarm, which ones made it fire."""

    value: str
    timestamp: str
    reason: str = ""
    reason_data: Any = None
    actions_suppressed_by: str = ""


class Detail(msgspec.Struct, rename="camel"):
    """`detail` of a CloudWatch Alarm State Change."""

    alarm_name: str
    state: State
    configuration: Configuration = msgspec.field(default_factory=Configuration)


class AlarmEvent(msgspec.Struct):
    """A CloudWatch alarm event on EventBridge."""

    detail: Detail
    resources: list[str] = []


def from_event_bridge(event: dict[str, Any]) -> tuple[AlarmSignal, Composition]:
    """The alarm, and what it joins. Raises `InvalidEvent`."""
    alarm = decoded(AlarmEvent, event, "a CloudWatch alarm event")
    state, configuration = alarm.detail.state, alarm.detail.configuration
    arn = alarm.resources[0] if alarm.resources else ""
    stats = [m.metric_stat for m in configuration.metrics if m.metric_stat and is_of(m.account_id, arn)]
    signal = alarm_signal(
        alarm.detail.alarm_name,
        arn,
        state.value,
        moment(state.timestamp, "detail.state.timestamp"),
        state.reason,
        [
            alarm_metric(s.metric.namespace, s.metric.name, s.metric.dimensions, s.stat, s.period)
            for s in stats
        ],
    )
    _refuse_suppressed(signal, state.actions_suppressed_by)
    return signal, composition(configuration.alarm_rule, triggering_alarms(state.reason_data))


def _refuse_suppressed(alarm: AlarmSignal, suppressed_by: str) -> None:
    """Somebody keeps this composite alarm from acting, as during maintenance: so do we.

    In its wait period CloudWatch does not know yet whether its suppressor will fire: that is no such word.
    """
    if suppressed_by in ("Alarm", "ExtensionPeriod"):
        raise InvalidEvent(
            f"alarm {alarm.name!r} fired while its suppressor keeps it from acting ({suppressed_by}): "
            "nothing is looked into. To do so nevertheless, start by hand with " + MANUAL_EXAMPLE
        )
