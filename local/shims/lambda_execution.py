"""Gaps 1, 2, 3 and 23: Python functions run in environments that behave and log as AWS's do.

The emulator names every error `Runtime.HandlerError`, ends a worker after each of them, loses `logging`, has
no memory limit, counts INIT as run time, opens a log stream per call and waits 50 ms for a silent function.
Here the whole execution of Python functions is `local.execution`; the emulator keeps the concurrency in front
of it and the log store behind it. The result of an execution gets the key `invocation` (an `Invocation`).
"""

from __future__ import annotations

import contextvars
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import cloudwatch_logs, lambda_svc

from local.execution import log_lines
from local.execution.code import CodeStore
from local.execution.environment import Environment, Invocation, LogEvent, Specification
from local.execution.log_lines import Format, Style, Subject
from local.execution.pool import Pool
from local.settings import HOST, Settings
from local.shims import wrap

# Set while the Invoke API is served: the request id that the caller gets is the one the function logs, and
# all attempts at an asynchronous event have the id of the request that brought it.
request_id_of_call: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)
_request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("served_request_id", default=None)

_log_lock = threading.Lock()


def install() -> None:
    runner = Runner(Path(tempfile.gettempdir()) / "lambda", Settings.from_environment().log_style)

    @wrap(lambda_svc, "_execute_function_dispatch")
    def dispatch(original: Any, func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        if not _is_ours(func, config):
            return original(func, config, event, request_id, started)
        return runner.run(func, config, event, request_id_of_call.get() or request_id)

    @wrap(lambda_svc, "reset")
    def reset(original: Any) -> None:
        original()
        runner.reset()

    @wrap(lambda_svc, "_invoke")
    async def invoke(original: Any, *args: Any, **kwargs: Any) -> Any:
        request_id_of_call.set(_request_id.get())
        return await original(*args, **kwargs)

    @wrap(app, "_dispatch_service_request")
    async def dispatch_service_request(original: Any, *args: Any, **kwargs: Any) -> Any:
        _request_id.set(args[5])
        request_id_of_call.set(None)
        return await original(*args, **kwargs)


def _is_ours(func: Any, config: Any) -> bool:
    is_zip = config.get("PackageType", "Zip") == "Zip" and bool(func.get("code_zip"))
    is_python = str(config.get("Runtime", "")).startswith("python")
    is_special = lambda_svc._proxy_url_for(config) or lambda_svc._durable_ctx.get()
    return is_zip and is_python and not is_special


class Runner:
    """Executes functions from the emulator's records of them."""

    def __init__(self, folder: Path, style: Style) -> None:
        self._store = CodeStore(folder)
        self._pool = Pool()
        self._style = style

    def run(self, func: Any, config: Any, event: Any, request_id: str) -> dict[str, Any]:
        """Run the function, write its log, and answer in the emulator's form."""
        trace_id = lambda_svc._xray_trace_id_for_invocation(config)
        key = (lambda_svc._inflight_key(config), config["Version"])
        lease = self._pool.lease(key, _state(config), lambda: self._environment(func, config))
        try:
            invocation = lease.environment.invoke(
                request_id,
                event,
                arn=config["FunctionArn"],
                timeout_seconds=float(config["Timeout"]),
                trace_id=trace_id,
            )
        finally:
            self._pool.give_back(lease)
        subject = Subject(config["FunctionName"], config["Version"], config["Runtime"], trace_id)
        events = log_lines.lines(invocation, subject, _format(config), self._style)
        _deliver(config, invocation.stream, events)
        return self._result(invocation, events)

    def reset(self) -> None:
        self._pool.clear()
        self._store.clear()

    def _result(self, invocation: Invocation, events: list[LogEvent]) -> dict[str, Any]:
        result: dict[str, Any] = {
            "log": "".join(event.text for event in events),
            "invocation": invocation,
        }
        error = log_lines.outcome(invocation, self._style)
        if error is not None:
            return {**result, "body": error, "error": True, "function_error": "Unhandled"}
        return {**result, "body": json.loads(invocation.payload or "null")}

    def _environment(self, func: Any, config: Any) -> Environment:
        root = self._store.unpack(func["code_zip"])
        archives = [lambda_svc._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
        layers = [self._store.unpack(archive) for archive in archives if archive]
        # The last layer is unpacked on top of the others, so it is searched first.
        layer_path = [entry for layer in reversed(layers) for entry in self._store.layer_path(layer)]
        return Environment(
            Specification(
                function_name=config["FunctionName"],
                version=config["Version"],
                handler=config["Handler"],
                memory_mb=int(config["MemorySize"]),
                variables=self._variables(config, root),
                import_path=(str(root), *layer_path),
                folder=root,
            )
        )

    def _variables(self, config: Any, root: Path) -> dict[str, str]:
        """The variables AWS documents, the function's own, and what a process on this machine needs."""
        runtime_folder = str(self._store.runtime_folder())
        region = config["FunctionArn"].split(":")[3]
        logging = config.get("LoggingConfig") or {}
        level = logging.get("ApplicationLogLevel")
        own = (config.get("Environment") or {}).get("Variables") or {}
        return {
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            "HOME": tempfile.gettempdir(),
            "TMPDIR": tempfile.gettempdir(),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": runtime_folder,
            "AWS_ENDPOINT_URL": f"http://{HOST}:{os.environ['GATEWAY_PORT']}",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            **own,
            **lambda_runtime.execution_credentials(config),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
            "AWS_LAMBDA_FUNCTION_VERSION": config["Version"],
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
            "AWS_LAMBDA_LOG_GROUP_NAME": _log_group(config),
            **({"AWS_LAMBDA_LOG_LEVEL": level} if level else {}),
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "LAMBDA_RUNTIME_DIR": runtime_folder,
            "LAMBDA_TASK_ROOT": str(root),
            "_HANDLER": config["Handler"],
        }


def _state(config: Any) -> str:
    """Changes with everything that makes AWS replace the environments of a function."""
    fields = ("LastModified", "CodeSha256", "MemorySize", "Timeout", "Handler", "Runtime", "Role")
    documents = ("Environment", "Layers", "LoggingConfig", "TracingConfig")
    return json.dumps([config.get(name) for name in (*fields, *documents)], sort_keys=True)


def _format(config: Any) -> Format:
    logging = config.get("LoggingConfig") or {}
    return Format(logging.get("LogFormat") == "JSON", logging.get("SystemLogLevel", "INFO"))


def _log_group(config: Any) -> str:
    group = (config.get("LoggingConfig") or {}).get("LogGroup")
    return group or f"/aws/lambda/{config['FunctionName']}"


def _deliver(config: Any, stream: str, events: list[LogEvent]) -> None:
    """Store the events, and hand them to what watches the log group."""
    group = _log_group(config)
    now = int(time.time() * 1000)
    with _log_lock:
        if group not in cloudwatch_logs._log_groups:
            cloudwatch_logs._log_groups[group] = _new_group(group, now)
        streams = cloudwatch_logs._log_groups[group]["streams"]
        if stream not in streams:
            streams[stream] = _new_stream(now)
    stored = [{"timestamp": event.time, "message": event.text, "ingestionTime": now} for event in events]
    cloudwatch_logs._append_log_events(streams[stream], stored)
    forwarded = [{"timestamp": event.time, "message": event.text} for event in events]
    cloudwatch_logs._fanout_to_subscription_filters(group, stream, forwarded)


def _new_group(name: str, now: int) -> dict[str, Any]:
    return {
        "arn": cloudwatch_logs._make_group_arn(name),
        "creationTime": now,
        "retentionInDays": None,
        "tags": {},
        "subscriptionFilters": {},
        "streams": {},
    }


def _new_stream(now: int) -> dict[str, Any]:
    return {
        "events": [],
        "uploadSequenceToken": "1",
        "creationTime": now,
        "firstEventTimestamp": None,
        "lastEventTimestamp": None,
        "lastIngestionTime": None,
    }
