"""Gap 21: CloudTrail records management calls, failed ones included, as AWS does.

Exact event names, sources and identities. While a trail is logging, records of changes are published as
`AWS API Call via CloudTrail`, and all go to the trail's log group.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudtrail, cloudwatch_logs, eventbridge

from local import permissions
from local.permissions import Call
from local.shims import _trail_records, wrap
from local.shims._api_calls import Request
from local.shims._trail_records import Answer

logger = logging.getLogger("cloudtrail")

PRINCIPAL = "cloudtrail.amazonaws.com"
PAGE = 50


def install() -> None:
    app._maybe_record_cloudtrail = lambda *_args, **_kwargs: None
    wrap(app, "_dispatch_service_request")(_dispatch)
    wrap(cloudtrail, "_create_trail")(_create_trail)
    cloudtrail._DISPATCH["CreateTrail"] = cloudtrail._create_trail
    cloudtrail._DISPATCH["LookupEvents"] = _lookup_events


async def _dispatch(
    original: Any, method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str, *more: Any
) -> Any:
    response = await original(method, path, headers, body, query, request_id, *more)
    if cloudtrail._recording_enabled:
        params = app._routing_params(method, path, headers, body, query)
        request = Request(method, path, headers, body, params)
        try:
            _record(request, Answer(*response), request_id)
        except Exception:
            logger.exception("%s %s could not be recorded", request.service, request.operation)
    return response


def _record(request: Request, answer: Answer, request_id: str) -> None:
    if not _trail_records.is_management(request):
        return
    record = _trail_records.record(request, answer, request_id)
    cloudtrail._get_event_queue().append(_lookup_form(record))
    trails = [trail for trail in cloudtrail._trails.values() if trail.get("IsLogging")]
    if trails and not record["readOnly"]:
        _publish(record)
    for trail in trails:
        _log(trail, record)


def _lookup_form(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "AccessKeyId": record["userIdentity"]["accessKeyId"],
        "EventTime": time.time(),
        "EventSource": record["eventSource"],
        "Username": _trail_records.user_name(record["userIdentity"]),
        "Resources": _trail_records.resources(record),
        "CloudTrailEvent": json.dumps(record),
    }


def _publish(record: dict[str, Any]) -> None:
    entry = {
        "Source": f"aws.{record['eventSource'].split('.')[0]}",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(record),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _log(trail: dict[str, Any], record: dict[str, Any]) -> None:
    group = str(trail.get("CloudWatchLogsLogGroupArn", "")).removesuffix(":*").rpartition(":log-group:")[2]
    stream = f"{get_account_id()}_CloudTrail_{get_region()}"
    arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:{stream}"
    role = str(trail.get("CloudWatchLogsRoleArn", ""))
    if group not in cloudwatch_logs._log_groups:
        return
    if not permissions.role_may(role, PRINCIPAL, Call("logs:PutLogEvents", arn), "CLOUDTRAIL"):
        return
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    message = {"timestamp": int(time.time() * 1000), "message": json.dumps(record)}
    request = {"logGroupName": group, "logStreamName": stream, "logEvents": [message]}
    cloudwatch_logs._put_log_events(request)


def _create_trail(original: Any, request: dict[str, Any]) -> Any:
    """The emulator forgets a new trail's log group and tags."""
    response = original(request)
    trail = cloudtrail._trails.get(str(request.get("Name", "")).strip())
    if response[0] != 200 or trail is None:
        return response
    given = {
        name: request[name]
        for name in ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
        if request.get(name)
    }
    trail.update(given)
    cloudtrail._trail_tags[trail["TrailARN"]] = {
        tag["Key"]: tag.get("Value", "") for tag in request.get("TagsList") or []
    }
    status, headers, body = response
    return status, headers, json.dumps({**json.loads(body), **given}).encode()


def _lookup_events(request: dict[str, Any]) -> Any:
    """Newest first, in pages of at most 50."""
    attributes = {
        item["AttributeKey"]: item["AttributeValue"] for item in request.get("LookupAttributes", [])
    }
    start, end = float(request.get("StartTime") or 0), float(request.get("EndTime") or 2**40)
    found = [
        event
        for event in reversed(list(cloudtrail._get_event_queue()))
        if start <= event["EventTime"] <= end and _matches(event, attributes)
    ]
    first, size = int(request.get("NextToken") or 0), min(int(request.get("MaxResults") or PAGE), PAGE)
    answer: dict[str, Any] = {"Events": found[first : first + size]}
    if first + size < len(found):
        answer["NextToken"] = str(first + size)
    return cloudtrail._ok(answer)


def _matches(event: dict[str, Any], attributes: dict[str, str]) -> bool:
    for key, value in attributes.items():
        if key in ("ResourceName", "ResourceType"):
            if not any(resource[key] == value for resource in event["Resources"]):
                return False
        elif event.get(key) != value:
            return False
    return True
