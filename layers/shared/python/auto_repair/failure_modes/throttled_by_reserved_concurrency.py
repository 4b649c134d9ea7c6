"""Callers get 429 because the function's own reserved concurrency is used up, or is 0."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.repairs import raise_reserved_concurrency


def detect(evidence: Evidence) -> Finding | None:
    """Match when calls are throttled while a reservation is set and the account has room."""
    throttles = evidence.metric("Throttles").total
    limits = evidence.concurrency
    if not throttles or limits is None or limits.reserved is None:
        return None
    because = [
        Reason(f"{throttles:.0f} calls were throttled", ("metrics.Throttles",)),
        Reason(f"reserved concurrency is {limits.reserved}", ("configuration.concurrency",)),
    ]
    against = []
    confidence = 0.95
    peak = evidence.metric("ConcurrentExecutions").peak
    if limits.reserved and peak >= limits.reserved:
        because.append(Reason(f"concurrent executions reached {peak:.0f}", ("metrics.ConcurrentExecutions",)))
    elif limits.reserved and peak < 0.8 * limits.reserved:
        # The metric samples once a minute, so a short burst may not show; it lowers the confidence only.
        against.append(
            Reason(f"concurrent executions peaked at {peak:.0f}", ("metrics.ConcurrentExecutions",))
        )
        confidence = 0.7
    account = evidence.metric("AccountConcurrentExecutions").peak
    if account >= 0.95 * limits.account_limit:
        against.append(Reason(f"the account itself is at {account:.0f} of {limits.account_limit}"))
        confidence = 0.4
    return Finding(confidence, tuple(because), tuple(against))


FAILURE_MODE = FailureMode(
    "throttled_by_reserved_concurrency",
    "Throttled by its own reserved concurrency",
    detect,
    raise_reserved_concurrency.REPAIR,
)
