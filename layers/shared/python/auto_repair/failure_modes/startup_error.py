"""The function cannot start: a module, the handler or a library is missing, or the code does not parse."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence

STARTUP_ERRORS = (
    "Runtime.ImportModuleError",
    "Runtime.HandlerNotFound",
    "Runtime.UserCodeSyntaxError",
    "Runtime.InvalidEntrypoint",
    "Runtime.MalformedHandlerName",
)
ADVICE = (
    "Deploy a package that holds the missing module or handler, or move the alias back to the last version "
    "that ran. Memory and timeout have nothing to do with it."
)


def detect(evidence: Evidence) -> Finding | None:
    """Match when the log holds start-up errors of the runtime."""
    found = [s for s in evidence.signatures if s.error_type in STARTUP_ERRORS]
    if not found:
        return None
    because = [Reason(f"{s.count}× {s.error_type}: {s.template}"[:300], ("logs.errors",)) for s in found[:3]]
    because += [
        Reason(f"{change.action} by {change.actor or 'unknown'} at {change.at:%H:%M:%S} UTC", ("changes",))
        for change in evidence.changes[-2:]
        if not change.ours
    ]
    return Finding(confidence=0.95, because=tuple(because), advice=ADVICE)


FAILURE_MODE = FailureMode("startup_error", "The function cannot start", detect)
