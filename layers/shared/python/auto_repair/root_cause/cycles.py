"""Calls in a circle: whose trouble may explain whose, so that somebody of every circle remains.

Nodes of a circle in trouble would explain each other away: the excess of each is its callee's, and
nobody's own. So explanations run inwards from where a circle is called, and the calls that lead back
there explain nothing. Repeated for the circles that are left, this is the nesting of loops of a program
(Steensgaard, "Sequentializing program dependence graphs for irreducible programs", 1993). Circles that
still hold circles after many rounds (long chains of calls both ways) are taken apart at once, by distance.
"""

from __future__ import annotations

from collections.abc import Collection

from auto_repair.root_cause.graph import CallGraph

Edge = tuple[str, str]
MOST_ROUNDS = 16  # of looking for circles within circles, each in proportion to the edges


def shares_in_circles(graph: CallGraph, moved: Collection[str], alarmed: str) -> dict[Edge, float]:
    """Share of the callee's excess, 0 to 1, that an edge explains; an edge that is not named explains all.

    Only nodes in `moved` explain anything, so calls in a circle through a calm node are none here.
    Takes time in proportion to the edges.
    """
    shares: dict[Edge, float] = {}
    circles = _circles(moved, graph)
    for left in reversed(range(MOST_ROUNDS)):
        deeper = []
        for circle in circles:
            front = _front(circle, graph, moved, alarmed)
            if not front:
                # Nobody outside calls it: that the alarm is its front is one reading of as many as its nodes.
                shares.update(dict.fromkeys(_calls_within(circle, circle, graph), 1 - 1 / len(circle)))
                front = circle & {alarmed} or circle
            back = _calls_within(circle, front, graph) if left else _calls_not_inwards(circle, front, graph)
            shares.update(dict.fromkeys(back, 0.0))
            deeper += _circles(circle - front, graph) if left else []
        circles = deeper
    return shares


def uncalled_circles(graph: CallGraph, moved: Collection[str]) -> tuple[frozenset[str], ...]:
    """Circles in trouble that nobody outside calls, so that nothing tells who in them called first."""
    found = (frozenset(circle) for circle in _circles(moved, graph))
    return tuple(c for c in found if all(c.issuperset(graph.callers.get(node, ())) for node in c))


def _front(circle: set[str], graph: CallGraph, moved: Collection[str], alarmed: str) -> set[str]:
    """The nodes by which trouble leaves a circle; empty when nobody outside calls it.

    Callers in trouble know best. Where there is none, the alarm may be one of several.
    """
    callers = {node: set(graph.callers.get(node, ())) - circle for node in circle}
    troubled = {node for node, outside in callers.items() if any(caller in moved for caller in outside)}
    if troubled:
        return troubled
    called = {node for node, outside in callers.items() if outside}
    return called | (circle & {alarmed}) if called else set()


def _calls_within(circle: set[str], callees: set[str], graph: CallGraph) -> list[Edge]:
    return [(caller, node) for node in callees for caller in graph.callers[node] if caller in circle]


def _calls_not_inwards(circle: set[str], front: set[str], graph: CallGraph) -> list[Edge]:
    """Calls that lead no further away from the front; without them no circle is left."""
    distance = dict.fromkeys(front, 0)
    queue = list(front)
    for node in queue:
        for callee in graph.callees[node]:
            if callee in circle and callee not in distance:
                distance[callee] = distance[node] + 1
                queue.append(callee)
    edges = _calls_within(circle, circle, graph)
    return [(caller, callee) for caller, callee in edges if distance[callee] <= distance[caller]]


def _circles(nodes: Collection[str], graph: CallGraph) -> list[set[str]]:
    """Strongly connected components of two nodes or more (Kosaraju's algorithm)."""
    found, placed = [], set()
    for start in reversed(_callees_first(nodes, graph)):
        if start in placed:
            continue
        placed.add(start)
        component = [start]
        for node in component:
            for caller in graph.callers.get(node, ()):
                if caller in nodes and caller not in placed:
                    placed.add(caller)
                    component.append(caller)
        if len(component) > 1:
            found.append(set(component))
    return found


def _callees_first(nodes: Collection[str], graph: CallGraph) -> list[str]:
    """The nodes in the order in which a depth-first search along the calls leaves them."""
    seen: set[str] = set()
    order = []
    for root in nodes:
        stack = [(root, iter(graph.callees.get(root, ())))] if root not in seen else []
        seen.add(root)
        while stack:
            node, callees = stack[-1]
            fresh = next((c for c in callees if c in nodes and c not in seen), None)
            if fresh is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(graph.callees.get(fresh, ()))))
    return order
