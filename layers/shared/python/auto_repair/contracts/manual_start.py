"""What a person starts an execution with: a function, a resource, or a question in words."""

import re
from datetime import datetime
from typing import Any

import msgspec

from auto_repair.contracts.alarm_signals import NAME_LENGTH
from auto_repair.contracts.start_request import Request, decoded, function_and_alias, moment, place_of
from auto_repair.domain.arns import SERVICES, resource_of
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.incident import Trigger
from auto_repair.domain.question.reading import out_of_reach
from auto_repair.domain.resources import Resource, at_heart

_QUESTION_LENGTH = 1000
_RESOURCE_ID = re.compile(r"[a-z0-9]{2,30}:[^\s]{1,300}")


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


def manual(event: dict[str, Any], now: datetime | None) -> Request:
    """The request to look at a function. Raises `InvalidEvent`."""
    start = decoded(ManualStart, event, "a manual start")
    name, alias = function_and_alias(start.function_name)
    return Request(
        Trigger.MANUAL,
        name,
        alias,
        alarm_name=start.alarm_name[:NAME_LENGTH],
        home=place_of(start.function_name),
        since=_since(start.since, now),
    )


def investigation(event: dict[str, Any], now: datetime | None) -> Request:
    """The request to look at anything, named or asked about. Raises `InvalidEvent`."""
    start = decoded(InvestigationStart, event, "the start of an investigation")
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
    request = Request(Trigger.MANUAL, "", home=place_of(text), named_in="target")
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
    since = moment(text, "since")
    if now and (problem := out_of_reach(since, now)):
        raise InvalidEvent(f"since: {text[:40]!r} {problem}")
    return since
