"""The timeout is too low only where the work itself needs longer."""

import pytest

from auto_repair.domain.evidence import Evidence, Invocation
from auto_repair.failure_modes.timeout_too_low import detect
from tests.builders import a_run, a_signature, a_timeout, an_error, evidence, in_turn


def seen(*runs: Invocation, usual_s: float | None = None, **facts: object) -> Evidence:
    history = in_turn([a_run(duration_ms=usual_s * 1000)] * 20) if usual_s else ()
    return evidence(invocations=in_turn(runs), history=history, **facts)


def test_runs_that_grew_into_the_timeout_match() -> None:
    found = detect(seen(a_timeout(3), a_timeout(3), usual_s=2.5))
    assert found is not None
    assert found.confidence == 0.9
    assert not found.against


def test_quick_runs_that_suddenly_hang_do_not() -> None:
    found = detect(seen(a_timeout(3), usual_s=0.2))
    assert found is not None
    assert found.confidence < 0.5
    assert "far below the timeout" in found.against[0].text


def test_unknown_past_makes_it_less_likely_only() -> None:
    found = detect(seen(a_timeout(3)))
    assert found is not None
    assert found.confidence == 0.7


@pytest.mark.parametrize(
    "template",
    [
        "Read timed out. (read timeout=<n>)",
        "connect ETIMEDOUT <address>",
        "An error occurred (ThrottlingException) when calling the Query operation",
    ],
)
def test_dependency_in_the_log_outweighs_everything(template: str) -> None:
    found = detect(seen(a_timeout(3), usual_s=2.5, signatures=(a_signature("", template),)))
    assert found is not None
    assert found.confidence <= 0.25


def test_the_timeout_line_itself_names_no_dependency() -> None:
    signature = a_signature("Sandbox.Timedout", "Task timed out after <n> seconds")
    found = detect(seen(a_timeout(3), usual_s=2.5, signatures=(signature,)))
    assert found is not None
    assert found.confidence == 0.9


def test_other_failures_beside_it_make_it_less_likely() -> None:
    found = detect(seen(a_timeout(3), an_error(), an_error(), usual_s=2.5))
    assert found is not None
    assert found.confidence < 0.5


def test_full_memory_is_not_time() -> None:
    assert detect(seen(a_timeout(3, used=122), usual_s=2.5)) is None


def test_nothing_without_timeouts_or_configuration() -> None:
    assert detect(seen(a_run())) is None
    assert detect(seen(a_timeout(3), configuration=None)) is None
