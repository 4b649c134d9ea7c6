"""Nodes the data cannot tell apart: the same calls, the same excess (an API stage and its function).

With a graph the flow already leaves only the deepest with an excess of its own. Without one, their
scores differ by noise only. They share the best score of the group, and the one whose traffic follows
the alarmed node's least closely goes first: along a chain of calls every hop adds noise, so similarity
to the front can only shrink with depth (the data-processing inequality, Cover and Thomas, section 2.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import takewhile
from operator import mul

from auto_repair.root_cause.flow import Flow
from auto_repair.root_cause.series import mean
from auto_repair.root_cause.traffic import Calls

SAME_EXCESS = 0.06
SAME_CALLS = 0.1
STEP = 0.01  # distance between neighbours of a group, as a share of the group's score


def level_siblings(
    scores: Mapping[str, float], flow: Flow, calls: Mapping[str, Calls], alarmed: str
) -> tuple[dict[str, float], tuple[frozenset[str], ...]]:
    """Scores with siblings brought together, and the groups found (each of two or more)."""
    levelled = dict(scores)
    groups = []
    front = calls[alarmed].steps() if alarmed in calls else []
    rest = [n for n in scores if n != alarmed and n in calls and flow.own.get(n, 0.0) > 0]
    rest.sort(key=lambda node: (-flow.own[node], -scores[node]))
    while rest:
        first = rest[0]
        near = list(takewhile(partial(_same_excess, flow, first), rest))
        group = [node for node in near if _same_calls(first, node, calls)]
        rest = [*(node for node in near if node not in group), *rest[len(near) :]]
        if len(group) < 2:
            continue
        groups.append(frozenset(group))
        best = max(scores[node] for node in group)
        group.sort(key=lambda node: sum(map(mul, calls[node].steps(), front)))
        for place, node in enumerate(group):
            levelled[node] = best * (1 - STEP * place)
    return levelled, tuple(groups)


def _same_excess(flow: Flow, first: str, node: str) -> bool:
    return abs(flow.own[node] - flow.own[first]) <= SAME_EXCESS * flow.own[first]


def _same_calls(first: str, node: str, calls: Mapping[str, Calls]) -> bool:
    served = mean(calls[first].window)
    return abs(mean(calls[node].window) - served) <= SAME_CALLS * served
