"""Reads the plain-text log events that Lambda and its runtimes write. Every optional field may be absent."""

import re

from auto_repair.domain.log_facts import Exited, Fact, InitFailed, Raised, Report, Started, TimedOut
from auto_repair.domain.printed_json import read_json

# Whatever prints a line that looks like the platform's may write any number into it.
_FIGURE = r"\d{1,12}(?:\.\d{1,12})?"

_START = re.compile(r"START RequestId: (\S+)")
_REPORT = re.compile(r"REPORT RequestId: (\S+)")
_DURATION = re.compile(rf"(?<!Billed )(?<!Init )(?<!Restore )\bDuration: ({_FIGURE}) ms")
_INIT = re.compile(rf"(?<!Billed )\b(?:Init|Restore) Duration: ({_FIGURE}) ms")
_MEMORY_SIZE = re.compile(r"\bMemory Size: (\d{1,9}) MB")
_MEMORY_USED = re.compile(r"\bMax Memory Used: (\d{1,9}) MB")
_STATUS = re.compile(r"\bStatus: (\w+)")
_ERROR_TYPE = re.compile(r"\bError Type: (\S+)")
_PHASE = re.compile(r"\bPhase: (\S+)")
_TIMEOUT = re.compile(
    r"(?:RequestId: (?P<a>\S+) Error: |\d{4}-\S+Z?\s+(?P<b>\S+) )"
    rf"Task timed out after (?P<s>{_FIGURE}) seconds"
)
_EXIT = re.compile(r"RequestId: (?P<id>\S+) (?:Error: (?P<reason>.*)|(?P<old>Process exited before .*))")
_PLATFORM_TYPE = re.compile(r"(?:Runtime|Extension|Sandbox)\.\w+")

_PYTHON_UNHANDLED = re.compile(r"\[ERROR\] (?:(?P<type>[\w.$]+)(?:: |$))?(?P<message>.*)")
_PYTHON_LOGGED = re.compile(r"\[(?:ERROR|CRITICAL)\]\t(?P<at>\S+)\t(?P<id>\S*)\t(?P<message>.*)", re.DOTALL)
_NODE = re.compile(r"\d{4}-\S+Z\t(?P<id>\S+)\t(?P<level>ERROR|FATAL)\t(?P<message>.*)", re.DOTALL)
_NODE_UNHANDLED = re.compile(
    r"(?:Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s*(?P<json>\{.*\})", re.DOTALL
)
_TRACEBACK = "Traceback (most recent call last):"
_PYTHON_LAST_LINE = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_JAVA_CAUSE = re.compile(
    r"^(?:Exception in thread .+? )?(?P<type>(?:[a-z_]\w*\.)+[A-Z]\w*)(?:: (?P<message>.*))?$"
)
_AWS_CALL = re.compile(r"An error occurred \((?P<code>[\w.]+)\) when calling the \w+ operation")
_LEVEL = re.compile(r"(?:^|[\s\[|])(?:ERROR|CRITICAL|FATAL|SEVERE)(?=[\s\]:|]|$)")
_LOWER_LEVEL = re.compile(r"\[(?:INFO|DEBUG|WARNING)\]|\S+\t\S+\t(?:INFO|WARN|DEBUG|TRACE)\t")
_LEVEL_WITHIN = 120  # characters at the beginning of a line in which a level is looked for


def read(message: str) -> Fact | None:
    """The fact that one log event states, None when it states none that matters."""
    # Unframed runtime output separates the lines of one event by carriage returns.
    text = message.replace("\r\n", "\n").replace("\r", "\n").strip("\n ")
    return platform_fact(text) or _error(text)


def platform_fact(text: str) -> Fact | None:
    """What the Lambda platform itself says in this event, None when it is not the platform's."""
    if text.startswith("REPORT RequestId:"):
        return _report(text)
    if text.startswith("START RequestId:"):
        started = _START.match(text)
        return Started(started[1]) if started else None
    if text.startswith(("INIT_REPORT", "RESTORE_REPORT")):
        return _init(text)
    if timed_out := _TIMEOUT.match(text):
        return TimedOut(timed_out["a"] or timed_out["b"], float(timed_out["s"]))
    return _exit(text)


