"""An exception of the customer's code, and only where runs really ended with it."""

from auto_repair.failure_modes.code_error import FAILURE_MODE, detect
from tests.builders import a_kill, a_run, a_signature, a_timeout, an_error, evidence, in_turn


def test_exception_on_every_call_matches() -> None:
    signature = a_signature("ValueError", "order <n> has no customer", frame="app.py:3 in handler")
    found = detect(evidence(invocations=in_turn([an_error()] * 3), signatures=(signature,)))
    assert found is not None
    assert found.confidence == 0.9
    assert found.because[0].text == "3× ValueError: order <n> has no customer"
    assert found.because[1].text == "raised at app.py:3 in handler"


def test_exception_that_was_handled_explains_no_timeout() -> None:
    handled = a_signature("", "retrying, attempt <n>", count=50)
    runs = in_turn([a_timeout(3, error_type="")] * 3)
    assert detect(evidence(invocations=runs, signatures=(handled,))) is None


def test_exception_that_was_handled_explains_no_other_exception() -> None:
    handled = a_signature("CacheMiss", "not in cache", count=50)
    raised = a_signature("ValueError", "bad input", count=3)
    found = detect(evidence(invocations=in_turn([an_error()] * 3), signatures=(handled, raised)))
    assert found is not None
    assert found.because[0].text.startswith("3× ValueError")


def test_other_failures_beside_it_make_it_less_likely() -> None:
    runs = in_turn([an_error(), a_kill(), a_kill(), a_kill()])
    found = detect(evidence(invocations=runs, signatures=(a_signature(),)))
    assert found is not None
    assert found.confidence < 0.5


def test_memory_and_platform_errors_are_not_the_codes() -> None:
    for error_type in ("MemoryError", "Runtime.ExitError", "Runtime.ImportModuleError"):
        seen = evidence(
            invocations=in_turn([an_error(error_type)]), signatures=(a_signature(error_type, "gone"),)
        )
        assert detect(seen) is None


def test_dependency_that_fails_is_not_the_code() -> None:
    signature = a_signature("ReadTimeout", "Read timed out.")
    assert detect(evidence(invocations=in_turn([an_error("ReadTimeout")]), signatures=(signature,))) is None


def test_nothing_without_failures() -> None:
    assert detect(evidence(invocations=in_turn([a_run()]), signatures=(a_signature(),))) is None


def test_no_repair_is_offered() -> None:
    assert FAILURE_MODE.repair is None
