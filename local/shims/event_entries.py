"""PutEvents refuses what EventBridge refuses: details that are no JSON object, and too much at once."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import eventbridge

from local.shims import wrap

MAX_REQUEST_BYTES = 262_144
_TIME_BYTES = 14


def install() -> None:
    @wrap(eventbridge, "_put_events")
    def put_events(original: Any, request: dict[str, Any], allow_aws_source: bool = False) -> Any:
        entries = request.get("Entries") or []
        if sum(_size(entry) for entry in entries) > MAX_REQUEST_BYTES:
            message = "Total size of the entries in the request is over the limit."
            return error_response_json("ValidationException", message, 400)
        refused = {index: _refusal(entry) for index, entry in enumerate(entries) if _refusal(entry)}
        if not refused:
            return original(request, allow_aws_source)
        accepted = [entry for index, entry in enumerate(entries) if index not in refused]
        status, headers, body = original({**request, "Entries": accepted}, allow_aws_source)
        if status >= 400:
            return status, headers, body
        answer = json.loads(body)
        results = iter(answer["Entries"])
        answer["Entries"] = [refused.get(index) or next(results) for index in range(len(entries))]
        answer["FailedEntryCount"] += len(refused)
        return json_response(answer)


def _refusal(entry: dict[str, Any]) -> dict[str, str] | None:
    missing = [name for name in ("Source", "DetailType", "Detail") if not entry.get(name)]
    if missing:
        reason = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is a required argument."
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        is_object = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        is_object = False
    return None if is_object else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _size(entry: dict[str, Any]) -> int:
    texts = [
        entry.get("Source"),
        entry.get("DetailType"),
        entry.get("Detail"),
        *(entry.get("Resources") or []),
    ]
    return sum(len(text.encode()) for text in texts if text) + (_TIME_BYTES if entry.get("Time") else 0)
