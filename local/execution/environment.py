"""The outside of one execution environment: a process with a memory limit, a time limit and a log stream."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.execution import memory
from local.execution.bootstrap import FRAME

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
INIT_SECONDS = 10.0  # AWS's limit of the INIT phase; a slower one is repeated within the invocation
MAX_RESPONSE_BYTES = 6_291_556
_CHUNK = 65_536


@dataclass(frozen=True)
class Specification:
    """What is fixed for the life of an environment."""

    function_name: str
    version: str
    handler: str
    memory_mb: int
    variables: Mapping[str, str]
    import_path: tuple[str, ...]
    folder: Path  # the working folder


@dataclass(frozen=True)
class LogEvent:
    """One event as CloudWatch Logs stores it: `time` in milliseconds."""

    time: int
    text: str


@dataclass(frozen=True)
class Failure:
    """Why an environment gave no answer. `status` is AWS's: `timeout` or `error`."""

    status: str
    error_type: str = ""
    message: str = ""
    is_out_of_memory: bool = False


@dataclass
class Exchange:
    """One question to the runtime: its answer or its failure, and what was logged meanwhile."""

    started: float  # seconds since the epoch
    seconds: float = 0.0
    answer: dict[str, Any] | None = None
    failure: Failure | None = None
    events: list[LogEvent] = field(default_factory=list)


@dataclass(frozen=True)
class Attempt:
    """One INIT: in the phase `init`, or repeated in the phase `invoke`."""

    phase: str
    exchange: Exchange

    @property
    def error(self) -> dict[str, Any] | None:
        return (self.exchange.answer or {}).get("error")

    @property
    def has_succeeded(self) -> bool:
        return self.exchange.failure is None and self.error is None


@dataclass(frozen=True)
class Invocation:
    """What happened, in the terms of AWS's REPORT line.

    `seconds` is the duration with any repeated INIT, `init_seconds` that of a cold start's INIT phase,
    `error` what the function raised, `failure` why the platform ended it, `payload` its answer as JSON text.
    """

    request_id: str
    stream: str
    is_new_stream: bool
    attempts: list[Attempt]
    exchange: Exchange | None
    started: float
    seconds: float
    init_seconds: float | None
    memory_mb: int
    max_memory_mb: int
    failure: Failure | None
    error: dict[str, Any] | None
    payload: str | None


