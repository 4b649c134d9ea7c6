"""Which version of the function the callers reach, and through which alias."""

from collections import Counter

from auto_repair.domain.evidence import Evidence


def version_in_use(evidence: Evidence) -> str:
    """The version that most failed runs (else most runs) were of; `$LATEST` when no run is known."""
    runs = evidence.failures or evidence.invocations
    counted = Counter(run.version for run in runs)
    return counted.most_common(1)[0][0] if counted else "$LATEST"


def alias_of(evidence: Evidence, version: str) -> str | None:
    """The alias that points to `version`; the alarm's or the policy's own choice comes first."""
    if evidence.alias:
        return evidence.alias
    return next((alias.name for alias in evidence.aliases if alias.version == version), None)
