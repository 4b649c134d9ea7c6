"""One CloudTrail record, as far as changes are concerned."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auto_repair.domain.changes.actors import actor_of, role_of, tool_of
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.timestamps import parse

_API_VERSION = re.compile(r"\d{8}(v\d+)?$")  # UpdateFunctionConfiguration20150331v2


@dataclass(frozen=True)
class TrailRecord:
    """A call that changed something, or tried to. Names of parameters are CloudTrail's own."""

    event_id: str
    at: datetime
    service: str  # `s3` for s3.amazonaws.com
    name: str  # the operation, without Lambda's version suffix
    actor: str = ""
    role: str = ""  # the role behind the session, empty for users and services
    parameters: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    additional: Mapping[str, Any] = field(default_factory=dict)
    arns: tuple[str, ...] = ()  # of the resources that the record names, which few services do
    is_change: bool = True  # neither a read nor refused

    def text(self, *keys: str) -> str:
        """The first of these that is text in the request, else in the answer, else in the additional data."""
        for where in (self.parameters, self.answer, self.additional):
            for key in keys:
                if isinstance(value := where.get(key), str) and value:
                    return value
        return ""


def plain_name(event_name: str) -> str:
    """The operation's name without the version of Lambda's API."""
    return _API_VERSION.sub("", event_name)


def read(document: Any) -> TrailRecord:
    """The record in `document`, an event's `detail` or a decoded `CloudTrailEvent`.

    Raises `InvalidEvent` naming what is missing.
    """
    if not isinstance(document, Mapping):
        raise InvalidEvent(f"a CloudTrail record is a JSON object, not {type(document).__name__}")
    required = {key: document.get(key) for key in ("eventID", "eventTime", "eventSource", "eventName")}
    for key, value in required.items():
        if not isinstance(value, str) or not value:
            raise InvalidEvent(f"{key} is missing from the CloudTrail record, or no text")
    try:
        at = parse(str(required["eventTime"]))
    except ValueError as error:
        raise InvalidEvent(f"eventTime {document['eventTime']!r:.50} is no time") from error
    identity = _mapping(document.get("userIdentity"))
    tool = tool_of(identity, str(document.get("userAgent", "")), str(document.get("sourceIPAddress", "")))
    return TrailRecord(
        event_id=str(required["eventID"]),
        at=at,
        service=str(required["eventSource"]).partition(".")[0],
        name=plain_name(str(required["eventName"])),
        actor=" with ".join(filter(None, (actor_of(identity), tool))),
        role=role_of(identity),
        parameters=_mapping(document.get("requestParameters")),
        answer=_mapping(document.get("responseElements")),
        additional=_mapping(document.get("additionalEventData")),
        arns=_arns(document.get("resources")),
        is_change=not document.get("errorCode") and str(document.get("readOnly")).lower() != "true",
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _arns(resources: Any) -> tuple[str, ...]:
    entries = resources if isinstance(resources, list) else []
    return tuple(str(e["ARN"]) for e in entries if isinstance(e, Mapping) and e.get("ARN"))
