"""Changes and log messages: what points at a node without any metric moving there.

A bucket policy or a parameter has no latency. What was changed just before the onset, on a node that
the trouble can reach along the calls, is weighed against the strongest measured explanation, so that
it wins over a symptom two hops up and loses against nothing by being late or out of reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auto_repair.root_cause.graph import CallGraph
from auto_repair.root_cause.model import Change, Evidence, Kind, LogSignature

FORGOTTEN_S = 1800.0  # after this long a change is suspected e times less
FRESH_S = 60.0  # within about this long, the later of two changes is the likelier one,
LAST = 0.25  # by up to this share
CHANGE_WEIGHT = (
    1.2  # of the strongest measured score: a fresh change in reach outweighs the symptom it causes
)
LOG_WEIGHT = 0.4
NAMED_WEIGHT = 1.2  # of a witness
# So many are no more than half believed. A line may stand beside what failed; a trace follows a request that
# failed down to what it failed for.
FEW_LINES, FEW_TRACES = 1.0, 0.5
LEAST = 1.5  # what the strongest score is taken for when hardly anything was measured


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where things go wrong, from when on, and how strong the best measured explanation is."""

    nodes: tuple[str, ...]
    onset: float
    period: float
    strongest: float
    graph: CallGraph

    @property
    def yardstick(self) -> float:
        """Score that priors are measured with."""
        return max(self.strongest, LEAST)

    def reaches(self, node: str) -> bool:
        """Whether a troubled node depends on this one (or is it); with no graph everything may."""
        return not self.graph.callees or any(node in self.graph.below(hot) for hot in self.nodes)


def weigh_changes(changes: Sequence[Change], trouble: Trouble) -> list[Evidence]:
    """Evidence from changes that came before the onset; of each node's the most recent one, which counts.

    A node that is changed often is no more suspect for it.
    """
    found = []
    for change in changes:
        ago = trouble.onset - change.at
        # A row only says that the onset lies somewhere within its period.
        if ago < -trouble.period or not trouble.reaches(change.node):
            continue
        waited = max(0.0, ago)
        freshness = math.exp(-waited / FORGOTTEN_S) * (1.0 + LAST * math.exp(-waited / FRESH_S))
        found.append(
            Evidence(
                Kind.CHANGED,
                change.node,
                f"{change.summary}, {_minutes(ago)} the first deviation"
                + (f", by {change.actor}" if change.actor else ""),
                CHANGE_WEIGHT * freshness * trouble.yardstick,
            )
        )
    return _strongest(found)


def weigh_logs(
    logs: Sequence[LogSignature], trouble: Trouble, changes: Sequence[Change] = ()
) -> list[Evidence]:
    """Evidence from messages that are new or more frequent; a message that names a node accuses that node.

    It is a witness where it names another node, or begins right after its own node was changed. Of several
    that accuse one node the strongest counts: a log that repeats itself proves nothing twice.
    """
    found = []
    for log in logs:
        accused = log.names or log.node
        is_witness = accused != log.node or _begins_with_a_change(log, changes)
        weight = NAMED_WEIGHT if is_witness else LOG_WEIGHT
        chance = FEW_TRACES if log.traced else FEW_LINES
        growth = log.count / (log.count + 4 * max(0, log.count_before) + chance) if log.count > 0 else 0.0
        if growth > 0 and trouble.reaches(log.node):
            found.append(
                Evidence(
                    Kind.LOGGED,
                    accused,
                    _told(log),
                    weight * growth * trouble.yardstick,
                    observed=float(log.count),
                    baseline=float(log.count_before),
                    told_by=log.told_by,
                )
            )
    return _strongest(found)


def _told(log: LogSignature) -> str:
    if log.traced:
        before = ", also before the trouble began" if log.count_before else ""
        return f"traced requests failed in {log.node} with {log.summary!r} {log.count} times{before}"
    return f"{log.node} logs {log.summary!r} {log.count} times, {log.count_before} times before"


def _begins_with_a_change(log: LogSignature, changes: Sequence[Change]) -> bool:
    return any(c.node == log.node and 0 <= log.first_seen - c.at <= FRESH_S for c in changes)


def _strongest(found: Sequence[Evidence]) -> list[Evidence]:
    """The strongest one of each node."""
    best: dict[str, Evidence] = {}
    for evidence in found:
        known = best.get(evidence.node)
        if known is None or evidence.strength > known.strength:
            best[evidence.node] = evidence
    return list(best.values())


def _minutes(ago: float) -> str:
    return f"{abs(ago) / 60:.0f} min {'before' if ago >= 0 else 'after'}"
