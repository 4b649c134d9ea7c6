"""Incidents of systems that nobody recorded: other topologies, other faults, the same questions.

A system is a call graph with calls, own time and background failures per node; time and failures travel
upwards along synchronous calls, not across a queue. Row means scatter as means of so many calls do, all
nodes share the day's load, half of the systems drift between reference and incident. One fault, or none.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from auto_repair.root_cause import Alarm, Column, Frame, Graph, Investigation, Role

PER_KIND = 24  # incidents per topology and seed
QUIET_SHARE = 4  # one in so many holds no fault
SPREAD = 0.8  # of one call's time, as a share of its mean
STATISTICS = {"Average": 1.0, "p50": 0.8, "p90": 1.9, "p99": 3.4}


@dataclasses.dataclass(frozen=True)
class Topology:
    """Calls as (caller, callee, calls per call of the caller); `queues` decouple what is behind them."""

    calls: tuple[tuple[str, str, float], ...]
    front: str
    queues: frozenset[str] = frozenset()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Callers before callees."""
        order: list[str] = [self.front]
        for caller, callee, _ in self.calls:
            order += [n for n in (caller, callee) if n not in order]
        return tuple(sorted(order, key=self._depth))

    def _depth(self, node: str) -> int:
        return max((1 + self._depth(caller) for caller, callee, _ in self.calls if callee == node), default=0)


def chain(rng: random.Random) -> Topology:
    """One after the other."""
    names = [f"c{i}" for i in range(rng.randint(4, 8))]
    return Topology(tuple((a, b, rng.choice((1.0, 1.0, 2.0))) for a, b in pairwise(names)), "c0")


def fan_out(rng: random.Random) -> Topology:
    """A front with many services, each with a table of its own."""
    calls = []
    for i in range(rng.randint(4, 9)):
        calls += [("front", f"s{i}", rng.uniform(0.1, 1.0)), (f"s{i}", f"t{i}", rng.choice((1.0, 2.0, 3.0)))]
    return Topology(tuple(calls), "front")


def shared_database(rng: random.Random) -> Topology:
    """Services that share one database, one of them through a cache."""
    calls = [("front", "cache", 0.5)]
    for i in range(rng.randint(3, 6)):
        calls += [("front", f"s{i}", rng.uniform(0.2, 1.0)), (f"s{i}", "db", rng.uniform(0.5, 3.0))]
    return Topology((*calls, ("s0", "cache", 1.0)), "front")


def diamond(rng: random.Random) -> Topology:
    """Two ways down to a shared service, and a side path."""
    a, b = rng.uniform(0.3, 1.0), rng.uniform(0.3, 1.0)
    calls = (("front", "a", a), ("front", "b", b), ("a", "shared", 1.0), ("b", "shared", 0.5))
    return Topology(
        (*calls, ("shared", "db", 2.0), ("b", "side", 1.0), ("front", "auth", 1.0), ("a", "auth", 0.3)),
        "front",
    )


def queue(rng: random.Random) -> Topology:
    """A worker behind a queue; the alarm is the worker's."""
    calls = (("api", "intake", 1.0), ("intake", "queue", rng.uniform(0.3, 1.0)), ("queue", "worker", 1.0))
    work = (("worker", "table", 2.0), ("worker", "mail", 0.3), ("worker", "store", 1.0))
    return Topology((*calls, *work, ("intake", "auth", 1.0)), "api", frozenset({"queue"}))


def mesh(rng: random.Random) -> Topology:
    """Thirty nodes, every one called by one to three of those before it."""
    names = [f"m{i}" for i in range(30)]
    calls = []
    for i in range(1, 30):
        for caller in rng.sample(names[max(0, i - 9) : i], min(i, rng.choice((1, 1, 2, 3)))):
            calls.append((caller, names[i], rng.uniform(0.2, 1.0)))
    return Topology(tuple(calls), "m0")


KINDS: dict[str, Callable[[random.Random], Topology]] = {
    "chain": chain,
    "fan-out": fan_out,
    "shared database": shared_database,
    "diamond": diamond,
    "queue": queue,
    "mesh": mesh,
}


@dataclasses.dataclass(frozen=True)
class Incident:
    """One synthetic investigation; `culprit` is None when nothing is wrong."""

    name: str
    fault: str
    culprit: str | None
    investigation: Investigation


@dataclasses.dataclass
class _Node:
    calls: float  # per row
    own: float  # seconds per call
    failing: float  # background share of failed calls
    drift: float  # of its own time since the reference
    extra: float = 0.0  # the fault: seconds per call
    broken: float = 0.0  # the fault: share of failed calls


def incidents(kind: str, seed: int, *, late: int = 0, calm: int = 0) -> Iterator[Incident]:
    """The incidents of one topology, reproducible by seed.

    The alarm comes so many periods `late`, and the trouble ends so many periods before the last row.
    """
    for number in range(PER_KIND):
        rng = random.Random(f"{kind} {seed} {number}")
        topology = KINDS[kind](rng)
        fault = "quiet" if number % QUIET_SHARE == 0 else rng.choice(("slow", "failing"))
        yield _incident(f"{kind}-{seed}-{number}", topology, fault, rng, late, calm)


