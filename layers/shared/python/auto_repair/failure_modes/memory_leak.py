"""Memory climbs with every run of a warm environment until a run is killed. More memory only delays it."""

from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.memory import died_of_memory, leak

ADVICE = (
    "Find what the handler keeps between runs (module-level lists, caches without a limit, clients made per "
    "run) and release it. Raising the memory would only make the same failure come later."
)


def detect(evidence: Evidence) -> Finding | None:
    """Match when runs die of memory and their environments show a steady climb."""
    killed = [run for run in evidence.invocations if died_of_memory(run)]
    found = leak((*evidence.history, *evidence.invocations))
    if not killed or not found:
        return None
    return Finding(
        confidence=0.9,
        because=(
            Reason(f"{len(killed)} runs ended with their memory full", ("logs.invocations",)),
            Reason(
                f"memory climbs by about {found.mb_per_run:.0f} MB a run within an execution environment, "
                f"from {found.first_mb} MB to {found.last_mb} MB, in {found.environments} environments",
                ("logs.invocations",),
            ),
        ),
        advice=ADVICE,
    )


FAILURE_MODE = FailureMode("memory_leak", "Memory leak", detect)
