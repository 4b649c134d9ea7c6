"""What people ask of the findings of an incident: to list them, to accept or decline one, to look again."""

from enum import StrEnum
from typing import Any

import msgspec

from auto_repair.contracts.documents import decode
from auto_repair.domain.answers import Say
from auto_repair.domain.errors import InvalidEvent

EXAMPLE = (
    '{"operation": "decline", "incidentId": "20260131T120000Z-orders-3fa9c2d1", "finding": "code_error", '
    '"by": "ada", "comment": "the code did not change"}'
)
_COMMENT_LENGTH = 1000
_NAME_LENGTH = 300
_FIELDS = ("incidentId", "functionName", "finding", "by", "comment")


class Operation(StrEnum):
    """What can be asked."""

    LIST = "list"
    ACCEPT = "accept"
    DECLINE = "decline"
    NEW_EVIDENCE = "new_evidence"
    LATE_CHANGE = "late_change"  # asked by our own recorder of changes


class FindingRequest(msgspec.Struct, rename="camel", frozen=True):
    """One request. `functionName` is needed only to list a function's incidents."""

    operation: Operation
    incident_id: str = ""
    function_name: str = ""
    finding: str = ""
    by: str = ""
    comment: str = ""

    @property
    def say(self) -> Say | None:
        """What the request says about a finding, if it says anything."""
        return {Operation.ACCEPT: Say.ACCEPT, Operation.DECLINE: Say.DECLINE}.get(self.operation)


def read(event: Any) -> FindingRequest:
    """Understand a request. Raises `InvalidEvent` naming the field and the fix."""
    if not isinstance(event, dict):
        raise InvalidEvent(f"the request is a JSON {type(event).__name__}, not an object; send {EXAMPLE}")
    known = [operation.value for operation in Operation]
    if event.get("operation") not in known:
        told = ", ".join(name for name in known if name != Operation.LATE_CHANGE)
        raise InvalidEvent(f"operation: give one of {told}, as in {EXAMPLE}")
    trimmed = {k: v.strip() if isinstance(v, str) else v for k, v in event.items()}
    request = decode(FindingRequest, trimmed)
    _check(request)
    return request


def _check(request: FindingRequest) -> None:
    if not request.incident_id and not (request.operation is Operation.LIST and request.function_name):
        raise InvalidEvent("incidentId: it is missing; it stands in every message and report of the incident")
    if request.say is not None:
        if not request.finding:
            raise InvalidEvent("finding: it is missing; list the incident's findings to see their ids")
        if not request.by:
            raise InvalidEvent("by: it is missing; the record must say who answered")
    values = (request.incident_id, request.function_name, request.finding, request.by, request.comment)
    for name, value in zip(_FIELDS, values, strict=True):
        longest = _COMMENT_LENGTH if name == "comment" else _NAME_LENGTH
        if len(value) > longest:
            raise InvalidEvent(f"{name}: it has {len(value)} characters; give {longest} or fewer")
