"""A function that cannot start is told from one that fails while it runs."""

import pytest

from auto_repair.domain.evidence import ChangeEvent
from auto_repair.failure_modes.startup_error import FAILURE_MODE, detect
from tests.builders import a_signature, ago, an_error, evidence, in_turn

MISSING = a_signature("Runtime.ImportModuleError", "Unable to import module <text>: No module named <text>")


@pytest.mark.parametrize(
    "error_type",
    [
        "Runtime.ImportModuleError",
        "Runtime.HandlerNotFound",
        "Runtime.UserCodeSyntaxError",
        "Runtime.InvalidEntrypoint",
        "Runtime.MalformedHandlerName",
    ],
)
def test_start_up_errors_match(error_type: str) -> None:
    assert detect(evidence(signatures=(a_signature(error_type, "it does not start"),))) is not None


def test_what_changed_shortly_before_is_named_unless_it_was_us() -> None:
    changes = (
        ChangeEvent(ago(minutes=9), "UpdateFunctionCode20150331v2", "orders", actor="deployer"),
        ChangeEvent(ago(minutes=8), "UpdateFunctionConfiguration20150331v2", "orders", ours=True),
    )
    found = detect(evidence(signatures=(MISSING,), changes=changes))
    assert found is not None
    assert [r.text for r in found.because[1:]] == ["UpdateFunctionCode20150331v2 by deployer at 11:51:00 UTC"]


def test_errors_while_running_do_not_match() -> None:
    seen = evidence(invocations=in_turn([an_error("Runtime.ExitError")]), signatures=(a_signature(),))
    assert detect(seen) is None


def test_no_repair_is_offered() -> None:
    assert FAILURE_MODE.repair is None
