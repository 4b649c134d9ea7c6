"""Gap 24: asynchronous invocations with AWS's retries, destinations and dead letters.

The emulator gives up on throttled events, sends the destination's record also to dead-letter queues, has no
OnSuccess, loses the settings of functions called through an alias, and lets EventBridge and SNS invoke
synchronously, without any retry. All waits are AWS's, shortened like those of Step Functions.
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, new_uuid, request_scope
from ministack.services import eventbridge, lambda_svc, sns, sqs

from local.settings import Settings
from local.shims import lambda_metrics, wrap
from local.shims.lambda_execution import request_id_of_call

RETRY_SECONDS = (60, 120)
THROTTLE_SECONDS = (1, 300)  # first and longest wait before a throttled event is tried again
SHORTEST_THROTTLE_WAIT = 0.1  # even where waits are scaled to nothing
MAXIMUM_AGE_SECONDS = 21_600
ERROR_MESSAGE_BYTES = 1024
# AWS's pollers grow with the queue. Here a burst of a hundred events would start a hundred processes at once,
# which takes far longer than to run them one after the other.
RUNS_AT_ONCE = 8

_wait_scale = Settings.from_environment().wait_scale
_source_is_asynchronous: contextvars.ContextVar[bool] = contextvars.ContextVar("asynchronous", default=False)
_MARK = "is_asynchronous"
_turns: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(RUNS_AT_ONCE))


def install() -> None:
    lambda_svc.invoke_async_with_retry = invoke
    wrap(eventbridge, "_dispatch_to_lambda")(_asynchronous_source)
    wrap(sns, "_deliver_to_lambda")(_asynchronous_source)
    wrap(lambda_svc, "_execution_record_for_config")(_execution_record)
    wrap(lambda_svc, "_execute_function_with_config_scope")(_execute_or_queue)


def _asynchronous_source(original: Any, *args: Any, **kwargs: Any) -> Any:
    token = _source_is_asynchronous.set(True)
    try:
        return original(*args, **kwargs)
    finally:
        _source_is_asynchronous.reset(token)


def _execution_record(original: Any, func: Any, config: Any) -> Any:
    # The mark travels in the record because the sources hand it to threads of their own.
    record = original(func, config)
    return {**record, _MARK: True} if _source_is_asynchronous.get() else record


def _execute_or_queue(original: Any, func: Any, event: Any) -> Any:
    if not func.get(_MARK):
        return original(func, event)
    invoke({name: value for name, value in func.items() if name != _MARK}, event)
    return {"body": None}


def invoke(func: Any, event: Any) -> None:
    """Queue an event for a function and return; a thread delivers it."""
    config = func.get("config") or func
    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    with request_scope(account, region):
        lambda_metrics.record(config, "AsyncEventsReceived", 1, "Count")
    queued = _Event(func, config, event, request_id_of_call.get() or new_uuid())
    context = contextvars.copy_context()

    def deliver() -> None:
        with request_scope(account, region):
            request_id_of_call.set(queued.request_id)
            _deliver(queued)

    threading.Thread(target=context.run, args=(deliver,), name="async-invoke", daemon=True).start()


@dataclass
class _Event:
    func: Any
    config: Any
    payload: Any
    request_id: str
    received: float = field(default_factory=time.time)
    attempts: int = 0  # that reached the function

    @property
    def qualifier(self) -> str | None:
        name = self.config["FunctionName"]
        return self.config["FunctionArn"].partition(f":function:{name}:")[2] or None

    @property
    def base(self) -> Any:
        """The function's own record, which has the settings that versions lack."""
        return lambda_svc._functions.get(self.config["FunctionName"]) or self.func

    @property
    def settings(self) -> Mapping[str, Any]:
        return lambda_svc._event_invoke_config(self.base, self.qualifier) or {}

    @property
    def age(self) -> float:
        return time.time() - self.received


def _deliver(event: _Event) -> None:
    """Run the function until it succeeds, the retries are used up, or the event is too old."""
    throttle_wait = float(THROTTLE_SECONDS[0])
    while True:
        lambda_metrics.record(event.config, "AsyncEventAge", event.age * 1000, "Milliseconds")
        with _turns[event.config["FunctionArn"]]:
            result = lambda_svc._execute_function(event.func, event.payload)
        is_throttled = bool(result.get("throttle"))
        event.attempts += not is_throttled
        if not result.get("error"):
            return _succeed(event, result)
        retries = event.settings.get("MaximumRetryAttempts", len(RETRY_SECONDS))
        if is_throttled and event.base.get("concurrency") != 0:
            wait = max(throttle_wait * _wait_scale, SHORTEST_THROTTLE_WAIT)
            throttle_wait = min(throttle_wait * 2, THROTTLE_SECONDS[1])
        elif is_throttled or event.attempts > retries:  # reserved concurrency 0 is final
            return _fail(event, result, "RetriesExhausted")
        else:
            wait = RETRY_SECONDS[event.attempts - 1] * _wait_scale
        if event.age + wait > event.settings.get("MaximumEventAgeInSeconds", MAXIMUM_AGE_SECONDS):
            return _fail(event, result, "EventAgeExceeded")
        time.sleep(wait)


