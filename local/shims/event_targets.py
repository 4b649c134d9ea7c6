"""Gap 26: EventBridge delivers only what targets and roles permit; what cannot be delivered is dead-lettered.

Lambda functions, queues and topics must allow events.amazonaws.com in their own policy; for state machines,
and for event buses given with a role, the target's role must allow the call.
"""

from __future__ import annotations

import contextvars
import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, eventbridge, lambda_svc, sns, sqs, stepfunctions

from local import permissions
from local.permissions import Call
from local.shims import wrap

logger = logging.getLogger("events")

PRINCIPAL = "events.amazonaws.com"
# A rule acts on these with a role; the others are asked for permission themselves.
_NEED_ROLE = ("states", "kinesis", "firehose", "ecs", "codepipeline", "codebuild", "batch", "ssm", "glue")


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one target of a rule."""

    target: dict[str, Any]
    rule: dict[str, Any]
    event_id: str


@dataclass(frozen=True)
class Failure:
    """Why an event cannot be delivered: an error code of EventBridge's dead-letter attributes and a text."""

    code: str
    message: str


_current: contextvars.ContextVar[Delivery | None] = contextvars.ContextVar("event_delivery", default=None)


def install() -> None:
    wrap(eventbridge, "_put_targets")(_put_targets)
    wrap(eventbridge, "_invoke_target")(_invoke_target)
    wrap(eventbridge, "_dispatch_to_lambda")(_to_lambda)
    wrap(eventbridge, "_dispatch_to_sqs")(_to_queue)
    wrap(eventbridge, "_dispatch_to_sns")(_to_topic)
    wrap(eventbridge, "_dispatch_to_event_bus")(_to_event_bus)
    wrap(eventbridge, "_dispatch_to_stepfunctions")(_to_state_machine)


def _put_targets(original: Any, request: dict[str, Any]) -> Any:
    for target in request.get("Targets", []):
        if _service(target.get("Arn", "")) in _NEED_ROLE and not target.get("RoleArn"):
            message = f"RoleArn is required for target {target['Arn']}."
            return error_response_json("ValidationException", message, 400)
    return original(request)


def _invoke_target(
    original: Any, target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None
) -> None:
    token = _current.set(Delivery(target, rule, event["EventId"]))
    try:
        _measure(rule, "Invocations")
        original(target, event, rule, view)
    finally:
        _current.reset(token)


def _to_lambda(original: Any, arn: str, payload: str) -> None:
    found = lambda_svc.function_policy_for_arn(arn)
    if found is None:
        _dead_letter(Failure("NO_RESOURCE", f"The function {arn} does not exist."), payload)
    elif not _is_allowed(Call("lambda:InvokeFunction", arn), found[0]):
        _dead_letter(_no_permission("lambda:InvokeFunction", arn), payload)
    else:
        original(arn, payload)


def _to_queue(original: Any, spec: Any, payload: str, *parameters: Any) -> None:
    arn, queue = str(spec), sqs._queue_by_arn(str(spec))
    if queue is None:
        _dead_letter(Failure("NO_RESOURCE", f"The queue {arn} does not exist."), payload)
    elif not _is_allowed(Call("sqs:SendMessage", arn), queue["attributes"].get("Policy")):
        _dead_letter(_no_permission("sqs:SendMessage", arn), payload)
    else:
        original(spec, payload, *parameters)


def _to_topic(original: Any, arn: str, payload: str) -> None:
    found = sns.topic_policy_for_arn(arn)
    if found is None:
        _dead_letter(Failure("NO_RESOURCE", f"The topic {arn} does not exist."), payload)
    elif not _is_allowed(Call("sns:Publish", arn), found[0]):
        _dead_letter(_no_permission("sns:Publish", arn), payload)
    else:
        original(arn, payload)


