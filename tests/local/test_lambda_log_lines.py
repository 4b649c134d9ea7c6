"""The wordings of failures that differ between AWS's accounts and Regions."""

from __future__ import annotations

import pytest

from local.execution import log_lines
from local.execution.environment import Attempt, Exchange, Failure, Invocation
from local.execution.log_lines import Format, Style, Subject

ID = "8f5b2c1e-0000-4000-8000-000000000001"
KILLED = Failure(
    "error", "Runtime.ExitError", "Runtime exited with error: signal: killed", is_out_of_memory=True
)
TIMED_OUT = Failure("timeout", "Sandbox.Timedout")
START = 1_700_000_000.0  # 2023-11-14T22:13:20Z
TIMEOUT_LINE = f"2023-11-14T22:13:23.000Z {ID} Task timed out after 3.00 seconds\n\n"
KILL_LINE = f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"


def an_invocation(failure: Failure | None, init_seconds: float | None = None) -> Invocation:
    return Invocation(
        request_id=ID,
        stream="2023/11/14/[$LATEST]00",
        is_new_stream=False,
        attempts=[],
        exchange=Exchange(START),
        started=START,
        seconds=3.0,
        init_seconds=init_seconds,
        memory_mb=128,
        max_memory_mb=73,
        failure=failure,
        error=None,
        payload=None,
    )


def messages(invocation: Invocation, style: Style, trace_id: str | None = None) -> list[str]:
    subject = Subject("orders", "$LATEST", "python3.13", trace_id)
    return [event.text for event in log_lines.lines(invocation, subject, Format(is_json=False), style)]


@pytest.mark.parametrize(
    ("style", "line", "status", "error"),
    [
        (
            Style.OLDER,
            [TIMEOUT_LINE],
            "\t",
            {"errorMessage": f"2023-11-14T22:13:23.000Z {ID} Task timed out after 3.00 seconds"},
        ),
        (
            Style.CURRENT,
            [],
            "\tStatus: timeout",
            {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {ID} Error: Task timed out after 3.00 seconds",
            },
        ),
        (
            Style.BOTH,
            [TIMEOUT_LINE],
            "\tStatus: timeout",
            {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {ID} Error: Task timed out after 3.00 seconds",
            },
        ),
    ],
)
def test_a_timeout(style: Style, line: list[str], status: str, error: dict[str, str]) -> None:
    invocation = an_invocation(TIMED_OUT, init_seconds=0.40204)
    report = (
        f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tBilled Duration: 3403 ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: 73 MB\tInit Duration: 402.04 ms{status}\n"
    )
    start, end = f"START RequestId: {ID} Version: $LATEST\n", f"END RequestId: {ID}\n"
    assert messages(invocation, style) == [start, *line, end, report]
    assert log_lines.outcome(invocation, style) == error


@pytest.mark.parametrize(
    ("style", "line", "status", "error_type"),
    [
        (Style.OLDER, [KILL_LINE], "\t\n", "Runtime.ExitError"),
        (Style.CURRENT, [], "\tStatus: error\tError Type: Runtime.OutOfMemory\n", "Runtime.OutOfMemory"),
        (Style.BOTH, [KILL_LINE], "\tStatus: error\tError Type: Runtime.OutOfMemory\n", "Runtime.ExitError"),
    ],
)
def test_a_kill_for_memory(style: Style, line: list[str], status: str, error_type: str) -> None:
    invocation = an_invocation(KILLED)
    logged = messages(invocation, style)
    assert logged[1:-2] == line
    assert logged[-1].endswith(f"Max Memory Used: 73 MB{status}")
    text = f"RequestId: {ID} Error: Runtime exited with error: signal: killed"
    assert log_lines.outcome(invocation, style) == {"errorType": error_type, "errorMessage": text}


def test_a_traced_call_names_its_trace() -> None:
    trace = "Root=1-6ac7d63f-0104e99861c65c8039f183da;Parent=35465b3a9e2f7c6a;Sampled=1"
    report = messages(an_invocation(None), Style.BOTH, trace)[-1]
    segment = log_lines.segment_id(ID)
    line = f"XRAY TraceId: 1-6ac7d63f-0104e99861c65c8039f183da\tSegmentId: {segment}\tSampled: true\t\n"
    assert report.endswith(f"\tMax Memory Used: 73 MB\t\n{line}")


def test_an_init_that_takes_too_long_is_a_timeout_of_init() -> None:
    slow = Attempt("init", Exchange(START - 10, seconds=10.0, failure=TIMED_OUT))
    invocation = an_invocation(None)
    invocation.attempts.append(slow)
    assert messages(invocation, Style.BOTH)[0] == (
        "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\n"
    )