class Environment:
    """Runs the invocations of one version of a function, one at a time.

    The process ends when the function exceeds its memory or its time, or exits; the environment, and with it
    the log stream, goes on: the next invocation repeats INIT as a part of itself, as on AWS.
    """

    def __init__(self, specification: Specification, *, init_seconds: float = INIT_SECONDS) -> None:
        self.specification = specification
        self.stream = _stream_name(specification.version)
        self.process: subprocess.Popen[bytes] | None = None
        self._init_seconds = init_seconds
        self._channel: socket.socket | None = None
        self._log_reader = -1
        self._unfinished = {"channel": b"", "log": b""}
        self._peak_bytes = 0
        self._is_new = True

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def invoke(
        self, request_id: str, event: Any, *, arn: str, timeout_seconds: float, trace_id: str | None = None
    ) -> Invocation:
        """Run the function once; never raises for what the function does."""
        is_new_stream, self._is_new = self._is_new, False
        attempts = [self._start("init", self._init_seconds)] if is_new_stream else []
        started = time.time()
        clock = time.monotonic()
        exchange = None
        if not self.is_running:
            attempts.append(self._start("invoke", timeout_seconds))
        if self.is_running:
            message = {
                "request_id": request_id,
                "event": event,
                "invoked_function_arn": arn,
                "deadline_ms": int((started + timeout_seconds) * 1000),
                "trace_id": trace_id,
            }
            exchange = self._exchange(message, timeout_seconds - (time.monotonic() - clock))
        last = exchange or attempts[-1].exchange
        timed_out = last.failure is not None and last.failure.status == "timeout"
        seconds = timeout_seconds if timed_out else time.monotonic() - clock
        return self._summarize(request_id, is_new_stream, attempts, exchange, started, seconds)

    def kill(self) -> None:
        """End the process from another thread; the invocation in progress, if any, fails."""
        process = self.process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """Kill the process, as AWS does with runtimes that have no extensions, and close the log."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
            os.close(self._log_reader)

    def _start(self, phase: str, seconds: float) -> Attempt:
        self.end()
        self._unfinished = {"channel": b"", "log": b""}
        self._peak_bytes = 0
        own_end, runtime_end = socket.socketpair()
        self._log_reader, log_writer = os.pipe()
        os.set_blocking(self._log_reader, False)
        started = time.monotonic()
        with runtime_end, os.fdopen(log_writer, "wb", buffering=0) as log:
            self.process = subprocess.Popen(  # noqa: S603  # this very interpreter with a file of ours: nothing from outside, no shell
                [sys.executable, "-S", "-u", str(BOOTSTRAP), str(runtime_end.fileno())],
                cwd=self.specification.folder,
                env={**self.specification.variables, "AWS_LAMBDA_LOG_STREAM_NAME": self.stream},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(runtime_end.fileno(),),
            )
        self._channel = own_end
        spawning = time.monotonic() - started
        exchange = self._exchange(
            {"handler": self.specification.handler, "import_path": self.specification.import_path},
            seconds - spawning,
        )
        exchange.started -= spawning
        exchange.seconds += spawning
        attempt = Attempt(phase, exchange)
        if not attempt.has_succeeded:
            self.end()
        return attempt

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        """The process. Raises `RuntimeError` when none was started, or it has ended."""
        if self.process is None:
            raise RuntimeError("no process runs in this execution environment")
        return self.process

    @property
    def _open_channel(self) -> socket.socket:
        """The way to the process. Raises `RuntimeError` when it is closed."""
        if self._channel is None:
            raise RuntimeError("the channel to the process is closed")
        return self._channel

    def _exchange(self, message: dict[str, Any], seconds: float) -> Exchange:
        exchange = Exchange(started=time.time())
        clock = time.monotonic()
        # A process that has ended is noticed when its answer is read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._open_channel.sendall(json.dumps(message).encode() + b"\n")
        while exchange.answer is None and exchange.failure is None:
            self._wait(exchange, clock + seconds)
        exchange.seconds = time.monotonic() - clock
        if exchange.failure and exchange.failure.status == "timeout":
            exchange.seconds = seconds  # AWS reports exactly the limit
        self._read_log(exchange, is_last=True)
        return exchange

    def _wait(self, exchange: Exchange, deadline: float) -> None:
        """Wait for news from the process, no longer than it could take to use up its memory."""
        remaining = deadline - time.monotonic()
        resident = memory.resident_bytes(self._running.pid)
        self._peak_bytes = max(self._peak_bytes, resident)
        headroom = self.specification.memory_mb * memory.MB - resident
        if headroom < 0:
            exchange.failure = self._out_of_memory()
        elif remaining <= 0:
            self._note_peak()
            self._running.kill()
            self._running.wait()
            exchange.failure = Failure("timeout", "Sandbox.Timedout")
        else:
            pause = min(remaining, memory.seconds_until_next_look(headroom))
            watch = select.poll()  # unlike select(), not limited to the first 1024 descriptors
            watch.register(self._open_channel, select.POLLIN)
            watch.register(self._log_reader, select.POLLIN)
            ready = {descriptor for descriptor, _ in watch.poll(pause * 1000)}
            if self._log_reader in ready:
                self._read_log(exchange)
            if self._open_channel.fileno() in ready:
                self._read_channel(exchange)

    def _read_channel(self, exchange: Exchange) -> None:
        try:
            chunk = self._open_channel.recv(_CHUNK)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            exchange.failure = self._exited()
            return
        text = self._unfinished["channel"] + chunk
        if not text.endswith(b"\n"):
            self._unfinished["channel"] = text
            return
        self._unfinished["channel"] = b""
        exchange.answer = json.loads(text)
        self._note_peak()
        if self._peak_bytes > self.specification.memory_mb * memory.MB:
            exchange.answer = None  # it got by between two looks; AWS's limit has no gaps
            exchange.failure = self._out_of_memory()

    def _read_log(self, exchange: Exchange, *, is_last: bool = False) -> None:
        data = self._unfinished["log"]
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._log_reader, _CHUNK):
                data += chunk
        lines = data.split(b"\n")
        unfinished = lines.pop()
        if is_last and unfinished:
            lines, unfinished = [*lines, unfinished], b""
        self._unfinished["log"] = unfinished
        exchange.events += [_event(line) for line in lines]

    def _out_of_memory(self) -> Failure:
        self._peak_bytes = self.specification.memory_mb * memory.MB
        self._running.kill()
        self._running.wait()
        message = "Runtime exited with error: signal: killed"
        return Failure("error", "Runtime.ExitError", message, is_out_of_memory=True)

    def _exited(self) -> Failure:
        code = self._running.wait()
        if code == 0:
            return Failure("error", "Runtime.ExitError", "Runtime exited without providing a reason")
        reason = f"exit status {code}" if code > 0 else f"signal: {_signal_text(-code)}"
        return Failure("error", "Runtime.ExitError", f"Runtime exited with error: {reason}")

    def _note_peak(self) -> None:
        self._peak_bytes = max(self._peak_bytes, memory.peak_bytes(self._running.pid))

    def _summarize(
        self,
        request_id: str,
        is_new_stream: bool,
        attempts: list[Attempt],
        exchange: Exchange | None,
        started: float,
        seconds: float,
    ) -> Invocation:
        last = exchange or attempts[-1].exchange
        answer = last.answer or {}
        cold = attempts[0] if attempts and attempts[0].phase == "init" else None
        payload, error = answer.get("payload"), answer.get("error")
        if payload is not None and len(payload.encode()) > MAX_RESPONSE_BYTES:
            payload, error = None, _response_too_large()
        return Invocation(
            request_id=request_id,
            stream=self.stream,
            is_new_stream=is_new_stream,
            attempts=attempts,
            exchange=exchange,
            started=started,
            seconds=seconds,
            init_seconds=cold.exchange.seconds if cold and cold.has_succeeded else None,
            memory_mb=self.specification.memory_mb,
            max_memory_mb=min(-(-self._peak_bytes // memory.MB), self.specification.memory_mb),
            failure=last.failure,
            error=error,
            payload=payload,
        )


def _event(line: bytes) -> LogEvent:
    text = line.decode(errors="replace")
    if not text.startswith(FRAME):
        return LogEvent(int(time.time() * 1000), text + "\n")
    frame = json.loads(text[len(FRAME) :])
    return LogEvent(frame["time"], frame["text"])


def _stream_name(version: str) -> str:
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"


def _signal_text(number: int) -> str:
    return "killed" if number == signal.SIGKILL else (signal.strsignal(number) or str(number)).lower()


def _response_too_large() -> dict[str, Any]:
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
