"""The engine: an alarm and what is known about it in, a ranked and reasoned verdict out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auto_repair.root_cause.calibration import QUIET_BELOW, SURE_FROM, incident_probability
from auto_repair.root_cause.hypotheses import word_hypotheses
from auto_repair.root_cause.model import (
    InvalidInvestigation,
    Investigation,
    Kind,
    Outcome,
    Role,
    Verdict,
)
from auto_repair.root_cause.onset import find_onset, find_stretch
from auto_repair.root_cause.periods import Rows, period_of, split
from auto_repair.root_cause.ranking import Candidates, rank_candidates
from auto_repair.root_cause.telemetry import (
    FEWEST_VALUES,
    Telemetry,
    is_comparable,
    observed_columns,
    read_telemetry,
)

SYMPTOMATIC = (Role.LATENCY, Role.AVAILABILITY)
POINTERS = (Kind.CHANGED, Kind.LOGGED)  # evidence that needs no metric
HARDLY = 0.5  # sigmas that are not worth telling


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the data says of one time: the rows taken for the incident's, and the causes they speak for."""

    rows: Rows
    candidates: Candidates
    probability: float

    @property
    def is_pointed_at(self) -> bool:
        """Whether something speaks for a cause that needs no metric."""
        return any(item.kind in POINTERS for items in self.candidates.evidence.values() for item in items)


def investigate(investigation: Investigation) -> Verdict:
    """Rank the causes of one alarm.

    Says "cannot tell", with the reason, when the data does not carry an answer. Raises
    InvalidInvestigation when the alarm has no usable time.
    """
    alarm = investigation.alarm
    if not math.isfinite(alarm.at):
        raise InvalidInvestigation("the alarm has no time")
    telemetry = read_telemetry(investigation)
    reference = investigation.reference.timestamps
    period = period_of(reference if len(reference) > 1 else investigation.window.timestamps)
    onset = find_onset(telemetry, alarm.at, period)
    reading = _read(investigation, telemetry, split(investigation.window.timestamps, period, onset), onset)
    blind = _what_is_missing(investigation, telemetry, reading.rows)
    if not reading.is_pointed_at:
        if blind:
            return Verdict(Outcome.CANNOT_TELL, 0.0, (), blind)
        reading = _better_reading(investigation, telemetry, reading)
    return _verdict(investigation, telemetry, reading, blind)


def _verdict(
    investigation: Investigation, telemetry: Telemetry, reading: _Reading, blind: tuple[str, ...]
) -> Verdict:
    candidates, probability = reading.candidates, reading.probability
    hypotheses = word_hypotheses(candidates, investigation, reading.rows, probability)
    outcome = _outcome(probability)
    if outcome is Outcome.INCIDENT:
        return Verdict(outcome, probability, hypotheses, blind)
    if blind:  # what nobody measured cannot be said to be well
        return Verdict(Outcome.CANNOT_TELL, probability, hypotheses, (*blind, _weakness(probability)))
    why = _why_not(candidates, probability, telemetry, investigation.alarm.node)
    return Verdict(outcome, probability, hypotheses, why)


def _read(investigation: Investigation, telemetry: Telemetry, rows: Rows, onset: float) -> _Reading:
    candidates = rank_candidates(investigation, telemetry, rows, onset)
    return _Reading(rows, candidates, incident_probability(candidates.strongest, candidates.alarm_sigmas))


def _better_reading(investigation: Investigation, telemetry: Telemetry, given: _Reading) -> _Reading:
    """The alarm's time is believed; another one is only where that shows no incident and the other does."""
    if given.probability >= SURE_FROM:
        return given
    stretch = find_stretch(telemetry)
    if stretch is None or stretch == given.rows:
        return given
    begin = investigation.window.timestamps[stretch.after[0]]
    other = _read(investigation, telemetry, stretch, begin)
    return other if other.probability >= SURE_FROM else given


def _what_is_missing(investigation: Investigation, telemetry: Telemetry, rows: Rows) -> tuple[str, ...]:
    missing = []
    observed = observed_columns(telemetry, rows)
    if not observed:
        missing.append("no metric has data around the alarm")
    if len(investigation.reference.timestamps) < FEWEST_VALUES:
        missing.append(f"the reference has fewer than {FEWEST_VALUES} periods: nothing to compare with")
    elif observed and not any(is_comparable(telemetry, column) for column in observed):
        missing.append(f"no metric with data around the alarm has {FEWEST_VALUES} values in the reference")
    return tuple(missing)


def _outcome(probability: float) -> Outcome:
    if probability < QUIET_BELOW:
        return Outcome.NO_INCIDENT
    return Outcome.INCIDENT if probability >= SURE_FROM else Outcome.CANNOT_TELL


def _why_not(
    candidates: Candidates, probability: float, telemetry: Telemetry, alarmed: str
) -> tuple[str, ...]:
    """Why what was measured does not make an incident."""
    found = (
        _weakness(probability)
        if candidates.scores
        else "nothing stands out against both the reference and the minutes before"
    )
    sigmas = candidates.alarm_sigmas
    if alarmed not in telemetry.by_node:
        moved = f"nothing is measured of {alarmed} itself"
    elif sigmas < HARDLY:
        moved = f"{alarmed} itself does as it did before"
    else:
        moved = f"{alarmed} itself moved by {sigmas:.1f} times its usual scatter"
    return found, moved


def _weakness(probability: float) -> str:
    return (
        f"the evidence makes a fault there only {probability:.0%} likely, and causes are named from "
        f"{SURE_FROM:.0%} on"
    )
