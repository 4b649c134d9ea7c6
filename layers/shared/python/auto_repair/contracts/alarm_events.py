"""The events that may start an incident: EventBridge alarm event, SNS alarm message, manual input."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from auto_repair.contracts.event_bridge_alarm import from_event_bridge
from auto_repair.contracts.manual_start import investigation, manual
from auto_repair.contracts.sns_alarm import from_sns, unwrapped
from auto_repair.contracts.start_request import MANUAL_EXAMPLE, Request, function_and_alias, place_of
from auto_repair.domain.alarmed_resource import alarmed_resource
from auto_repair.domain.composite_alarms import Composition
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import AlarmSignal, Trigger
from auto_repair.domain.resources import Resource


def read(event: Any, now: datetime | None = None) -> Request:
    """Understand the input of an execution. Raises `InvalidEvent` naming the field and the fix.

    `now`: when it began, against which a person's `since` is held; None where that has been done.
    """
    event = unwrapped(event)
    _check_text(event)
    if not isinstance(event, dict):
        raise InvalidEvent(
            f"the input is a JSON {type(event).__name__}, not an object; start with {MANUAL_EXAMPLE}"
        )
    if "detail" in event or "detail-type" in event:
        return _of_alarm(*from_event_bridge(event))
    if "AlarmName" in event:
        return _of_alarm(*from_sns(event))
    if "functionName" in event:
        return manual(event, now)
    if "target" in event or "question" in event:
        return investigation(event, now)
    raise InvalidEvent(
        "the input is neither a CloudWatch alarm event (field 'detail'), nor an SNS alarm message (field "
        "'AlarmName'), nor a manual start (field 'functionName', 'target' or 'question'); start with "
        + MANUAL_EXAMPLE
    )


def named_by(alarm: AlarmSignal) -> Request:
    """What the alarm's own metrics name; neither function nor resource where they name none that we know.

    Raises `InvalidEvent` where what should name a function cannot be a function's name.
    """
    request = Request(
        Trigger.ALARM,
        "",
        alarm=alarm,
        alarm_name=alarm.name,
        home=place_of(alarm.arn),
        named_in=f"alarm {alarm.name!r}",
    )
    resource = alarmed_resource(alarm)
    if named := _function_in(alarm, resource):
        request.function_name, _ = function_and_alias(named)
        qualified = alarm.dimensions.get("Resource", "")
        is_its_own = qualified.startswith(f"{request.function_name}:")
        request.alias = function_and_alias(qualified)[1] if is_its_own else None
    else:
        request.resource = resource
    return request


def _function_in(alarm: AlarmSignal, resource: Resource | None) -> str:
    """The function that it is about; metrics of one's own may call anything at all a `FunctionName`."""
    with suppress(InvalidEvent):
        return function_and_alias(alarm.dimensions.get("FunctionName", ""))[0]
    return resource.name if resource and resource.service == "lambda" else ""


def _of_alarm(alarm: AlarmSignal, joins: Composition) -> Request:
    if alarm.state != "ALARM":
        raise InvalidEvent(
            f"alarm {alarm.name!r} is in state {alarm.state[:40]!r}; only ALARM starts an incident"
        )
    request = named_by(alarm)
    if not request.is_named:
        request.look_up = joins
    return request


def _check_text(event: Any) -> None:
    """JSON can escape halves of characters, which no other part of AWS accepts."""
    try:
        msgspec.json.encode(event)
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidEvent(
            f"the input is not plain JSON text: {error}; start with {MANUAL_EXAMPLE}"
        ) from error