def _report(text: str) -> Report | None:
    request, duration = _REPORT.match(text), _DURATION.search(text)
    if not request or not duration:
        return None
    init = _INIT.search(text)
    return Report(
        request_id=request[1],
        duration_ms=float(duration[1]),
        memory_size_mb=int(_first(_MEMORY_SIZE, text) or 0),
        max_memory_used_mb=int(_first(_MEMORY_USED, text) or 0),
        init_ms=float(init[1]) if init else None,
        status=_first(_STATUS, text).lower(),
        error_type=_first(_ERROR_TYPE, text),
    )


def _init(text: str) -> InitFailed | None:
    status = _first(_STATUS, text).lower()
    if status in ("", "success"):
        return None
    return InitFailed(_first(_PHASE, text), status, _first(_ERROR_TYPE, text))


def _exit(text: str) -> Exited | None:
    first, _, rest = text.partition("\n")
    kind = rest.strip().split("\n")[-1]
    error_type = kind if _PLATFORM_TYPE.fullmatch(kind) else ""
    if found := _EXIT.match(first):
        return Exited(found["id"], found["reason"] or found["old"], error_type)
    # `Unknown application error occurred` names no request.
    return Exited("", first, error_type) if error_type and not first.startswith("[") else None


def _error(text: str) -> Raised | None:
    if text.startswith("[ERROR] "):
        return _python_unhandled(text)
    if logged := _PYTHON_LOGGED.match(text):
        return _logged(logged["message"], logged["id"])
    if node := _NODE.match(text):
        return _node(node["message"], "" if node["id"] == "undefined" else node["id"])
    if "\n\tat " in text:
        return _java(text)
    # Code that catches a denied or throttled AWS call often prints it at no level, or a low one.
    telling = _TRACEBACK in text or _AWS_CALL.search(text) is not None
    levelled = not _LOWER_LEVEL.match(text) and _LEVEL.search(text[:_LEVEL_WITHIN]) is not None
    return _logged(text, "") if telling or levelled else None


def _python_unhandled(text: str) -> Raised:
    description, _, stack = text.partition(f"\n{_TRACEBACK}")
    found = _PYTHON_UNHANDLED.match(description)
    error_type = (found["type"] if found else None) or ""
    message = description.partition(": ")[2] if error_type else description.removeprefix("[ERROR] ")
    # The runtime always writes the traceback's heading, even over an empty traceback.
    return Raised(message, error_type, stack=stack, handled=_TRACEBACK not in text)


def _logged(message: str, request_id: str) -> Raised:
    said, heading, stack = message.partition(_TRACEBACK)
    last = _PYTHON_LAST_LINE.match(stack.rstrip().rpartition("\n")[2]) if heading else None
    if last:
        return Raised(last["message"] or said.strip(), last["type"], request_id, stack, handled=True)
    call = _AWS_CALL.search(message)
    return Raised(message, call["code"] if call else "", request_id, handled=True)


def _node(message: str, request_id: str) -> Raised:
    unhandled = _NODE_UNHANDLED.match(message)
    error = read_json(unhandled["json"]) if unhandled else None
    if not isinstance(error, dict):
        return Raised(message, request_id=request_id, handled=unhandled is None)
    stack = error.get("stack")
    return Raised(
        str(error.get("errorMessage", "")),
        str(error.get("errorType", "")),
        request_id,
        "\n".join(map(str, stack)) if isinstance(stack, list) else str(stack or ""),
    )


def _java(text: str) -> Raised:
    head, _, stack = text.partition("\n\tat ")
    lines = head.split("\n")
    cause = _JAVA_CAUSE.match(lines[-1])
    if not cause:
        return Raised(lines[0], stack=stack, handled=True)
    # The runtime writes `message: class` above the trace; a logger writes a line of its own there, or none.
    by_runtime = len(lines) > 1 and lines[0].endswith(cause["type"])
    return Raised(cause["message"] or lines[0], cause["type"], stack=f"\tat {stack}", handled=not by_runtime)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