def _incident(
    name: str, topology: Topology, fault: str, rng: random.Random, late: int, calm: int
) -> Incident:
    nodes = _system(topology, rng)
    alarmed = "worker" if "queue" in nodes else topology.front
    culprit = None if fault == "quiet" else _break(topology, nodes, alarmed, fault, rng)
    period = rng.choice((60.0, 60.0, 300.0))
    reference, before, after = rng.choice((60, 200, 400)), rng.randint(2, 6), rng.randint(2, 5)
    bad_from = reference + before
    series: dict[Column, list[float | None]] = {}
    good_from = bad_from + after
    for row in range(good_from + calm):
        load = (1 + 0.3 * math.sin(row / 40)) * rng.lognormvariate(0, 0.06)
        values = _row(topology, nodes, load, rng, drifted=row >= reference, bad=bad_from <= row < good_from)
        for column, value in values.items():
            series.setdefault(column, []).append(value)
    times = [period * row for row in range(good_from + calm)]
    role = Role.AVAILABILITY if fault == "failing" else Role.LATENCY
    if fault == "quiet":
        role = rng.choice((Role.LATENCY, Role.AVAILABILITY))
    at = times[min(bad_from + late, len(times) - 1)] + rng.uniform(0.05, 0.45) * period
    investigation = Investigation(
        Alarm(alarmed, role, at, "Average"),
        Frame.of(times[:reference], [(c, v[:reference]) for c, v in series.items()]),
        Frame.of(times[reference:], [(c, v[reference:]) for c, v in series.items()]),
        Graph.of(topology.nodes, [(a, b) for a, b, _ in topology.calls]),
    )
    return Incident(name, fault, culprit, investigation)


def _system(topology: Topology, rng: random.Random) -> dict[str, _Node]:
    drifts = rng.random() < 0.5
    nodes: dict[str, _Node] = {}
    for name in topology.nodes:
        above = [nodes[a].calls * share for a, b, share in topology.calls if b == name]
        nodes[name] = _Node(
            sum(above) if above else rng.choice((60.0, 300.0, 2000.0)),
            rng.lognormvariate(math.log(0.02), 0.9),
            rng.choice((0.0, 0.0, 0.0, 0.002, 0.01)),
            rng.uniform(0.8, 1.6) if drifts else 1.0,
        )
    return nodes


def _break(
    topology: Topology, nodes: Mapping[str, _Node], alarmed: str, fault: str, rng: random.Random
) -> str:
    """Put a fault into a node below the alarmed one, large enough to be felt there."""
    weight = _calls_per_alarmed(topology, alarmed)
    culprit = rng.choice(sorted(node for node, calls in weight.items() if node != alarmed and calls > 0.05))
    if fault == "slow":
        felt = rng.uniform(0.3, 3.0) * _seconds(topology, nodes, alarmed)
        nodes[culprit].extra = max(felt / weight[culprit], 0.5 * nodes[culprit].own)
    else:
        felt = max(rng.uniform(0.02, 0.3), 8 / nodes[alarmed].calls)
        nodes[culprit].broken = min(1.0, felt / weight[culprit])
    return culprit


def _calls_per_alarmed(topology: Topology, alarmed: str) -> dict[str, float]:
    weight = {alarmed: 1.0}
    for node in topology.nodes:
        for caller, callee, share in topology.calls:
            if callee == node and caller in weight and caller not in topology.queues:
                weight[node] = weight.get(node, 0.0) + weight[caller] * share
    return weight


def _seconds(topology: Topology, nodes: Mapping[str, _Node], name: str) -> float:
    below = [(b, share) for a, b, share in topology.calls if a == name and a not in topology.queues]
    return nodes[name].own + sum(share * _seconds(topology, nodes, b) for b, share in below)


def _row(
    topology: Topology,
    nodes: Mapping[str, _Node],
    load: float,
    rng: random.Random,
    *,
    drifted: bool,
    bad: bool,
) -> dict[Column, float | None]:
    seconds: dict[str, float] = {}
    good: dict[str, float] = {}
    row: dict[Column, float | None] = {}
    for name in reversed(topology.nodes):  # callees first
        node = nodes[name]
        calls = _about(node.calls * load, rng)
        below = [(b, share) for a, b, share in topology.calls if a == name and a not in topology.queues]
        noise = 1 + SPREAD / math.sqrt(max(1, calls)) * rng.gauss(0, 1) + 0.04 * rng.gauss(0, 1)
        own = node.own * (node.drift if drifted else 1.0) + (node.extra if bad else 0.0)
        seconds[name] = own * max(0.2, noise) + sum(share * seconds[b] for b, share in below)
        own_failed = _failed(calls, 1 - (1 - node.failing) * (1 - (node.broken if bad else 0.0)), rng)
        passed_on = 1 - math.prod(good[b] ** share for b, share in below)
        failed = min(calls, own_failed + round(passed_on * (calls - own_failed)))
        good[name] = 1 - failed / calls if calls else 1.0
        row.update(_metrics(name, calls, seconds[name], failed, rng))
    return row


def _metrics(
    name: str, calls: int, seconds: float, failed: int, rng: random.Random
) -> dict[Column, float | None]:
    row: dict[Column, float | None] = {Column(name, "requests", "Sum", Role.REQUESTS): float(calls)}
    row[Column(name, "availability", "Average", Role.AVAILABILITY)] = (
        100 * (1 - failed / calls) if calls else None
    )
    for statistic, factor in STATISTICS.items():
        scatter = rng.lognormvariate(0, 0.02 * factor) if statistic != "Average" else 1.0
        value = seconds * factor * scatter if calls else None
        row[Column(name, "latency", statistic, Role.LATENCY)] = value
    return row


def _about(expected: float, rng: random.Random) -> int:
    return max(0, round(rng.gauss(expected, math.sqrt(expected))))


def _failed(calls: int, share: float, rng: random.Random) -> int:
    if calls < 40:
        return sum(rng.random() < share for _ in range(calls))
    return min(calls, _about(calls * share, rng)) if share > 0 else 0
