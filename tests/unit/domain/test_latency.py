"""What healthy runs take, and what the log says of dependencies."""

import pytest

from auto_repair.domain.latency import dependency_signs, healthy_durations_s, timed_out, usual_s
from tests.builders import (
    a_run,
    a_signature,
    a_timeout,
    evidence,
    in_turn,
)


def test_usual_duration_needs_enough_healthy_runs() -> None:
    few = evidence(invocations=in_turn([a_run(duration_ms=200)] * 4 + [a_timeout(3)]))
    assert healthy_durations_s(few) == (0.2,) * 4
    assert usual_s(few) is None
    assert usual_s(evidence(history=in_turn([a_run(duration_ms=200)] * 5))) == 0.2


def test_only_runs_with_memory_left_timed_out() -> None:
    assert len(timed_out(evidence(invocations=(a_timeout(3), a_timeout(3, used=127), a_run())))) == 1


@pytest.mark.parametrize(
    ("error_type", "template"),
    [
        ("ReadTimeoutError", "HTTPSConnectionPool: Read timed out."),
        ("ConnectTimeout", "connection to peer timed out"),
        ("", "Error: connect ECONNREFUSED <address>"),
        ("ProvisionedThroughputExceededException", "the level of configured throughput was exceeded"),
        ("ClientError", "An error occurred (ThrottlingException) when calling the Query operation"),
        ("EndpointConnectionError", "Could not connect to the endpoint URL: <text>"),
    ],
)
def test_marks_of_a_dependency(error_type: str, template: str) -> None:
    assert dependency_signs(evidence(signatures=(a_signature(error_type, template),)))


@pytest.mark.parametrize("template", ["order <n> has no customer", "Task timed out after <n> seconds"])
def test_no_marks_of_a_dependency(template: str) -> None:
    assert not dependency_signs(evidence(signatures=(a_signature("ValueError", template),)))