def _succeed(event: _Event, result: Mapping[str, Any]) -> None:
    arn = _destination(event, "OnSuccess")
    if arn:
        _send_to_destination(event, arn, _record(event, result, "Success"))


def _fail(event: _Event, result: Mapping[str, Any], condition: str) -> None:
    arn = _destination(event, "OnFailure")
    dead_letters = (event.config.get("DeadLetterConfig") or {}).get("TargetArn")
    if arn:
        _send_to_destination(event, arn, _record(event, result, condition))
    if dead_letters:
        _send_dead_letter(event, dead_letters, result)
    if not arn and not dead_letters:
        lambda_metrics.record(event.config, "AsyncEventsDropped", 1, "Count")


def _destination(event: _Event, outcome: str) -> str | None:
    chosen = (event.settings.get("DestinationConfig") or {}).get(outcome) or {}
    arn: str | None = chosen.get("Destination")
    return arn


def _record(event: _Event, result: Mapping[str, Any], condition: str) -> dict[str, Any]:
    name, version = event.config["FunctionName"], event.config["Version"]
    response = {"statusCode": 200, "executedVersion": version}
    if condition != "Success":
        response["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{lambda_svc._func_arn(name)}:{event.qualifier or '$LATEST'}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": event.payload,
        "responseContext": response,
        "responsePayload": result.get("body"),
    }


def _send_to_destination(event: _Event, arn: str, record: dict[str, Any]) -> None:
    outcome = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
    senders: dict[str, Callable[[], bool]] = {
        "sqs": lambda: _to_queue(arn, json.dumps(record), {}),
        "sns": lambda: _to_topic(arn, json.dumps(record), {}),
        "lambda": lambda: _to_function(arn, record),
        "events": lambda: _to_bus(arn, f"Lambda Function Invocation Result - {outcome}", record),
    }
    send = senders.get(arn.split(":")[2])
    if send is None or not send():
        lambda_metrics.record(event.config, "DestinationDeliveryFailures", 1, "Count")


def _send_dead_letter(event: _Event, arn: str, result: Mapping[str, Any]) -> None:
    error = result.get("body") or {}
    message = str(error.get("errorMessage") or error.get("message") or "").encode()[:ERROR_MESSAGE_BYTES]
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": event.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "429" if result.get("throttle") else "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message.decode(errors="ignore")},
    }
    send = {"sqs": _to_queue, "sns": _to_topic}.get(arn.split(":")[2])
    if send is None or not send(arn, json.dumps(event.payload), attributes):
        lambda_metrics.record(event.config, "DeadLetterErrors", 1, "Count")


def _to_queue(arn: str, body: str, attributes: Mapping[str, Any]) -> bool:
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        return False
    now = time.time()
    message = {
        "id": new_uuid(),
        "body": body,
        "message_attributes": dict(attributes),
        "md5_attrs": sqs._md5_msg_attrs(dict(attributes)),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now + sqs.queue_delay(queue),
        "sys": {"SenderId": get_account_id(), "SentTimestamp": str(int(now * 1000))},
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    lambda_svc.esm_wake.set()
    return True


def _to_topic(arn: str, body: str, attributes: Mapping[str, Any]) -> bool:
    if arn not in sns._topics:
        return False
    sns._fanout(arn, new_uuid(), body, "", "", dict(attributes))
    return True


def _to_function(arn: str, record: dict[str, Any]) -> bool:
    func, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if func is None or config is None:
        return False
    token = request_id_of_call.set(None)  # the destination's invocation is one of its own
    invoke(lambda_svc._execution_record_for_config(func, config), record)
    request_id_of_call.reset(token)
    return True


def _to_bus(arn: str, detail_type: str, record: dict[str, Any]) -> bool:
    entry = {
        "Source": "lambda",
        "DetailType": detail_type,
        "Detail": json.dumps(record),
        "EventBusName": arn,
        "Resources": [arn, record["requestContext"]["functionArn"]],
    }
    answer = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    return int(json.loads(answer[2])["FailedEntryCount"]) == 0
