"""The Python runtime of a local Lambda execution environment; behaves as AWS's runtime client does.

Runs as a program of its own with nothing but the standard library. The file descriptor named by the first
argument is the channel to the outside: one JSON object per line. The first line configures; every further one
is an invocation and gets one answer. Standard output and error are the log. A line that begins with `FRAME`
is one whole log event, a JSON object of its text and its time in milliseconds; any other line is an event.
"""

from __future__ import annotations

import contextlib
import decimal
import importlib
import json
import logging
import os
import site
import socket
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

FRAME = "\x1e"
NO_BREAK_SPACE = "\u00a0"  # AWS's substitute for the indentation of a traceback

UNHANDLED_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. For functions "
    "using managed runtimes, runtime updates can be triggered by a function change, or can be applied "
    "automatically. To determine if the runtime has been updated, check the runtime version in the "
    "INIT_START log entry. If this error correlates with a change in the runtime version, you may be able "
    "to mitigate this error by temporarily rolling back to the previous runtime version. For more "
    "information, see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html"
)

# Attributes every log record has; what is left was passed as `extra`.
_RECORD_FIELDS = {*vars(logging.makeLogRecord({})), "aws_request_id", "asctime", "message", "taskName"}


class RuntimeFault(Exception):
    """A failure that AWS names `Runtime.*` instead of by its exception class."""

    def __init__(self, error_type: str, message: str, trace: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.error_type = f"Runtime.{error_type}"
        self.trace = list(trace)


class Context:
    """The second argument of a handler."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id = invocation["request_id"]
        self.invoked_function_arn = invocation["invoked_function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        self.tenant_id = None
        self._deadline_ms = invocation["deadline_ms"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(self._deadline_ms - time.time() * 1000))

    def log(self, message: Any) -> None:
        write_event(str(message))


def write_event(text: str) -> None:
    """Log `text`, however many lines it has, as one event."""
    frame = FRAME + json.dumps({"text": text, "time": int(time.time() * 1000)}) + "\n"
    sys.stdout.buffer.write(frame.encode())
    sys.stdout.buffer.flush()


class LambdaHandler(logging.Handler):
    """Writes each record as one event."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self.request_id
        write_event(self.format(record))


class JsonFormatter(logging.Formatter):
    """Records as AWS words them in the JSON log format."""

    def format(self, record: logging.LogRecord) -> str:
        kind, error, trace = record.exc_info or (None, None, None)
        entry = {
            "timestamp": _utc(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": record.__dict__["aws_request_id"],
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
        }
        extra = {key: value for key, value in vars(record).items() if key not in _RECORD_FIELDS}
        filled = {key: value for key, value in {**entry, **extra}.items() if value is not None}
        return json.dumps(filled, ensure_ascii=False, default=str) + "\n"


class _TextFormatter(logging.Formatter):
    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        return time.gmtime(seconds)


def set_up_logging() -> LambdaHandler:
    """Give the root logger AWS's handler; its level stays WARNING unless the function configures one."""
    handler = LambdaHandler()
    if is_json():
        handler.setFormatter(JsonFormatter())
    else:
        layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(_TextFormatter(layout, "%Y-%m-%dT%H:%M:%S"))
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").replace("TRACE", "DEBUG")
    if level:
        logging.getLogger().setLevel(level)
    logging.getLogger().addHandler(handler)
    return handler


def is_json() -> bool:
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"


def load_handler(name: str) -> Any:
    """Import the handler `module.function`; RuntimeFault says which of AWS's ways to fail it was."""
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise RuntimeFault("MalformedHandlerName", message)
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise RuntimeFault("BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFault("ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{_as_on_aws(error.filename or "")}" Line {error.lineno}\n    {error.text}']
        raise RuntimeFault("UserCodeSyntaxError", message, trace) from error
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFault("HandlerNotFound", message) from None


def describe(error: BaseException, request_id: str) -> dict[str, Any]:
    """The error as its caller sees it."""
    if isinstance(error, RuntimeFault):
        kind, trace = error.error_type, error.trace
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        paths = [(_as_on_aws(frame.filename), frame.lineno or 0, frame.name, frame.line) for frame in frames]
        kind, trace = type(error).__name__, traceback.format_list(paths)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(error: dict[str, Any]) -> None:
    if is_json():
        write_event(json.dumps({"timestamp": _utc(time.time()), "level": "ERROR", **error}))
        return
    head = f"[ERROR] {error['errorType']}"
    if error["errorMessage"]:
        head += f": {error['errorMessage']}"
    lines = [line for entry in error["stackTrace"] for line in entry.splitlines()]
    indented = [NO_BREAK_SPACE * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines]
    write_event("\n".join([head, "Traceback (most recent call last):", *indented]))


def to_json(value: Any) -> str:
    """The handler's answer; RuntimeFault if it cannot be JSON."""
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError) as error:
        raise RuntimeFault("MarshalError", f"Unable to marshal response: {error}") from error


def _as_on_aws(path: str) -> str:
    """AWS unpacks the code into /var/task, which is what traces show."""
    root = os.environ["LAMBDA_TASK_ROOT"]
    return "/var/task" + path[len(root) :] if path.startswith(root) else path


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def invoke(handler: Any, invocation: dict[str, Any]) -> dict[str, Any]:
    """Run one invocation and word its answer."""
    set_environment("_X_AMZN_TRACE_ID", invocation["trace_id"])
    try:
        answer = handler(invocation["event"], Context(invocation))
        return {"payload": to_json(answer)}
    except Exception as error:
        described = describe(error, invocation["request_id"])
        log_error(described)
        return {"error": described}


def set_environment(name: str, value: str | None) -> None:
    if value:
        os.environ[name] = value
    else:
        os.environ.pop(name, None)


def main() -> None:
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # a child that outlives us must not look like us
    channel = socket.socket(fileno=descriptor).makefile("rw", encoding="utf-8", newline="\n")
    configuration = json.loads(channel.readline())
    sys.path[:1] = configuration["import_path"]  # in place of this program's folder
    site.setquit()  # what else `site` would do belongs to the machine we run on
    logger = set_up_logging()

    def answer(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    try:
        handler = load_handler(configuration["handler"])
    except Exception as error:
        logging.warning(UNHANDLED_WARNING)
        described = describe(error, "")
        log_error(described)
        answer({"error": described})
        sys.exit(1)
    answer({"ready": True})
    with contextlib.suppress(BrokenPipeError):
        for line in channel:
            invocation = json.loads(line)
            logger.request_id = invocation["request_id"]
            answer(invoke(handler, invocation))


if __name__ == "__main__":
    main()
