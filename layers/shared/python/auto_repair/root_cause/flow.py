"""Explain-away by flow: what is left of a node's excess once its callees have answered for theirs.

Excess seconds or failed calls are carried upwards by calls, so in one unit (per period) a caller's
excess contains its callees'. What remains is the node's own. This is the additive special case of
attributing a change to mechanisms (Budhathoki et al., "Why did the distribution change?", AISTATS
2021) that needs no fitted model, only counts. Without counts the surprise itself flows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auto_repair.root_cause.cycles import shares_in_circles, uncalled_circles
from auto_repair.root_cause.graph import CallGraph, client_views, missing_edges
from auto_repair.root_cause.model import Graph
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.series import correlation, mean
from auto_repair.root_cause.symptoms import Boundary, Symptom
from auto_repair.root_cause.traffic import Calls

NOISE, CERTAIN = 1.8, 5.0  # sigmas: below the first a movement counts for nothing, above the second fully
CEILING = 100.0  # sigmas beyond which more surprise means nothing
USUAL = 3.0  # sigmas at which a surprise is worth one unit of strength
GAP = 3.0  # sigmas from which a boundary gap explains its caller


def strength(sigmas: float) -> float:
    """Surprise on a logarithmic scale: 0 for none, 1 at three sigmas, about 10 at most."""
    return math.log2(1 + (min(max(sigmas, 0.0), CEILING) / USUAL) ** 2)


def credit(sigmas: float) -> float:
    """How far a movement is believed, from 0 (noise) to 1 (certain), smoothly."""
    share = min(1.0, max(0.0, (sigmas - NOISE) / (CERTAIN - NOISE)))
    return share * share * (3 - 2 * share)


@dataclass(frozen=True, slots=True)
class Flow:
    """One sort of symptom over the graph. Volumes share a unit; `own` is what no callee answers for.

    `credits`: how far each node's movement is believed, 0 to 1. `shares`: of the callee's volume, what an
    edge explains, 0 to 1; an edge that is not named explains all of it. `circles`: those without a beginning,
    in which nobody knows whose excess is whose.
    """

    symptoms: Mapping[str, Symptom]
    sigmas: Mapping[str, float]
    credits: Mapping[str, float]
    volume: Mapping[str, float]
    own: Mapping[str, float]
    graph: CallGraph
    shares: Mapping[tuple[str, str], float]
    circles: tuple[frozenset[str], ...] = ()

    @property
    def largest(self) -> float:
        """The largest volume of any node, 0 when nothing moved."""
        return max(self.volume.values(), default=0.0)

    def explained(self, caller: str, callee: str) -> float:
        """Part of the caller's volume that the callee answers for, in the volumes' unit."""
        return _explained(caller, callee, self.volume, self.shares)

    def coverage(self, node: str) -> float:
        """Share of all believed movement that lies on nodes which call this one, or on itself."""
        total = math.fsum(self.credits.values())
        above = self.graph.above(node)  # a set: the sum must not depend on its order
        return math.fsum(self.credits.get(n, 0.0) for n in above) / total if total else 0.0

    def in_step(self, node: str, alarmed: str) -> float:
        """Correlation of the node's window with the alarmed node's, 0 when either is unknown."""
        if node not in self.symptoms or alarmed not in self.symptoms:
            return 0.0
        return correlation(self.symptoms[node].values, self.symptoms[alarmed].values)


def explain_away(
    symptoms: Mapping[str, Symptom],
    graph: Graph,
    *,
    alarmed: str,
    rows: Rows,
    calls: Mapping[str, Calls],
    newcomers: frozenset[str],
    edges: Mapping[tuple[str, str], Boundary],
    usual: Callable[[str], float],
) -> Flow:
    """Follow one sort of symptom along the calls; `edges` are measured boundaries (latency only)."""
    known = {node: s for node, s in symptoms.items() if node not in newcomers}
    sigmas = {node: s.sigmas for node, s in known.items()}
    volume = {node: _volume(node, s, rows, calls) for node, s in known.items()}
    for (_, callee), edge in edges.items():
        if edge.callee.sigmas > sigmas.get(callee, 0.0):
            sigmas[callee] = edge.callee.sigmas
            seen = edge.callee.excess * _rate(callee, rows, calls) * credit(edge.callee.sigmas)
            volume[callee] = max(volume.get(callee, 0.0), seen)
    hot = [node for node, s in sigmas.items() if s > NOISE]
    unseen = [node for node, s in known.items() if any(is_gap(s, calls.get(node), i) for i in rows.after)]
    given = CallGraph.of(graph)
    views = client_views(given, hot, unseen, alarmed, usual, volume)
    with_views = CallGraph.of(graph, views)
    repaired = CallGraph.of(graph, [*views, *missing_edges(with_views, hot, volume, calls)])
    moved = {node for node, v in volume.items() if v > 0}
    shares, circles = shares_in_circles(repaired, moved, alarmed), uncalled_circles(repaired, moved)
    waits = {
        (caller, callee): edge.gap.excess * _rate(callee, rows, calls)
        for (caller, callee), edge in edges.items()
        if edge.gap.sigmas > GAP
    }
    own = {node: _own(node, volume, repaired, shares, waits) for node in volume}
    credits = {node: credit(s) for node, s in sigmas.items()}
    return Flow(symptoms, sigmas, credits, volume, own, repaired, shares, circles)


def _volume(node: str, symptom: Symptom, rows: Rows, calls: Mapping[str, Calls]) -> float:
    if symptom.sigmas <= 0 or symptom.shift.excess <= 0:
        return 0.0
    if not calls:
        return strength(symptom.sigmas) * credit(symptom.sigmas)
    known = calls.get(node)
    return symptom.volume(rows, known.window if known else None) * credit(symptom.sigmas)


def _rate(node: str, rows: Rows, calls: Mapping[str, Calls]) -> float:
    return mean([calls[node].window[i] for i in rows.after]) if node in calls else 1.0


def is_gap(symptom: Symptom | None, served: Calls | None, row: int) -> bool:
    """Whether the node served calls in a row of which no measured value is left."""
    idle = served is not None and served.window[row] <= 0
    return not idle and (symptom is None or symptom.values[row] is None or row in symptom.estimated)


def _own(
    node: str,
    volume: Mapping[str, float],
    graph: CallGraph,
    shares: Mapping[tuple[str, str], float],
    waits: Mapping[tuple[str, str], float],
) -> float:
    left = volume[node]
    for callee in graph.callees.get(node, ()):
        left -= _explained(node, callee, volume, shares)
        left -= waits.get((node, callee), 0.0)
    return max(0.0, left)


def _explained(
    caller: str, callee: str, volume: Mapping[str, float], shares: Mapping[tuple[str, str], float]
) -> float:
    return shares.get((caller, callee), 1.0) * volume.get(callee, 0.0)
