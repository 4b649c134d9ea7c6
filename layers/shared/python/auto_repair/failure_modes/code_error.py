"""The handler raises an exception of its own. No setting of the function can cure that."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import ErrorSignature, Evidence, Status
from auto_repair.domain.latency import DEPENDENCY_MARKS
from auto_repair.domain.memory import MEMORY_ERRORS, died_of_memory

ADVICE = (
    "Fix the code or its input, or move the alias back to the last version that ran. Nothing was changed."
)
PLATFORM = ("Runtime.", "Sandbox.", "Extension.")


def detect(evidence: Evidence) -> Finding | None:
    """Match when failed runs ended with an exception of the customer's code."""
    failed = [run for run in evidence.failures if run.status is Status.ERROR and not died_of_memory(run)]
    # What the code logged and then handled explains nothing: the run must have ended with it.
    ended_with = {run.error_type for run in failed} - {""}
    own = sorted(
        (s for s in evidence.signatures if s.error_type in ended_with and _raised_by_code(s)),
        key=lambda s: -s.count,
    )
    if not own:
        return None
    top = own[0]
    because = [Reason(f"{top.count}× {top.error_type}: {top.template}"[:300], ("logs.errors",))]
    if top.frame:
        because.append(Reason(f"raised at {top.frame}", ("logs.errors",)))
    because.append(Reason(f"first seen {top.first_seen:%Y-%m-%d %H:%M:%S} UTC", ("logs.errors",)))
    explained = sum(run.error_type in {s.error_type for s in own} for run in failed)
    return Finding(
        confidence=0.9 * min(1.0, explained / len(evidence.failures)),
        because=tuple(because),
        advice=ADVICE,
    )


def _raised_by_code(signature: ErrorSignature) -> bool:
    text = f"{signature.error_type} {signature.template}".lower()
    return not (
        signature.error_type.startswith(PLATFORM)
        or signature.error_type in MEMORY_ERRORS
        or any(mark in text for mark in DEPENDENCY_MARKS)
    )


FAILURE_MODE = FailureMode("code_error", "The code raises an exception", detect, is_symptom=True)
