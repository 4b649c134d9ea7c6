"""Runs are killed, or crawl into the timeout, because the function has too little memory."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence, Status
from auto_repair.domain.memory import died_of_memory, leak
from auto_repair.repairs import raise_memory


def detect(evidence: Evidence) -> Finding | None:
    """Match when failed runs had their memory full and no leak explains it."""
    starved = [run for run in evidence.invocations if died_of_memory(run)]
    if not starved or leak((*evidence.history, *evidence.invocations)):
        return None
    last = starved[-1]
    because = [
        Reason(
            f"{len(starved)} of {len(evidence.failures)} failed runs died of memory", ("logs.invocations",)
        )
    ]
    if last.memory_size_mb:
        because.append(
            Reason(f"peak {last.max_memory_used_mb} MB of {last.memory_size_mb} MB", ("logs.invocations",))
        )
    if any(run.killed for run in starved):
        because.append(Reason("the log says `signal: killed`", ("logs.errors",)))
    crawled = sum(run.status is Status.TIMEOUT for run in starved)
    if crawled:
        because.append(
            Reason(f"{crawled} of them crawled into the timeout with full memory", ("logs.invocations",))
        )
    against = []
    if last.memory_size_mb and last.memory_share < 0.9:
        against.append(Reason(f"the last report before the kill shows only {last.memory_share:.0%} in use"))
    share = len(starved) / max(1, len(evidence.failures))
    return Finding(
        confidence=(0.6 if against else 0.95) * share, because=tuple(because), against=tuple(against)
    )


FAILURE_MODE = FailureMode("out_of_memory", "Out of memory", detect, raise_memory.REPAIR)
