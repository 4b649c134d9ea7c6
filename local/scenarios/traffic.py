"""Calls at a steady rate, from several callers at once, with a count of what came back."""

import json
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Self

from botocore.config import Config
from botocore.exceptions import ClientError

from local.scenarios.clients import client
from local.scenarios.model import JsonObject

ONE_TRY = Config(retries={"total_max_attempts": 1}, max_pool_connections=32, read_timeout=120)


@dataclass
class Tally:
    """What the callers saw."""

    succeeded: int = 0
    failed: int = 0
    throttled: int = 0

    def __str__(self) -> str:
        return f"{self.succeeded} succeeded, {self.failed} failed, {self.throttled} throttled"


class SteadyCalls(ABC):
    """Background callers. Use as a context manager."""

    calls_per_second: float
    callers: int
    tally: Tally

    @abstractmethod
    def call(self) -> str:
        """One call: succeeded, failed or throttled."""

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._call_steadily, args=(i,), daemon=True) for i in range(self.callers)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def fresh_tally(self) -> Tally:
        """Count from nought; returns what was counted until now."""
        with self._lock:
            former, self.tally = self.tally, Tally()
        return former

    def _call_steadily(self, number: int) -> None:
        pause = self.callers / self.calls_per_second
        due = time.monotonic() + number / self.calls_per_second
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            outcome = self.call()
            with self._lock:
                setattr(self.tally, outcome, getattr(self.tally, outcome) + 1)
            due = max(due + pause, time.monotonic())


@dataclass
class Traffic(SteadyCalls):
    """Calls of a function's Invoke API; `event` may be changed while they run."""

    session: Any
    function_name: str
    event: JsonObject
    calls_per_second: float
    callers: int
    qualifier: str = "$LATEST"
    tally: Tally = field(default_factory=Tally)

    def __enter__(self) -> Self:
        self._client = client(self.session, "lambda", config=ONE_TRY)
        return super().__enter__()

    def call(self) -> str:
        """One call: succeeded, failed or throttled."""
        try:
            answer = self._client.invoke(
                FunctionName=self.function_name, Qualifier=self.qualifier, Payload=json.dumps(self.event)
            )
        except ClientError as error:
            return "throttled" if error.response["Error"]["Code"] == "TooManyRequestsException" else "failed"
        return "failed" if "FunctionError" in answer else "succeeded"
