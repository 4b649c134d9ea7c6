"""Who cannot be cleared: nodes that were not observed while their callers were in trouble.

A callee that is calm in the rows one has of it excuses itself for these rows only. What the caller felt
in the others, and no observed callee answers for, is its own or of any callee unobserved there, at even odds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auto_repair.root_cause.flow import Flow, is_gap
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.symptoms import Symptom
from auto_repair.root_cause.traffic import Calls


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What an unobserved node may answer for, in the flow's unit, and the caller that felt most of it."""

    volume: float
    caller: str
    sigmas: float


def suspects(
    flow: Flow, rows: Rows, calls: Mapping[str, Calls], usually_seen: Callable[[str], float]
) -> dict[str, Suspicion]:
    """Callees with gaps where their callers suffered; `usually_seen` is how surely a node reports, 0 to 1."""
    found: dict[str, Suspicion] = {}
    for caller, own in sorted(flow.own.items(), key=lambda item: -item[1]):
        felt = _felt(flow.symptoms.get(caller), rows, calls.get(caller))
        if own <= 0 or sum(felt) <= 0:
            continue
        hidden = {
            callee: share * usually_seen(callee)
            for callee in flow.graph.callees.get(caller, ())
            if flow.shares.get((caller, callee), 1.0) > 0
            and (share := _hidden(flow.symptoms.get(callee), felt, rows, calls.get(callee))) > 0
        }
        for callee, share in hidden.items():
            if share > 0:
                known = found.get(callee, Suspicion(0.0, caller, flow.sigmas[caller]))
                volume = known.volume + own * share / (1 + sum(hidden.values()))
                found[callee] = Suspicion(volume, known.caller, known.sigmas)
    return found


def _hidden(symptom: Symptom | None, felt: Sequence[float], rows: Rows, served: Calls | None) -> float:
    """Share of what the caller felt that lies in rows in which the callee was not observed."""
    return sum(f for f, i in zip(felt, rows.after, strict=True) if is_gap(symptom, served, i)) / sum(felt)


def _felt(symptom: Symptom | None, rows: Rows, served: Calls | None) -> list[float]:
    """Excess per row after the onset, later rows weighing less; 0 where nothing is known."""
    if symptom is None:
        return [0.0] * len(rows.after)
    base = symptom.shift.base
    return [
        0.0 if value is None else weight * max(0.0, value - base) * (served.window[i] if served else 1.0)
        for weight, i in zip(rows.weights, rows.after, strict=True)
        for value in (symptom.values[i],)
    ]
