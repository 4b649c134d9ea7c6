"""The events that may start an incident: EventBridge alarm event, SNS alarm message, manual input."""

import re
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from auto_repair.contracts.documents import decode
from auto_repair.domain.alarmed_resource import alarmed_resource
from auto_repair.domain.arns import SERVICES, resource_of
from auto_repair.domain.composite_alarms import Composition, composition, triggering_alarms
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import UNKNOWN_FUNCTION, AlarmMetric, AlarmSignal, Trigger
from auto_repair.domain.question.reading import Reading, out_of_reach
from auto_repair.domain.resources import Resource, at_heart
from auto_repair.domain.timestamps import parse

MANUAL_EXAMPLE = (
    '{"functionName": "my-function", "alarmName": "lambda-errors-alarm-my-function", "manual": true}'
)
_NAME = re.compile(r"[A-Za-z0-9-_]{1,64}")
_QUALIFIER = re.compile(r"[A-Za-z0-9-_$]{1,128}")
_ALIAS = re.compile(r"(?!\d+$)[A-Za-z0-9-_]{1,128}")  # a version's number is no alias
_REASON_LENGTH = 1000
_NAME_LENGTH = 255  # of alarms and metrics, as CloudWatch limits it
_VALUE_LENGTH = 1024  # of dimensions
_ARN_LENGTH = 1600
_MAX_METRICS = 20
# The owner's word on what an alarm is about whose metrics do not say it: a tag on the alarm.
TARGET_TAG = "auto-repair:target"
_QUESTION_LENGTH = 1000
QUESTION = "question"  # what an incident is about until the question was understood
_RESOURCE_ID = re.compile(r"[a-z0-9]{2,30}:[^\s]{1,300}")
T = TypeVar("T")


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


class SnsDimension(msgspec.Struct):
    """`Trigger.Dimensions[]` of the SNS message."""

    name: str
    value: str


class SnsTrigger(msgspec.Struct, rename="pascal"):
    """`Trigger` of the SNS message; metric math alarms have `Metrics` instead of one metric."""

    namespace: str = ""
    metric_name: str = ""
    period: int = 60
    statistic: str | None = ""
    dimensions: list[SnsDimension] = []
    metrics: list["SnsMetricQuery"] = []


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


class ManualStart(msgspec.Struct, rename="camel"):
    """The operators' own input."""

    function_name: str
    alarm_name: str = ""
    manual: bool = True
    since: str = ""


class InvestigationStart(msgspec.Struct, rename="camel"):
    """What a person wants looked at: a resource, or a question in words. `since`: ISO 8601."""

    target: str = ""
    since: str = ""
    question: str = ""
    manual: bool = True


class Request(msgspec.Struct):
    """What every form comes down to."""

    trigger: Trigger
    function_name: str
    alias: str | None = None
    alarm: AlarmSignal | None = None
    alarm_name: str = ""
    home: tuple[str, ...] = ()  # region and account, where an ARN names them
    resource: Resource | None = None  # what it is about, where that is not a function
    since: datetime | None = None
    question: str = ""
    reading: Reading | None = None  # of the question, once it was understood
    named: str = ""  # what the event itself names, before anybody looked further
    named_in: str = "functionName"  # what to correct if there is no function of that name
    look_up: Composition | None = None  # the alarm does not say what it is about: to be asked of CloudWatch
    beside: str = ""  # the function of another alarm that the same composite alarm joins

    @property
    def is_named(self) -> bool:
        """Whether it names a function or a resource."""
        return bool(self.function_name or self.resource)

    @property
    def about(self) -> str:
        """What it names, empty where that is nothing."""
        return self.heart if self.is_named else ""

    @property
    def heart(self) -> str:
        """The function, or the id of the resource that it is about as far as the event tells it."""
        if self.function_name:
            return self.function_name
        if self.resource:
            return self.resource.id if self.resource.name else f"{self.resource.id}{self.resource.title}"
        if self.alarm:
            return f"alarm:{self.alarm.name}"
        return QUESTION if self.question else UNKNOWN_FUNCTION


