"""X-Ray's semantics: traces made of segments, their summaries, filter expressions and the service graph.

Pure; the shim connects it to the emulator.
"""

from __future__ import annotations

import functools
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Segment = Mapping[str, Any]
Trace = Sequence[Segment]
PARTS = "parts"  # of a searchable summary: one of each segment alone
_Test = Callable[[Mapping[str, Any]], bool]


class FilterError(ValueError):
    """A filter expression X-Ray would refuse, or one that is not supported here."""


# Summaries


def new_trace_id() -> str:
    """An id as X-Ray forms them: the time in seconds, and 96 random bits."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def summary(trace_id: str, trace: Trace) -> dict[str, Any]:
    """A trace as GetTraceSummaries answers it."""
    start, end = _bounds(trace)
    root = next((segment for segment in trace if "parent_id" not in segment), trace[0])
    parts = [part for segment in trace for part in _with_subsegments(segment)]
    return {
        "Id": trace_id,
        "StartTime": start,
        "Duration": round(end - start, 3),
        "ResponseTime": round(float(root.get("end_time", end)) - float(root["start_time"]), 3),
        "HasFault": bool(root.get("fault")),
        "HasError": bool(root.get("error")),
        "HasThrottle": any(segment.get("throttle") for segment in trace),
        "IsPartial": any(segment.get("in_progress") for segment in trace),
        "Http": _http(root),
        "Annotations": _annotations(parts),
        "Users": [],
        "ServiceIds": _unique([service_id(segment) for segment in trace]),
        "ResourceARNs": _unique(
            [{"ARN": segment["resource_arn"]} for segment in trace if segment.get("resource_arn")]
        ),
        "EntryPoint": service_id(root),
    }


def searchable(trace_id: str, trace: Trace) -> dict[str, Any]:
    """The summary, with what filter expressions may ask of each service beside it."""
    return {**summary(trace_id, trace), PARTS: [summary(trace_id, [segment]) for segment in trace]}


def service_id(segment: Segment) -> dict[str, Any]:
    """Who worked on a segment."""
    identity = {"Name": segment["name"], "Names": [segment["name"]]}
    account = segment.get("aws", {}).get("account_id")
    return {
        **identity,
        **({"AccountId": account} if account else {}),
        **({"Type": segment["origin"]} if segment.get("origin") else {}),
    }


def _http(root: Segment) -> dict[str, Any]:
    request, response = (root.get("http", {}).get(part, {}) for part in ("request", "response"))
    found = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _annotations(parts: Sequence[Segment]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for name, value in (part.get("annotations") or {}).items():
            found.setdefault(name, []).append({"AnnotationValue": _typed(value), "ServiceIds": []})
    return found


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"NumberValue": value} if isinstance(value, int | float) else {"StringValue": str(value)}


def _bounds(trace: Trace) -> tuple[float, float]:
    starts = [float(segment["start_time"]) for segment in trace]
    ends = [float(segment.get("end_time", segment["start_time"])) for segment in trace]
    return min(starts), max(ends)


def _with_subsegments(segment: Segment) -> Iterator[Segment]:
    yield segment
    for child in segment.get("subsegments") or []:
        yield from _with_subsegments(child)


def _unique(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for index, item in enumerate(items) if item not in items[:index]]


# Service graph


def services(traces: Sequence[Trace], start: float, end: float) -> list[dict[str, Any]]:
    """The graph of everything that took part, with an edge from each caller to whom it called."""
    numbers: dict[tuple[str, str], int] = {}
    nodes: list[dict[str, Any]] = []
    for trace in traces:
        owners: dict[str, int] = {}
        for segment in trace:
            number = _node(numbers, nodes, segment, start, end)
            _count(nodes[number]["SummaryStatistics"], segment)
            owners.update({part["id"]: number for part in _with_subsegments(segment)})
        for segment in trace:
            caller, number = owners.get(segment.get("parent_id", "")), owners[segment["id"]]
            if caller is not None and caller != number:
                _edge(nodes[caller], number, segment, start, end)
    called = {edge["ReferenceId"] for node in nodes for edge in node["Edges"]}
    for node in nodes:
        node["Root"] = node["ReferenceId"] not in called
    return nodes


def _node(
    numbers: dict[tuple[str, str], int],
    nodes: list[dict[str, Any]],
    segment: Segment,
    start: float,
    end: float,
) -> int:
    key = str(segment["name"]), str(segment.get("origin", ""))
    if key not in numbers:
        numbers[key] = len(nodes)
        nodes.append(
            {
                "ReferenceId": len(nodes),
                **service_id(segment),
                "State": "active",
                "StartTime": start,
                "EndTime": end,
                "Edges": [],
                "SummaryStatistics": _statistics(),
            }
        )
    return numbers[key]


def _edge(caller: dict[str, Any], number: int, segment: Segment, start: float, end: float) -> None:
    edge = next((found for found in caller["Edges"] if found["ReferenceId"] == number), None)
    if edge is None:
        edge = {
            "ReferenceId": number,
            "StartTime": start,
            "EndTime": end,
            "SummaryStatistics": _statistics(),
            "Aliases": [],
        }
        caller["Edges"].append(edge)
    _count(edge["SummaryStatistics"], segment)


def _statistics() -> dict[str, Any]:
    return {
        "OkCount": 0,
        "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 0, "TotalCount": 0},
        "TotalCount": 0,
        "TotalResponseTime": 0.0,
    }


def _count(statistics: dict[str, Any], segment: Segment) -> None:
    statistics["TotalCount"] += 1
    statistics["TotalResponseTime"] += float(segment.get("end_time", segment["start_time"])) - float(
        segment["start_time"]
    )
    if segment.get("fault"):
        statistics["FaultStatistics"]["OtherCount"] += 1
        statistics["FaultStatistics"]["TotalCount"] += 1
    elif segment.get("error") or segment.get("throttle"):
        kind = "ThrottleCount" if segment.get("throttle") else "OtherCount"
        statistics["ErrorStatistics"][kind] += 1
        statistics["ErrorStatistics"]["TotalCount"] += 1
    else:
        statistics["OkCount"] += 1


# Filter expressions


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<operator>[!<>]?=|[<>(){},:!])"""
    r"""|(?P<word>[A-Za-z_][\w.\-\[\]]*))"""
)
_TEXTS = {"http.url": "HttpURL", "http.method": "HttpMethod"}
_FLAGS = {
    "fault": "HasFault",
    "error": "HasError",
    "throttle": "HasThrottle",
    "partial": "IsPartial",
    "ok": "",
}
_NUMBERS = {"responsetime": "ResponseTime", "duration": "Duration"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}


