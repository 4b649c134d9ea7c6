"""How the trouble travelled: the cheapest way along the calls from the alarm down to the cause."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping

from auto_repair.root_cause.flow import NOISE, Flow
from auto_repair.root_cause.model import Step

MOVED, UNMOVED = 1.0, 3.0  # a hop through a node that shows nothing must be worth three that show something


def impact_paths(flow: Flow, causes: Iterable[str], alarmed: str) -> dict[str, tuple[Step, ...]]:
    """Per cause the steps from it to the alarm; a direct, inferred step when the graph knows no way."""
    back = _cheapest_ways(flow, alarmed)
    paths: dict[str, tuple[Step, ...]] = {alarmed: (Step(alarmed),)}
    return {cause: _path(cause, alarmed, back, flow.graph.inferred, paths) for cause in causes}


def _path(
    cause: str,
    alarmed: str,
    back: Mapping[str, str],
    inferred: Collection[tuple[str, str]],
    paths: dict[str, tuple[Step, ...]],
) -> tuple[Step, ...]:
    """The way from one cause; `paths` are the ways known so far, whose steps it shares."""
    if cause != alarmed and cause not in back:
        return (Step(cause), Step(alarmed, inferred=True))
    unknown = []
    node = cause
    while node not in paths:
        unknown.append(node)
        node = back[node]
    for callee in reversed(unknown):
        caller = back[callee]
        paths[callee] = (Step(callee), Step(caller, (caller, callee) in inferred), *paths[caller][1:])
    return paths[cause]


def _cheapest_ways(flow: Flow, start: str) -> dict[str, str]:
    """Dijkstra's algorithm along callees; per reached node the caller it is best reached from."""
    cost, back, done = {start: 0.0}, {}, set()
    queue: list[tuple[float, int, str]] = [(0.0, 0, start)]
    pushed = 0  # ties are settled by discovery, never by name
    while queue:
        spent, _, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        for callee in flow.graph.callees.get(node, ()):
            total = spent + (MOVED if flow.sigmas.get(callee, 0.0) > NOISE else UNMOVED)
            if total < cost.get(callee, float("inf")):
                pushed += 1
                cost[callee], back[callee] = total, node
                heapq.heappush(queue, (total, pushed, callee))
    return back
