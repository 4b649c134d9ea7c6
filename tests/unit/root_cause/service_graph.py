"""A small synthetic system with a fault of choice: shop → cart → table, shop → search, cart → mail."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from auto_repair.root_cause import Alarm, Change, Column, Frame, Graph, Investigation, LogSignature, Role

EDGES = (("shop", "cart"), ("cart", "table"), ("shop", "search"), ("cart", "mail"))
CALLS_PER_PERIOD = {"shop": 400, "cart": 200, "table": 220, "search": 300, "mail": 50}
OWN_SECONDS = {"shop": 0.05, "cart": 0.03, "table": 0.01, "search": 0.02, "mail": 0.04}
NODES = tuple(CALLS_PER_PERIOD)
PERIOD_S = 60.0
REFERENCE_ROWS, BEFORE_ROWS, AFTER_ROWS = 200, 4, 4

Fault = Callable[[str, str], float]


@dataclass(frozen=True)
class System:
    """Faults per node: extra seconds per call, share of failed calls, extra memory."""

    slow: Mapping[str, float] = field(default_factory=dict)
    failing: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    edges: tuple[tuple[str, str], ...] = EDGES
    seed: int = 11

    def investigation(
        self,
        role: Role = Role.LATENCY,
        changes: tuple[Change, ...] = (),
        logs: tuple[LogSignature, ...] = (),
    ) -> Investigation:
        """The alarm fires at `shop`, ten seconds into the first bad row."""
        faults = (tuple(fault.items()) for fault in (self.slow, self.failing, self.memory))
        reference, window = _measured(*faults, self.seed)
        graph = Graph.of(NODES, self.edges)
        first_bad_s = (REFERENCE_ROWS + BEFORE_ROWS) * PERIOD_S
        return Investigation(Alarm("shop", role, first_bad_s + 10), reference, window, graph, changes, logs)

    def frames(self) -> tuple[Frame, Frame]:
        """What its nodes measure: the reference, and the window."""
        rng = random.Random(self.seed)
        first_bad = REFERENCE_ROWS + BEFORE_ROWS
        series: dict[Column, list[float]] = {}
        for i in range(first_bad + AFTER_ROWS):
            for column, value in self._row(rng, bad=i >= first_bad).items():
                series.setdefault(column, []).append(value)
        times = [i * PERIOD_S for i in range(first_bad + AFTER_ROWS)]
        return (
            Frame.of(times[:REFERENCE_ROWS], [(c, v[:REFERENCE_ROWS]) for c, v in series.items()]),
            Frame.of(times[REFERENCE_ROWS:], [(c, v[REFERENCE_ROWS:]) for c, v in series.items()]),
        )

    def _row(self, rng: random.Random, *, bad: bool) -> dict[Column, float]:
        load = rng.uniform(0.9, 1.1)
        seconds: dict[str, float] = {}
        failed: dict[str, float] = {}
        row: dict[Column, float] = {}
        for node in ("table", "mail", "search", "cart", "shop"):  # callees first
            calls = round(CALLS_PER_PERIOD[node] * load)
            below = [callee for caller, callee in EDGES if caller == node]
            share = {c: CALLS_PER_PERIOD[c] / CALLS_PER_PERIOD[node] for c in below}
            own = OWN_SECONDS[node] * rng.uniform(0.95, 1.05) + (self.slow.get(node, 0.0) if bad else 0.0)
            seconds[node] = own + sum(share[c] * seconds[c] for c in below)
            own_failed = self.failing.get(node, 0.0) if bad else 0.0
            failed[node] = min(1.0, own_failed + sum(share[c] * failed[c] for c in below))
            row[column(node, Role.REQUESTS)] = float(calls)
            row[column(node, Role.LATENCY)] = seconds[node]
            row[column(node, Role.AVAILABILITY)] = 100 * (1 - round(failed[node] * calls) / calls)
            row[column(node, Role.SATURATION)] = 100 * rng.uniform(0.99, 1.01) + (
                self.memory.get(node, 0.0) if bad else 0.0
            )
        return row


Faults = tuple[tuple[str, float], ...]


@cache
def _measured(slow: Faults, failing: Faults, memory: Faults, seed: int) -> tuple[Frame, Frame]:
    """Made once for all the tests that let the same system fail in the same way."""
    return System(dict(slow), dict(failing), dict(memory), seed=seed).frames()


def column(node: str, role: Role) -> Column:
    """The system's column of a role."""
    statistic = {Role.REQUESTS: "Sum"}.get(role, "Average")
    return Column(node, role.value, statistic, role)


def mapped(frame: Frame, change: Callable[[Column, float | None], float | None]) -> Frame:
    """The frame with every value changed."""
    return replace(
        frame, columns={c: tuple(change(c, v) for v in values) for c, values in frame.columns.items()}
    )


def with_frames(investigation: Investigation, change: Callable[[Frame], Frame]) -> Investigation:
    """Both frames changed."""
    return replace(
        investigation, reference=change(investigation.reference), window=change(investigation.window)
    )
