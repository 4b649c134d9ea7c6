"""Runs are cut off at the timeout while the work itself is healthy and merely needs longer."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.latency import dependency_signs, timed_out, usual_s
from auto_repair.repairs import raise_timeout

SUDDEN = 0.5  # healthy runs that use less than this share of the timeout did not grow into it


def detect(evidence: Evidence) -> Finding | None:
    """Match when runs time out and neither memory nor a dependency explains it."""
    cut_off = timed_out(evidence)
    if not cut_off or not evidence.configuration:
        return None
    limit = evidence.configuration.timeout_s
    because = [
        Reason(
            f"{len(cut_off)} of {len(evidence.failures)} failed runs hit the timeout of {limit} s",
            ("logs.invocations",),
        )
    ]
    against = [
        Reason(f"the log names a dependency: {sign}", ("logs.errors",)) for sign in dependency_signs(evidence)
    ]
    usual = usual_s(evidence)
    if usual is None:
        confidence = 0.7
        against.append(Reason("too few successful runs are known to compare with"))
    elif usual < SUDDEN * limit:
        confidence = 0.3
        against.append(
            Reason(f"healthy runs take {usual:.1f} s, far below the timeout", ("logs.invocations",))
        )
    else:
        confidence = 0.9
        because.append(Reason(f"healthy runs already take up to {usual:.1f} s", ("logs.invocations",)))
    if dependency_signs(evidence):
        confidence = min(confidence, 0.25)
    return Finding(confidence * len(cut_off) / max(1, len(evidence.failures)), tuple(because), tuple(against))


FAILURE_MODE = FailureMode("timeout_too_low", "Timeout too low", detect, raise_timeout.REPAIR)
