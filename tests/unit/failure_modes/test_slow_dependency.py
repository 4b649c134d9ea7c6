"""What waits for somebody else is not cured by waiting longer."""

from auto_repair.failure_modes.slow_dependency import FAILURE_MODE, detect
from tests.builders import a_run, a_signature, a_timeout, an_error, evidence, in_turn

QUICK = in_turn([a_run(duration_ms=200)] * 20)
SLOW_PEER = a_signature("ReadTimeout", "HTTPSConnectionPool: Read timed out.")


def test_log_names_the_dependency() -> None:
    found = detect(evidence(invocations=in_turn([a_timeout(3)]), signatures=(SLOW_PEER,)))
    assert found is not None
    assert found.confidence == 0.85
    assert "Read timed out" in found.because[0].text


def test_error_that_names_the_dependency_matches_without_a_timeout() -> None:
    found = detect(evidence(invocations=in_turn([an_error("ReadTimeout")]), signatures=(SLOW_PEER,)))
    assert found is not None


def test_quick_runs_that_suddenly_hang_match_without_a_word_in_the_log() -> None:
    found = detect(evidence(invocations=in_turn([a_timeout(3)]), history=QUICK))
    assert found is not None
    assert "healthy runs take 0.2 s" in found.because[0].text


def test_slow_runs_that_grew_into_the_timeout_do_not() -> None:
    slow = in_turn([a_run(duration_ms=2500)] * 20)
    assert detect(evidence(invocations=in_turn([a_timeout(3)]), history=slow)) is None


def test_handled_trouble_without_failures_is_no_failure() -> None:
    assert detect(evidence(invocations=in_turn([a_run()]), signatures=(SLOW_PEER,))) is None


def test_no_repair_is_offered() -> None:
    assert FAILURE_MODE.repair is None
