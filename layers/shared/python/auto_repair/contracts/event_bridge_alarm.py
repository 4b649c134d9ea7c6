"""The event of a CloudWatch alarm on EventBridge."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from auto_repair.contracts.alarm_signals import NAME_LENGTH, alarm_metric, alarm_signal, is_of
from auto_repair.contracts.documents import decode
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
    previous_state: Any = None  # as `state`
    mute_detail: Any = None
    configuration: Configuration = msgspec.field(default_factory=Configuration)


class MuteDetail(msgspec.Struct, rename="camel"):
    """`detail.muteDetail`: the mute rule that keeps the alarm from acting, and its window."""

    muted_by_arn: str
    mute_window_start: str
    mute_window_end: str


class AlarmEvent(msgspec.Struct):
    """A CloudWatch alarm event on EventBridge."""

    detail: Detail
    resources: list[str] = []


def from_event_bridge(event: dict[str, Any]) -> tuple[AlarmSignal, Composition]:
    """The alarm, and what it joins. Raises `InvalidEvent`."""
    alarm = decoded(AlarmEvent, event, "a CloudWatch alarm event")
    state, configuration = alarm.detail.state, alarm.detail.configuration
    arn = alarm.resources[0] if alarm.resources else ""
    waiting_since = _waiting_since(alarm.detail)
    stats = [m.metric_stat for m in configuration.metrics if m.metric_stat and is_of(m.account_id, arn)]
    signal = alarm_signal(
        alarm.detail.alarm_name,
        arn,
        state.value,
        waiting_since or moment(state.timestamp, "detail.state.timestamp"),
        state.reason,
        [
            alarm_metric(s.metric.namespace, s.metric.name, s.metric.dimensions, s.stat, s.period)
            for s in stats
        ],
    )
    if keeper := _mute_rule(alarm.detail, signal.changed_at) or _suppressor(state, waiting_since):
        raise InvalidEvent(
            f"alarm {signal.name!r} fired while {keeper}; to look into it nevertheless, start by hand with "
            f"{MANUAL_EXAMPLE}"
        )
    return signal, composition(configuration.alarm_rule, triggering_alarms(state.reason_data))


def _waiting_since(detail: Detail) -> datetime | None:
    """When it fired and began to wait for its suppressor, where the end of that is all that is new: the
    incident began then, since CloudWatch promises no event for when the wait is over."""
    with suppress(InvalidEvent):
        former = decode(State, detail.previous_state)
        if former.value == "ALARM" and former.actions_suppressed_by == "WaitPeriod":
            return moment(former.timestamp, "detail.previousState.timestamp")
    return None


def _suppressor(state: State, waiting_since: datetime | None) -> str:
    """That somebody keeps this composite alarm from acting, as during maintenance: so do we. Empty where
    nobody does, or where CloudWatch did not know yet when it fired."""
    by = state.actions_suppressed_by
    is_kept = by in ("Alarm", "ExtensionPeriod") and not waiting_since
    return f"its suppressor keeps it from acting ({by})" if is_kept else ""


def _mute_rule(detail: Detail, at: datetime) -> str:
    """That somebody's mute rule keeps it from acting; empty where none does."""
    with suppress(InvalidEvent):
        mute = decode(MuteDetail, detail.mute_detail)
        end = moment(mute.mute_window_end, "detail.muteDetail.muteWindowEnd")
        if moment(mute.mute_window_start, "detail.muteDetail.muteWindowStart") <= at <= end:
            rule = mute.muted_by_arn.rpartition(":")[2][:NAME_LENGTH]
            return f"a mute rule keeps it from acting ({rule}, until {end:%Y-%m-%d %H:%M} UTC)"
    return ""
