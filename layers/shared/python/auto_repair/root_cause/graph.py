"""The call graph: who explains whom, and which edges are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from operator import mul

from auto_repair.root_cause.model import Graph
from auto_repair.root_cause.traffic import Calls

IN_STEP = 0.85  # correlation of the row-to-row changes of two nodes' calls that betrays an edge
CARRIES = 0.5  # share of the caller's excess a callee must show to be taken for its cause
MOST_HARMED = (
    50  # services, and as many leaves, between which edges are looked for: all pairs would not scale
)


@dataclass(frozen=True, slots=True)
class CallGraph:
    """Adjacency in both directions, in the input's order. `inferred` edges are not in the input."""

    callees: Mapping[str, tuple[str, ...]]
    callers: Mapping[str, tuple[str, ...]]
    inferred: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, graph: Graph, inferred: Iterable[tuple[str, str]] = ()) -> CallGraph:
        """Graph plus inferred edges."""
        added = tuple(dict.fromkeys(inferred))
        callees: dict[str, list[str]] = {}
        callers: dict[str, list[str]] = {}
        for caller, callee in dict.fromkeys((*graph.edges, *added)):
            callees.setdefault(caller, []).append(callee)
            callers.setdefault(callee, []).append(caller)
        return cls(
            {node: tuple(found) for node, found in callees.items()},
            {node: tuple(found) for node, found in callers.items()},
            frozenset(added),
        )

    def below(self, node: str) -> set[str]:
        """The node and everything it calls, directly or not."""
        return _reach(node, self.callees)

    def above(self, node: str) -> set[str]:
        """The node and everything that calls it, directly or not."""
        return _reach(node, self.callers)


def _reach(start: str, neighbours: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen, queue = {start}, [start]
    for node in queue:
        for other in neighbours.get(node, ()):
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return seen


def client_views(
    graph: CallGraph,
    hot: Iterable[str],
    unseen: Iterable[str],
    alarmed: str,
    usual: Callable[[str], float],
    volume: Mapping[str, float],
) -> list[tuple[str, str]]:
    """Edges from leaves to the services they are the client's view of.

    Tracing names a call by its address when the callee's own trace is not joined (a load balancer's
    host name beside the service behind it). Both hang from the same caller and move together; the
    client's view has no callees of its own and is never the faster of the two. A service that nobody
    saw may have moved.
    """
    moved = tuple(hot)
    services = {node for node in (*moved, *unseen) if node in graph.callees}
    found = []
    for view in _most_harmed((n for n in moved if n != alarmed and n not in graph.callees), volume):
        beside = dict.fromkeys(n for caller in graph.callers.get(view, ()) for n in graph.callees[caller])
        found += [
            (view, service) for service in beside if service in services and usual(view) >= usual(service) > 0
        ]
    return found


def missing_edges(
    graph: CallGraph, hot: Iterable[str], volume: Mapping[str, float], calls: Mapping[str, Calls]
) -> list[tuple[str, str]]:
    """Edges from moved services to moved leaves that no path connects, though their calls vary in step."""
    if not graph.callees:
        return []
    moved = [node for node in hot if volume.get(node, 0.0) > 0 and node in calls]
    services = _most_harmed((node for node in moved if node in graph.callees), volume)
    leaves = _most_harmed((node for node in moved if node not in graph.callees), volume)
    steps = {node: calls[node].steps() for node in (*services, *leaves)}
    found = []
    for service in services:
        connected = graph.below(service) | graph.above(service)
        found += [
            (service, leaf)
            for leaf in leaves
            if leaf not in connected
            and volume[leaf] >= CARRIES * volume[service]
            and sum(map(mul, steps[service], steps[leaf])) > IN_STEP
        ]
    return found


def _most_harmed(nodes: Iterable[str], volume: Mapping[str, float]) -> list[str]:
    return nlargest(MOST_HARMED, nodes, key=lambda node: volume.get(node, 0.0))
