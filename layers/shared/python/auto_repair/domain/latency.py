"""Reading durations: what a healthy run takes, and the marks of a slow dependency in the log."""

from auto_repair.domain.evidence import Evidence, Invocation, Status, percentile
from auto_repair.domain.memory import FULL

ENOUGH_RUNS = 5  # healthy runs before their durations say anything
DEPENDENCY_MARKS = (
    "read timed out",
    "readtimeout",
    "connecttimeout",
    "connect timeout",
    "timeout on endpoint",
    "endpointconnectionerror",
    "could not connect to the endpoint",
    "connection refused",
    "connection reset",
    "etimedout",
    "econnrefused",
    "econnreset",
    "name or service not known",
    "throttlingexception",
    "provisionedthroughputexceeded",
    "toomanyrequests",
    "rate exceeded",
    "statement timeout",
)


def was_cut_off(run: Invocation) -> bool:
    """Whether the run ended at the timeout while memory was not the reason."""
    return run.status is Status.TIMEOUT and run.memory_share < FULL


def timed_out(evidence: Evidence) -> tuple[Invocation, ...]:
    """Runs in the window that were cut off at the timeout while memory was not the reason."""
    return tuple(run for run in evidence.invocations if was_cut_off(run))


def healthy_durations_s(evidence: Evidence) -> tuple[float, ...]:
    """Durations of successful runs, before and within the window."""
    runs = (*evidence.history, *evidence.invocations)
    return tuple(i.duration_ms / 1000 for i in runs if i.status is Status.SUCCESS)


def usual_s(evidence: Evidence) -> float | None:
    """What a slow but healthy run takes (95th percentile), None when too few are known."""
    durations = healthy_durations_s(evidence)
    return percentile(durations, 0.95) if len(durations) >= ENOUGH_RUNS else None


def dependency_signs(evidence: Evidence) -> tuple[str, ...]:
    """Log signatures that name a slow, refusing or throttling dependency."""
    return tuple(
        f"{s.error_type}: {s.template}"[:160]
        for s in evidence.signatures
        if any(mark in f"{s.error_type} {s.template}".lower() for mark in DEPENDENCY_MARKS)
    )
