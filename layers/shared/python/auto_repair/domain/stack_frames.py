"""Finds the innermost frame of the customer's own code in a stack trace, whatever the language."""

import re

_PYTHON = re.compile(r'File "(?P<path>[^"]+)",? [Ll]ine (?P<line>\d+)(?:, in (?P<function>[^\n]+))?')
_NODE = re.compile(
    r"^\s*at (?:async )?(?:(?P<function>.+?) \()?(?:file://)?(?P<path>/[^\s():]+):(?P<line>\d+)(?::\d+)?\)?",
    re.MULTILINE,
)
_JAVA = re.compile(
    r"^\s*(?:at )?(?P<owner>[\w.$]+)\.(?P<function>[\w<>$]+)"
    r"\((?P<path>[\w$]+\.(?:java|kt|scala)):(?P<line>\d+)\)",
    re.MULTILINE,
)
_TASK_ROOT = "/var/task/"
MAX_LINE = 400  # characters
MAX_LINES = 100  # at each end
# Libraries, whether installed by the platform, in a layer or packed beside the handler.
_LIBRARY = re.compile(
    r"^/(?:var/(?:runtime|lang)|opt|usr|lib)/|/(?:site|dist)-packages/|/node_modules/"
    r"|^/var/task/(?:boto3|botocore|s3transfer|urllib3|requests|httpx|httpcore|pymysql|psycopg2?|redis|sqlalchemy"
    r"|aws_lambda_powertools|aws_xray_sdk|ddtrace|datadog_lambda|sentry_sdk|opentelemetry)/|^node:|^<"
)
_JAVA_LIBRARY = re.compile(
    r"^(?:java|javax|jdk|sun|kotlin|scala|com\.amazonaws|software\.amazon|lambdainternal)\."
)


def innermost_frame(stack: str) -> str:
    """`app.py:12 in handler`: the customer's frame nearest to the error, empty when there is no trace."""
    frames = _frames(_bounded(stack))
    own = [frame for frame, library in frames if not library]
    return own[0] if own else frames[0][0] if frames else ""


def _frames(stack: str) -> list[tuple[str, bool]]:
    """Each frame and whether it is a library's, innermost first."""
    # Python lists the innermost call last; the runtime indents with no-break spaces, which `\\s` covers.
    if python := list(_PYTHON.finditer(stack)):
        return [(_shown(m), bool(_LIBRARY.search(m["path"]))) for m in reversed(python)]
    if node := list(_NODE.finditer(stack)):
        return [(_shown(m), bool(_LIBRARY.search(m["path"]))) for m in node]
    return [(_shown(m), bool(_JAVA_LIBRARY.match(m["owner"]))) for m in _JAVA.finditer(stack)]


def _bounded(stack: str) -> str:
    """Both ends of a long trace: some languages begin with the innermost frame, others end with it."""
    lines = stack.splitlines()
    ends = lines if len(lines) <= 2 * MAX_LINES else [*lines[:MAX_LINES], *lines[-MAX_LINES:]]
    return "\n".join(line[:MAX_LINE] for line in ends)


def _shown(match: re.Match[str]) -> str:
    place = f"{match['path'].removeprefix(_TASK_ROOT)}:{match['line']}"
    function = (match["function"] or "").strip()
    return f"{place} in {function}" if function else place
