"""Who depends on whom around an alarm."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.resources import Resource, each_once


@dataclass(frozen=True)
class Edge:
    """`caller` needs `callee`: it calls it, reads it, runs under it. Both are ids of resources."""

    caller: str
    callee: str
    because: str  # event source mapping, trace, environment variable TABLE, …
    seen: bool = False  # in traces; else read from configuration


@dataclass(frozen=True)
class Topology:
    """Resources and what binds them; sources fill in what they know, `join` puts it together."""

    resources: tuple[Resource, ...] = ()
    edges: tuple[Edge, ...] = ()
    items: tuple[EvidenceItem, ...] = ()
    missing: tuple[MissingEvidence, ...] = ()

    def resource(self, resource_id: str) -> Resource | None:
        """The resource of that id, if it is known."""
        return next((r for r in self.resources if r.id == resource_id), None)

    def callees(self, resource_id: str) -> tuple[str, ...]:
        """What it needs."""
        return tuple(dict.fromkeys(e.callee for e in self.edges if e.caller == resource_id))

    def callers(self, resource_id: str) -> tuple[str, ...]:
        """What needs it."""
        return tuple(dict.fromkeys(e.caller for e in self.edges if e.callee == resource_id))

    def around(self, resource_id: str, most: int) -> "Topology":
        """The nearest `most` resources, that one first; edges between others are left out."""
        near, waiting = {resource_id: None}, deque([resource_id])
        while waiting and len(near) < most:
            here = waiting.popleft()
            for neighbour in (*self.callees(here), *self.callers(here)):
                if neighbour not in near and len(near) < most:
                    near[neighbour] = None
                    waiting.append(neighbour)
        known = {r.id: r for r in self.resources}
        return replace(
            self,
            resources=tuple(known[name] for name in near if name in known),
            edges=tuple(e for e in self.edges if e.caller in near and e.callee in near),
        )

    def upstream(self, resource_id: str) -> tuple[str, ...]:
        """Everything that needs it, directly or not, nearest first."""
        return _reached(resource_id, self.callers)

    def downstream(self, resource_id: str) -> tuple[str, ...]:
        """Everything that it needs, directly or not, nearest first."""
        return _reached(resource_id, self.callees)


def _reached(start: str, step: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = deque(step(start))
    while waiting:
        here = waiting.popleft()
        if here not in found and here != start:
            found[here] = None
            waiting.extend(step(here))
    return tuple(found)


def join(parts: Iterable[Topology]) -> Topology:
    """One topology of all parts. Of a resource told twice, the fuller account counts."""
    resources: list[Resource] = []
    edges: dict[tuple[str, str], Edge] = {}
    items: list[EvidenceItem] = []
    missing: list[MissingEvidence] = []
    for part in parts:
        resources += part.resources
        for edge in part.edges:
            known_edge = edges.get((edge.caller, edge.callee))
            if known_edge is None or (edge.seen and not known_edge.seen):
                edges[edge.caller, edge.callee] = edge
        items += part.items
        missing += part.missing
    return Topology(each_once(resources), tuple(edges.values()), tuple(items), tuple(missing))
