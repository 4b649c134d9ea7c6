"""The call graph: who explains whom, and which edges are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from auto_repair.root_cause.model import Graph
from auto_repair.root_cause.series import correlation, differences
from auto_repair.root_cause.traffic import Calls

IN_STEP = 0.85  # correlation of the row-to-row changes of two nodes' calls that betrays an edge
CARRIES = 0.5  # share of the caller's excess a callee must show to be taken for its cause


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

    def calls_each_other(self, caller: str, callee: str) -> bool:
        """Whether the callee also calls back directly: then neither explains the other."""
        return caller in self.callees.get(callee, ())


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
) -> list[tuple[str, str]]:
    """Edges from leaves to the services they are the client's view of.

    Tracing names a call by its address when the callee's own trace is not joined (a load balancer's
    host name beside the service behind it). Both hang from the same caller and move together; the
    client's view has no callees of its own and is never the faster of the two. A service that nobody
    saw may have moved.
    """
    moved = tuple(hot)
    services = [node for node in dict.fromkeys((*moved, *unseen)) if node in graph.callees]
    found = []
    for view in moved:
        if view == alarmed or view in graph.callees:
            continue
        callers = set(graph.callers.get(view, ()))
        found += [
            (view, service)
            for service in services
            if callers & set(graph.callers.get(service, ())) and usual(view) >= usual(service) > 0
        ]
    return found


def missing_edges(
    graph: CallGraph, hot: Iterable[str], volume: Mapping[str, float], calls: Mapping[str, Calls]
) -> list[tuple[str, str]]:
    """Edges from moved services to moved leaves that no path connects, though their calls vary in step."""
    if not graph.callees:
        return []
    moved = [node for node in hot if volume.get(node, 0.0) > 0 and node in calls]
    found = []
    for service in moved:
        if service not in graph.callees:
            continue
        connected = graph.below(service) | graph.above(service)
        for leaf in moved:
            if leaf in graph.callees or leaf in connected:
                continue
            carries = volume[leaf] >= CARRIES * volume[service]
            if carries and _in_step(calls[service], calls[leaf]) > IN_STEP:
                found.append((service, leaf))
    return found


def _in_step(one: Calls, other: Calls) -> float:
    return correlation(differences(one.reference), differences(other.reference))
