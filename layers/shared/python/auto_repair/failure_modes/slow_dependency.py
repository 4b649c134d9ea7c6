"""Runs that used to be quick now wait for something else until they fail. A longer timeout would hide it."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.latency import dependency_signs, timed_out, usual_s

SUDDEN = 0.5
ADVICE = (
    "Look at what the function calls: its metrics, its limits, the network path to it. Give the client a "
    "timeout shorter than the function's. The function's own timeout was left alone on purpose."
)


def detect(evidence: Evidence) -> Finding | None:
    """Match when the log names a dependency, or quick runs suddenly hit the timeout."""
    signs, cut_off, usual = dependency_signs(evidence), timed_out(evidence), usual_s(evidence)
    limit = evidence.configuration.timeout_s if evidence.configuration else 0
    jumped = bool(cut_off) and usual is not None and usual < SUDDEN * limit
    if not evidence.failures or not (signs or jumped):
        return None
    because = [Reason(f"the log says {sign}", ("logs.errors",)) for sign in signs[:3]]
    if jumped:
        because.append(
            Reason(
                f"healthy runs take {usual:.1f} s, yet {len(cut_off)} runs hit the timeout of {limit} s",
                ("logs.invocations",),
            )
        )
    return Finding(confidence=0.85 if signs else 0.7, because=tuple(because), advice=ADVICE)


FAILURE_MODE = FailureMode("slow_dependency", "A dependency is slow or refuses", detect, is_symptom=True)