def read(event: Any, now: datetime | None = None) -> Request:
    """Understand the input of an execution. Raises `InvalidEvent` naming the field and the fix.

    `now`: when it began, against which a person's `since` is held; None where that has been done.
    """
    event = _unwrap_sns(event)
    _check_text(event)
    if not isinstance(event, dict):
        raise InvalidEvent(
            f"the input is a JSON {type(event).__name__}, not an object; start with {MANUAL_EXAMPLE}"
        )
    if "detail" in event or "detail-type" in event:
        return _of_alarm(*_from_event_bridge(event))
    if "AlarmName" in event:
        return _of_alarm(*_from_sns(event))
    if "functionName" in event:
        return _manual(_decoded(ManualStart, event, "a manual start"), now)
    if "target" in event or "question" in event:
        return _investigation(_decoded(InvestigationStart, event, "the start of an investigation"), now)
    raise InvalidEvent(
        "the input is neither a CloudWatch alarm event (field 'detail'), nor an SNS alarm message (field "
        "'AlarmName'), nor a manual start (field 'functionName', 'target' or 'question'); start with "
        + MANUAL_EXAMPLE
    )


def function_and_alias(text: str) -> tuple[str, str | None]:
    """Split `name`, `name:alias` or a function ARN. Raises `InvalidEvent` for anything else."""
    parts = text.split(":")
    if text.startswith("arn:") and len(parts) >= 7 and parts[5] == "function":
        parts = parts[6:]
    name, qualifier = parts[0], parts[1] if len(parts) == 2 else None
    if len(parts) > 2 or not _NAME.fullmatch(name) or (qualifier and not _QUALIFIER.fullmatch(qualifier)):
        raise InvalidEvent(
            f"functionName: {text[:80]!r} is not a Lambda function's name or ARN; give the plain name"
        )
    return name, qualifier if qualifier and _ALIAS.fullmatch(qualifier) else None


def _decoded(kind: type[T], event: dict[str, Any], what: str) -> T:
    try:
        return decode(kind, event)
    except InvalidEvent as error:
        raise InvalidEvent(
            f"the input is not {what} as it should be: {error}; send it unchanged, or start with "
            + MANUAL_EXAMPLE
        ) from error


def _check_text(event: Any) -> None:
    """JSON can escape halves of characters, which no other part of AWS accepts."""
    try:
        msgspec.json.encode(event)
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidEvent(
            f"the input is not plain JSON text: {error}; start with {MANUAL_EXAMPLE}"
        ) from error


def _home(arn: str) -> tuple[str, ...]:
    """Region and account; nothing of an ARN that lacks one of them, as that of a bucket or a role does."""
    parts = arn.split(":")
    return tuple(parts[3:5]) if arn.startswith("arn:") and len(parts) > 5 and all(parts[3:5]) else ()


def _unwrap_sns(event: Any) -> Any:
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


