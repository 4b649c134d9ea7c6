"""A failure that an earlier incident has repaired already: its traces are still seen, nothing is to do."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident
from auto_repair.domain.ranking import CENTRAL_SOURCES, symptoms
from auto_repair.domain.repair import Attempt, since
from auto_repair.domain.timestamps import parse
from auto_repair.domain.verdict import in_place


@dataclass(frozen=True)
class Settled:
    """The repair, all its rungs as one change, and how many runs in the log began since it is live."""

    repair: Attempt
    clean_runs: int


def settled(
    cause: Hypothesis, incident: Incident, evidence: Evidence, attempts: Iterable[Attempt], least_runs: int
) -> Settled | None:
    """The repair after which none of the failure is left; None where that is not certain.

    A live failure must never be hidden: every doubt (evidence that is missing, an error line since, a value
    that is no longer ours) leaves the incident to the ordinary way. `attempts`: newest first.
    """
    last = _last_held(cause.repair or "", incident, attempts)
    if last is None or not _is_about_this_function(cause, incident):
        return None
    live_at = parse(last.changed_at)
    known = not any(map(evidence.lacks, CENTRAL_SOURCES)) and in_place(last.change, evidence) is True
    if not known or _is_told_since(incident, live_at) or _fails_since(evidence, live_at):
        return None
    clean = sum(run.started_at >= live_at for run in evidence.invocations)
    # Two witnesses: the log may be read in part, and metrics are late.
    counted = evidence.metric("Invocations").since(live_at).total
    return Settled(last, clean) if clean >= max(1, least_runs) and counted else None


def _last_held(repair: str, incident: Incident, attempts: Iterable[Attempt]) -> Attempt | None:
    """The last applied repair of this kind, if it was verified; with the whole change of its incident."""
    others = (a for a in attempts if a.repair == repair and a.incident_id != incident.id)
    applied = [a for a in others if a.was_applied]
    if not applied or applied[0].status != "VERIFIED" or not applied[0].changed_at:
        return None
    last = applied[0]
    rungs = [a.change for a in reversed(applied) if a.incident_id == last.incident_id]
    return replace(last, change=reduce(since, rungs))


def _is_about_this_function(cause: Hypothesis, incident: Incident) -> bool:
    """Whether cause and alarm both are the function's own: only that is what its runs can tell of."""
    return not cause.resource and not incident.resource


def _is_told_since(incident: Incident, moment: datetime) -> bool:
    """Whether an alarm or a person says that the trouble began later."""
    alarmed = incident.alarm.changed_at if incident.alarm else None
    return any(at is not None and at >= moment for at in (alarmed, incident.since))


def _fails_since(evidence: Evidence, moment: datetime) -> bool:
    """Whether any failed run, error line, counted error or throttle is younger than `moment`.

    What surrounds the function is not cut: whoever suffers there in the window counts.
    """
    younger = replace(
        evidence,
        invocations=tuple(run for run in evidence.invocations if run.started_at >= moment),
        series=tuple(series.since(moment) for series in evidence.series),
    )
    return bool(symptoms(younger)) or any(s.last_seen >= moment for s in evidence.signatures)
