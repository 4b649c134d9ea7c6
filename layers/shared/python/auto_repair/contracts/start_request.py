"""What every input of an execution comes down to, and what the forms of it share."""

import re
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from auto_repair.contracts.documents import decode
from auto_repair.domain.composite_alarms import Composition
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import UNKNOWN_FUNCTION, AlarmSignal, Trigger
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.resources import Resource
from auto_repair.domain.timestamps import parse

MANUAL_EXAMPLE = (
    '{"functionName": "my-function", "alarmName": "lambda-errors-alarm-my-function", "manual": true}'
)
QUESTION = "question"  # what an incident is about until the question was understood
_NAME = re.compile(r"[A-Za-z0-9-_]{1,64}")
_QUALIFIER = re.compile(r"[A-Za-z0-9-_$]{1,128}")
_ALIAS = re.compile(r"(?!\d+$)[A-Za-z0-9-_]{1,128}")  # a version's number is no alias
T = TypeVar("T")


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


def place_of(arn: str) -> tuple[str, ...]:
    """Region and account; nothing of an ARN that lacks one of them, as that of a bucket or a role does."""
    parts = arn.split(":")
    return tuple(parts[3:5]) if arn.startswith("arn:") and len(parts) > 5 and all(parts[3:5]) else ()


def decoded(kind: type[T], event: dict[str, Any], what: str) -> T:
    """The event as that form; `what` names it for people. Raises `InvalidEvent`."""
    try:
        return decode(kind, event)
    except InvalidEvent as error:
        raise InvalidEvent(
            f"the input is not {what} as it should be: {error}; send it unchanged, or start with "
            + MANUAL_EXAMPLE
        ) from error


def moment(text: str, field: str) -> datetime:
    """The time that a field holds. Raises `InvalidEvent`."""
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidEvent(
            f"{field}: {text[:40]!r} is not a time; give ISO 8601, as CloudWatch does"
        ) from error
