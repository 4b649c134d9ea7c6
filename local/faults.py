"""Faults that the embedded AWS injects into API calls, and the record of the calls it has seen.

A fault makes matching calls fail in the form in which AWS answers. Tests set faults and read the record
through `FaultControl`; the server keeps both in a `Register`.

    POST   /_local/faults  {"service": "lambda", "operation": "PublishVersion", "role": "executor",
                            "about": ["orders"], "error": "throttled", "times": 1, "skip": 0}   → {"id": 1}
    GET    /_local/faults                                                   → {"faults": [… with "hits"]}
    DELETE /_local/faults[?id=1]                                            → all or one are removed
    GET    /_local/calls?since=MARK                                         → {"mark": N, "calls": […]}
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

ErrorKind = Literal[
    "throttled", "access_denied", "internal", "conflict", "timeout", "disconnect", "answer_lost"
]
ERROR_KINDS: tuple[str, ...] = get_args(ErrorKind)
REMEMBERED_CALLS = 100_000
ANSWER_S = 60  # for the embedded AWS to say what it has noted, however busy it is
TIMEOUT_S = 65.0  # longer than the 60 s that AWS's SDKs wait by default


@dataclass(frozen=True)
class Fault:
    """Which calls fail and how.

    service: as boto3 names it; operation: as the API names it; role: a part of the caller's role name; empty
    ones match everything. about: texts that all occur in the request, its address and headers included: a
    function's name, a table's, a trace id. times: how many requests fail, None for all; an SDK's retry is a
    request of its own. skip: how many matching requests pass first. hang_s: how long a `timeout` keeps the
    caller waiting before the connection is closed. `disconnect`: the connection is closed and nothing was
    done; `answer_lost`: it is closed, but the service has done what was asked.
    """

    error: ErrorKind
    service: str = ""
    operation: str = ""
    role: str = ""
    about: tuple[str, ...] = ()
    times: int | None = 1
    skip: int = 0
    hang_s: float = TIMEOUT_S

    @classmethod
    def from_request(cls, given: Mapping[str, Any]) -> Fault:
        """ValueError for what is not a fault. `times` may also be "forever"."""
        unknown = set(given) - {field.name for field in fields(cls)}
        if unknown or given.get("error") not in ERROR_KINDS:
            raise ValueError(f"A fault has an error ({', '.join(ERROR_KINDS)}) and no {sorted(unknown)}.")
        times = given.get("times", 1)
        read = {
            "about": tuple(given.get("about", ())),
            "times": None if times in (None, "forever") else int(times),
        }
        return cls(**{**given, **read})

    def matches(self, call: Call, text: Callable[[], str]) -> bool:
        """Whether the call is meant; `text` gives the request as text."""
        return (
            self.service in ("", call.service)
            and self.operation in ("", call.operation)
            and self.role in call.role
            and (not self.about or all(part in text() for part in self.about))
        )


@dataclass
class Call:
    """One API call.

    role: of the caller, empty for others than roles. resource: ARN of what the call is on, `*` for calls on
    nothing particular. trace: X-Ray trace id, empty if the caller sent none. status: None while it runs.
    """

    service: str
    operation: str
    role: str
    resource: str = "*"
    trace: str = ""
    id: int = 0
    at: float = 0.0
    status: int | None = None
    fault: str | None = None


class Register:
    """Faults in force and calls seen; safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[int, Fault] = {}
        self._seen: dict[int, int] = {}
        self._hits: dict[int, int] = {}
        self._calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)
        self._last_fault = 0
        self._last_call = 0

    def add(self, fault: Fault) -> int:
        with self._lock:
            self._last_fault += 1
            self._faults[self._last_fault] = fault
            self._seen[self._last_fault] = self._hits[self._last_fault] = 0
            return self._last_fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def remove(self, number: int) -> None:
        with self._lock:
            self._faults.pop(number, None)

    def reset(self) -> None:
        """Forget the calls as well. Numbers go on counting."""
        self.clear()
        with self._lock:
            self._calls.clear()

    def faults(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {"id": number, **asdict(fault), "hits": self._hits[number]}
                for number, fault in self._faults.items()
            ]

    def begin(self, call: Call, text: Callable[[], str]) -> Fault | None:
        """Record a call, and say which fault it meets; `text` gives the request as text."""
        with self._lock:
            self._last_call += 1
            call.id, call.at = self._last_call, time.time()
            self._calls.append(call)
            fault = self._met(call, text)
            call.fault = fault.error if fault else None
            return fault

    def calls(self, since: int) -> dict[str, Any]:
        """The calls after the mark `since`, and the mark to ask with the next time."""
        with self._lock:
            found = [asdict(call) for call in self._calls if call.id > since]
            return {"mark": self._last_call, "calls": found}

    def _met(self, call: Call, text: Callable[[], str]) -> Fault | None:
        for number, fault in self._faults.items():
            if not fault.matches(call, text):
                continue
            self._seen[number] += 1
            is_due = self._seen[number] > fault.skip
            if is_due and (fault.times is None or self._hits[number] < fault.times):
                self._hits[number] += 1
                return fault
        return None


class FaultControl:
    """Sets faults on, and reads the calls of, a running embedded AWS."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def add(self, fault: Fault) -> int:
        """Let matching calls fail from now on; returns the fault's number."""
        return int(self._ask("POST", "/_local/faults", asdict(fault))["id"])

    def clear(self) -> None:
        self._ask("DELETE", "/_local/faults")

    def remove(self, number: int) -> None:
        self._ask("DELETE", f"/_local/faults?id={number}")

    def hits(self, number: int) -> int:
        """How many calls the fault has failed."""
        faults = self._ask("GET", "/_local/faults")["faults"]
        return int(next(fault["hits"] for fault in faults if fault["id"] == number))

    def mark(self) -> int:
        """The present point in the record of calls."""
        return int(self._ask("GET", f"/_local/calls?since={2**62}")["mark"])

    def calls(self, since: int = 0) -> list[Call]:
        """The calls after a mark."""
        return [Call(**call) for call in self._ask("GET", f"/_local/calls?since={since}")["calls"]]

    def _ask(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self._address, timeout=ANSWER_S)
        try:
            connection.request(method, path, body=None if content is None else json.dumps(content))
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(answer["message"])
        return answer