def _always(_: Mapping[str, Any]) -> bool:
    return True


@functools.lru_cache(maxsize=128)
def compile_filter(expression: str) -> _Test:
    """A test of summaries: flags, times, http.status, annotations and services, with AND, OR and !."""
    return _Parser(expression).parse() if expression.strip() else _always


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise FilterError(f"Invalid filter expression at '{text[at:]}'")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._at = 0

    def parse(self) -> _Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise FilterError(f"Unexpected '{self._tokens[self._at][1]}'")
        return test

    def _either(self) -> _Test:
        tests = [self._both()]
        while self._skip("OR"):
            tests.append(self._both())
        return lambda found: any(test(found) for test in tests)

    def _both(self) -> _Test:
        tests = [self._one()]
        while self._skip("AND"):
            tests.append(self._one())
        return lambda found: all(test(found) for test in tests)

    def _one(self) -> _Test:
        if self._skip("!") or self._skip("NOT"):
            inner = self._one()
            return lambda found: not inner(found)
        if self._skip("("):
            inner = self._either()
            self._expect(")")
            return inner
        word = self._take()[1]
        name = word.lower()
        if name == "service":
            return self._service()
        if name in _FLAGS:
            return self._flag(name)
        if name in _NUMBERS:
            return self._compared(lambda found: found.get(_NUMBERS[name]))
        if name == "http.status":
            return self._compared(lambda found: found["Http"].get("HttpStatus"))
        if name in _TEXTS:
            return self._contains(_TEXTS[name])
        key = re.fullmatch(r"annotation(?:\.|\[)([\w.\-]+)\]?", word, re.IGNORECASE)
        if key:
            return self._annotation(key[1])
        raise FilterError(f"Unsupported in a filter expression: {word}")

    def _flag(self, name: str) -> _Test:
        wanted = True
        if self._peek() in ("=", "!="):
            sign, value = self._take()[1], self._take()[1].lower() == "true"
            wanted = value if sign == "=" else not value
        if name == "ok":
            return lambda found: (not (found["HasFault"] or found["HasError"])) is wanted
        return lambda found: bool(found[_FLAGS[name]]) is wanted

    def _compared(self, read: Callable[[Mapping[str, Any]], Any]) -> _Test:
        compare, value = _COMPARE[self._take()[1]], float(self._take()[1])
        return lambda found: compare(read(found), value)

    def _contains(self, key: str) -> _Test:
        self._expect("CONTAINS")
        text = self._text()
        return lambda found: text in found["Http"].get(key, "")

    def _annotation(self, key: str) -> _Test:
        sign, (kind, text) = self._take()[1], self._take()
        value = text[1:-1] if kind == "string" else float(text) if kind == "number" else text == "true"
        compare = _COMPARE[sign]

        def test(found: Mapping[str, Any]) -> bool:
            values = [
                next(iter(item["AnnotationValue"].values())) for item in found["Annotations"].get(key, [])
            ]
            return any(compare(item, value) for item in values)

        return test

    def _service(self) -> _Test:
        """`service("name")`, `service(id(name: "name", type: "type"))`, or `service()` for any, each perhaps
        with `{ fault }` after it, which is asked of the segments of that service."""
        self._expect("(")
        wanted = {}
        if self._skip("id"):
            self._expect("(")
            while not self._skip(")"):
                member = self._take()[1]
                self._expect(":")
                wanted[{"name": "Name", "type": "Type", "account.id": "AccountId"}[member]] = self._text()
                self._skip(",")
        elif self._peek() != ")":
            wanted["Name"] = self._text()
        self._expect(")")
        condition: _Test = _always
        if self._skip("{"):
            condition = self._either()
            self._expect("}")

        def test(found: Mapping[str, Any]) -> bool:
            return any(
                condition(part) and all(part["EntryPoint"].get(key) == value for key, value in wanted.items())
                for part in found[PARTS]
            )

        return test

    def _text(self) -> str:
        return self._take()[1][1:-1]

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _skip(self, text: str) -> bool:
        found = self._peek() == text
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise FilterError(f"'{text}' is expected, not '{self._peek()}'")

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise FilterError("The filter expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]