def _from_event_bridge(event: dict[str, Any]) -> tuple[AlarmSignal, Composition]:
    alarm = _decoded(AlarmEvent, event, "a CloudWatch alarm event")
    state, configuration = alarm.detail.state, alarm.detail.configuration
    arn = alarm.resources[0][:_ARN_LENGTH] if alarm.resources else ""
    stats = [m.metric_stat for m in configuration.metrics if m.metric_stat and _is_of(m.account_id, arn)]
    signal = AlarmSignal(
        name=alarm.detail.alarm_name[:_NAME_LENGTH],
        arn=arn,
        state=state.value,
        changed_at=_time(state.timestamp, "detail.state.timestamp"),
        reason=state.reason[:_REASON_LENGTH],
        metrics=tuple(
            _metric(s.metric.namespace, s.metric.name, s.metric.dimensions, s.stat, s.period)
            for s in stats[:_MAX_METRICS]
        ),
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


def _is_of(account: str | None, alarm_arn: str) -> bool:
    """Whether that is the alarm's own account: others may share metrics of what is not ours with it."""
    home = _home(alarm_arn)
    return not account or not home or account == home[1]


def _metric(namespace: str, name: str, dimensions: dict[str, str], stat: str, period_s: int) -> AlarmMetric:
    """Everything cut to CloudWatch's own limits: the incident travels through the whole workflow."""
    kept = {k[:_NAME_LENGTH]: v[:_VALUE_LENGTH] for k, v in list(dimensions.items())[:30]}
    return AlarmMetric(
        namespace[:_NAME_LENGTH], name[:_NAME_LENGTH], kept, stat[:_NAME_LENGTH], min(period_s, 86400)
    )


def _from_sns(event: dict[str, Any]) -> tuple[AlarmSignal, Composition]:
    alarm = _decoded(SnsAlarm, event, "an SNS alarm message")
    trigger = alarm.trigger
    metrics = [
        _metric(
            stat.metric.namespace,
            stat.metric.metric_name,
            {d.name: d.value for d in stat.metric.dimensions},
            stat.stat,
            stat.period,
        )
        for stat in (q.metric_stat for q in trigger.metrics if _is_of(q.account_id, alarm.alarm_arn))
        if stat
    ]
    if trigger.metric_name:
        dimensions = {d.name: d.value for d in trigger.dimensions}
        metrics.insert(
            0,
            _metric(
                trigger.namespace, trigger.metric_name, dimensions, trigger.statistic or "", trigger.period
            ),
        )
    signal = AlarmSignal(
        name=alarm.alarm_name[:_NAME_LENGTH],
        arn=alarm.alarm_arn[:_ARN_LENGTH],
        state=alarm.new_state_value,
        changed_at=_time(alarm.state_change_time, "StateChangeTime"),
        reason=alarm.new_state_reason[:_REASON_LENGTH],
        metrics=tuple(metrics[:_MAX_METRICS]),
    )
    return signal, composition(alarm.alarm_rule, alarm.triggering_children)


def _time(text: str, field: str) -> datetime:
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidEvent(
            f"{field}: {text[:40]!r} is not a time; give ISO 8601, as CloudWatch does"
        ) from error


def _of_alarm(alarm: AlarmSignal, joins: Composition) -> Request:
    if alarm.state != "ALARM":
        raise InvalidEvent(
            f"alarm {alarm.name!r} is in state {alarm.state[:40]!r}; only ALARM starts an incident"
        )
    request = named_by(alarm)
    if not request.is_named:
        request.look_up = joins
    return request


def named_by(alarm: AlarmSignal) -> Request:
    """What the alarm's own metrics name; neither function nor resource where they name none that we know.

    Raises `InvalidEvent` where what should name a function cannot be a function's name.
    """
    request = Request(
        Trigger.ALARM,
        "",
        alarm=alarm,
        alarm_name=alarm.name,
        home=_home(alarm.arn),
        named_in=f"alarm {alarm.name!r}",
    )
    if named := alarm.dimensions.get("FunctionName", ""):
        request.function_name, _ = function_and_alias(named)
        qualified = alarm.dimensions.get("Resource", "")
        request.alias = function_and_alias(qualified)[1] if ":" in qualified else None
    else:
        request.resource = alarmed_resource(alarm)
    return request


def _manual(start: ManualStart, now: datetime | None) -> Request:
    name, alias = function_and_alias(start.function_name)
    return Request(
        Trigger.MANUAL,
        name,
        alias,
        alarm_name=start.alarm_name[:_NAME_LENGTH],
        home=_home(start.function_name),
        since=_since(start.since, now),
    )


def _investigation(start: InvestigationStart, now: datetime | None) -> Request:
    question, target = start.question.strip()[:_QUESTION_LENGTH], start.target.strip()
    if not target and not question:
        raise InvalidEvent(
            "target: it is empty; name a function, an ARN or a resource such as apigateway:a1b2c3, or ask a "
            "question in words under 'question'"
        )
    request = targeted(target) if target else Request(Trigger.MANUAL, "")
    request.since, request.question = _since(start.since, now), question
    return request


def targeted(text: str) -> Request:
    """What a person names: a function, an ARN, or an id such as `sqs:orders`. Raises `InvalidEvent`."""
    request = Request(Trigger.MANUAL, "", home=_home(text), named_in="target")
    resource = _named_resource(text)
    if resource is None:
        request.function_name, request.alias = function_and_alias(text)
    elif resource.service == "lambda":
        request.function_name = resource.name
        request.alias = function_and_alias(text)[1] if ":function:" in text else None
    else:
        request.resource = resource
    return request


def _named_resource(text: str) -> Resource | None:
    """None where the text can only be a function's name."""
    if text.startswith("arn:"):
        resource = resource_of(text)
        if resource is None:
            raise InvalidEvent(f"target: {text[:200]!r} is not the ARN of a resource that we can look at")
        return resource
    is_id = _RESOURCE_ID.fullmatch(text) and text.partition(":")[0] in SERVICES
    return at_heart(text) if is_id else None


def _since(text: str, now: datetime | None) -> datetime | None:
    if not text:
        return None
    since = _time(text, "since")
    if now and (problem := out_of_reach(since, now)):
        raise InvalidEvent(f"since: {text[:40]!r} {problem}")
    return since