def _to_event_bus(original: Any, spec: Any, event: dict[str, Any], *more: Any) -> None:
    arn = str(spec)
    failure = _role_failure(Call("events:PutEvents", arn))
    if failure is None and arn.rpartition("/")[2] not in eventbridge._event_buses:
        failure = Failure("NO_RESOURCE", f"The event bus {arn} does not exist.")
    if failure is not None:
        payload = eventbridge._pattern_event_view(event).event_with_detail()
        _dead_letter(failure, json.dumps(payload))
        return
    original(spec, event, *more)


def _to_state_machine(_: Any, arn: str, payload: str) -> None:
    failure = _role_failure(Call("states:StartExecution", arn)) or _start_failure(arn, payload)
    if failure is not None:
        _dead_letter(failure, payload)


def _start_failure(arn: str, payload: str) -> Failure | None:
    delivery = _current.get()
    # Executions are named after the event, so that a repeated delivery starts nothing.
    target = uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.rule['Arn']} {arn}") if delivery else uuid.uuid4()
    name = f"{delivery.event_id}_{target}" if delivery else str(target)
    request = {"stateMachineArn": arn, "input": payload, "name": name}
    status, _, body = stepfunctions._start_execution(request)
    if status < 400:
        return None
    error = json.loads(body)
    kind = str(error.get("__type", ""))
    code = "NO_RESOURCE" if kind == "StateMachineDoesNotExist" else "ERROR_FROM_TARGET"
    return Failure(code, str(error.get("message", kind)))


def _role_failure(call: Call) -> Failure | None:
    delivery = _current.get()
    role = delivery.target.get("RoleArn") if delivery else None
    if not role:
        return None
    if not permissions.role_trusts(role, PRINCIPAL):
        return Failure("FAILED_TO_ASSUME_ROLE", f"The role {role} cannot be assumed by {PRINCIPAL}.")
    session = uuid.uuid5(uuid.NAMESPACE_URL, call.resource_arn).hex
    if permissions.role_may(role, PRINCIPAL, call, session):
        return None
    principal = permissions.assumed_role_arn(role, session)
    return Failure(
        "NO_PERMISSIONS",
        f"User: {principal} is not authorized to perform: {call.action} on resource: {call.resource_arn}",
    )


def _no_permission(action: str, arn: str) -> Failure:
    return Failure("NO_PERMISSIONS", f"{PRINCIPAL} is not authorized to perform: {action} on resource: {arn}")


def _is_allowed(call: Call, policy: Any) -> bool:
    delivery = _current.get()
    if delivery is None:
        return True
    # Unlike older services, EventBridge does not carry aws:SourceOwner, which default topic policies ask for.
    return permissions.service_may(PRINCIPAL, call, policy, delivery.rule["Arn"], with_owner=False)


def _dead_letter(failure: Failure, payload: str) -> None:
    delivery = _current.get()
    if delivery is None:
        return
    rule, target = delivery.rule, delivery.target
    logger.warning("%s: not delivered to %s: %s", rule["Arn"], target["Arn"], failure.message)
    _measure(rule, "FailedInvocations")
    arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    queue = sqs._queue_by_arn(arn)
    call = Call("sqs:SendMessage", arn)
    if queue is None or not _is_allowed(call, queue["attributes"].get("Policy")):
        _measure(rule, "InvocationsFailedToBeSentToDLQ")
        return
    attributes = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": failure.code,
        "ERROR_MESSAGE": failure.message,
    }
    message = {
        "MessageBody": payload,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }
    sqs._act_send_message(message, sqs._queue_url_for_account(arn.split(":")[4], arn.split(":")[5]))
    _measure(rule, "InvocationsSentToDLQ")


def _measure(rule: dict[str, Any], metric: str) -> None:
    by_rule = {"RuleName": rule["Name"]}
    bus = rule.get("EventBusName", "default")
    for dimensions in (by_rule, {"EventBusName": bus, **by_rule}):
        cloudwatch.record_metric("AWS/Events", metric, 1, "Count", dimensions)


def _service(arn: str) -> str:
    try:
        return str(parse_arn(arn).service)
    except ArnParseError:
        return ""
