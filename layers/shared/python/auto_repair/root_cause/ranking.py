"""From symptoms to scored candidates, each with the evidence that made its score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from auto_repair.root_cause.flow import GAP, NOISE, Flow, explain_away, strength
from auto_repair.root_cause.model import Evidence, Investigation, Kind, Role
from auto_repair.root_cause.periods import Rows, period_of
from auto_repair.root_cause.priors import Trouble, weigh_changes, weigh_logs
from auto_repair.root_cause.siblings import level_siblings
from auto_repair.root_cause.symptoms import (
    Boundary,
    Symptom,
    boundaries,
    failures,
    latencies,
    saturations,
    usual_level,
)
from auto_repair.root_cause.telemetry import Telemetry, is_newcomer
from auto_repair.root_cause.traffic import count_calls, lost_calls
from auto_repair.root_cause.unseen import Suspicion, suspects

OTHER_SYMPTOM = 0.25  # weight of failures when latency alarmed, and the reverse
MESSENGER = 0.35  # the alarmed node is the usual messenger: its own excess counts less
SHARE_POWER = 0.7  # below 1: a small own excess beside a large one is not negligible
BY_COVERAGE = 0.5  # half of a score depends on how much of the movement lies above the candidate
IN_STEP = 0.3  # bonus for moving in step with the alarmed node
LEVELLED = 0.5  # of what sets the first apart in a circle of calls that has no beginning
FAR_END = 0.4  # a boundary gap accuses the callee; the caller gets this much
PER_EDGE = 0.25  # every further edge of a node that shows the same adds this share
RISE = 3.0  # sigmas from which a resource or a lost call is mentioned
SILENCE = 0.5  # weight of lost calls, when nothing else explains the alarm


@dataclass(frozen=True, slots=True)
class Candidates:
    """Scores in descending order, what they rest on, and what the verdict needs to judge them."""

    scores: Mapping[str, float]
    strongest: float  # score of what was observed: nobody is more of an incident for being unobserved
    evidence: Mapping[str, tuple[Evidence, ...]]
    flow: Flow
    siblings: tuple[frozenset[str], ...]
    alarm_sigmas: float
    newcomers: frozenset[str]
    symptoms: Mapping[str, Symptom]


@dataclass(slots=True)
class _Ledger:
    """Evidence as it is gathered."""

    entries: dict[str, list[Evidence]] = field(default_factory=dict)

    def add(self, items: Iterable[Evidence]) -> None:
        for item in items:
            if item.strength > 0:
                self.entries.setdefault(item.node, []).append(item)

    def scores(self) -> dict[str, float]:
        return {node: sum(e.strength for e in items) for node, items in self.entries.items()}

    @property
    def strongest(self) -> float:
        return max(self.scores().values(), default=0.0)


def rank_candidates(
    investigation: Investigation, telemetry: Telemetry, rows: Rows, onset: float
) -> Candidates:
    """Score every node that anything speaks for."""
    alarm = investigation.alarm
    calls = count_calls(telemetry)
    slow = latencies(telemetry, rows)
    failing = failures(telemetry, calls, rows)
    edges = boundaries(telemetry, rows)
    newcomers = frozenset(node for node in telemetry.by_node if is_newcomer(telemetry, node, rows))

    @cache
    def usual(node: str) -> float:
        return usual_level(telemetry, slow[node]) if node in slow else 0.0

    def follow(symptoms: Mapping[str, Symptom], measured: Mapping[tuple[str, str], Boundary]) -> Flow:
        return explain_away(
            symptoms,
            investigation.graph,
            alarmed=alarm.node,
            rows=rows,
            calls=calls,
            newcomers=newcomers,
            edges=measured,
            usual=usual,
        )

    flows = {Kind.SLOW: follow(slow, edges), Kind.FAILING: follow(failing, {})}
    alarmed_kind = Kind.FAILING if alarm.role is Role.AVAILABILITY else Kind.SLOW
    ledger = _Ledger()
    for kind in (alarmed_kind, Kind.FAILING if alarmed_kind is Kind.SLOW else Kind.SLOW):
        weight = 1.0 if kind is alarmed_kind else OTHER_SYMPTOM
        ledger.add(_own_trouble(flows[kind], kind, alarm.node, weight, newcomers))
    ledger.add(_boundary_gaps(edges))
    ledger.add(_resources(telemetry, rows))
    if ledger.strongest < 1:  # else no weight would be left for them, and they take long to find
        lost = lost_calls(telemetry, calls, investigation.graph, rows)
        ledger.add(_silences(lost, 1 - ledger.strongest))
    flow = flows[alarmed_kind]
    ledger.add(_priors(investigation, flow, ledger, onset, period_of(telemetry.reference.timestamps)))
    strongest = ledger.strongest
    suspected = suspects(flow, rows, calls, partial(_usually_seen, telemetry, flow))
    ledger.add(_unobserved(flow, alarmed_kind, suspected))
    scores, siblings = (
        level_siblings(ledger.scores(), flow, calls, alarm.node) if calls else (ledger.scores(), ())
    )
    symptoms = slow if alarmed_kind is Kind.SLOW else failing
    return Candidates(
        # Rounding keeps the order independent of the unit's last bits.
        {node: round(scores[node], 6) for node in sorted(scores, key=lambda n: -round(scores[n], 6))},
        strongest,
        {node: tuple(items) for node, items in ledger.entries.items()},
        flow,
        siblings,
        symptoms[alarm.node].sigmas if alarm.node in symptoms else 0.0,
        newcomers,
        symptoms,
    )


def _own_trouble(
    flow: Flow, kind: Kind, alarmed: str, weight: float, newcomers: frozenset[str]
) -> list[Evidence]:
    largest = flow.largest
    values = {}
    for node, own in flow.own.items():
        if own <= 0:
            continue
        value = weight * (own / largest) ** SHARE_POWER * strength(flow.sigmas[node])
        value *= 1 - BY_COVERAGE + BY_COVERAGE * flow.coverage(node)
        value *= MESSENGER if node == alarmed else 1 + IN_STEP * flow.in_step(node, alarmed)
        values[node] = value
    values |= _levelled(values, flow)
    return [_trouble(flow, kind, node, value, newcomers) for node, value in values.items()]


def _levelled(values: Mapping[str, float], flow: Flow) -> dict[str, float]:
    """In a circle that nobody outside calls, whose excess is whose rests on where the alarm fired alone."""
    return {
        node: values[node] + LEVELLED * (max(values[n] for n in circle if n in values) - values[node])
        for circle in flow.circles
        for node in circle
        if node in values
    }


def _trouble(flow: Flow, kind: Kind, node: str, value: float, newcomers: frozenset[str]) -> Evidence:
    what = "calls take longer" if kind is Kind.SLOW else "more calls fail"
    text = f"{what} at {node} than in the reference and before the alarm"
    callees = flow.graph.callees.get(node, ())
    text += f"; {flow.own[node] / flow.volume[node]:.0%} of it is its own" if callees else ""
    strangers = [callee for callee in callees if callee in newcomers]
    text += f"; it calls {', '.join(strangers)}, which was hardly ever called before" if strangers else ""
    symptom = flow.symptoms.get(node)
    if symptom is None:
        return Evidence(kind, node, text, value, flow.sigmas[node])
    column, shift = symptom.column, symptom.shift
    return Evidence(
        kind, node, text, value, flow.sigmas[node], shift.level, shift.base, column.metric, column.statistic
    )


def _usually_seen(telemetry: Telemetry, flow: Flow, node: str) -> float:
    """How surely a node reports the symptom's metric: 1 always, 0 in half of the reference's rows."""
    values = telemetry.in_reference(flow.symptoms[node].column) if node in flow.symptoms else ()
    return max(0.0, 1 - 2 * values.count(None) / len(values)) if values else 0.0


def _unobserved(flow: Flow, kind: Kind, suspected: Mapping[str, Suspicion]) -> list[Evidence]:
    found = []
    for node, suspicion in suspected.items():
        value = (suspicion.volume / flow.largest) ** SHARE_POWER * strength(suspicion.sigmas)
        value *= 1 - BY_COVERAGE + BY_COVERAGE * flow.coverage(node)
        text = f"{node} was not observed in rows in which {suspicion.caller} was in trouble"
        found.append(Evidence(kind, node, text, value))
    return found


def _boundary_gaps(edges: Mapping[tuple[str, str], Boundary]) -> list[Evidence]:
    at_node: dict[str, list[tuple[float, tuple[str, str]]]] = {}
    for edge, boundary in edges.items():
        if boundary.gap.sigmas > GAP:
            caller, callee = edge
            at_node.setdefault(callee, []).append((strength(boundary.gap.sigmas), edge))
            at_node.setdefault(caller, []).append((FAR_END * strength(boundary.gap.sigmas), edge))
    found = []
    for node, gaps in at_node.items():
        value, edge = max(gaps, key=lambda gap: gap[0])
        shift = edges[edge].gap
        found.append(
            Evidence(
                Kind.UNREACHABLE,
                node,
                f"{edge[0]} waits longer for {edge[1]} than {edge[1]} says it takes, on {len(gaps)} edge(s)",
                value * (1 + PER_EDGE * (len(gaps) - 1)),
                shift.sigmas,
                shift.level,
                shift.base,
                edges[edge].column.metric,
                edges[edge].column.statistic,
            )
        )
    return found


def _resources(telemetry: Telemetry, rows: Rows) -> list[Evidence]:
    return [
        Evidence(
            Kind.SATURATED,
            node,
            f"{column.metric} of {node} rose",
            strength(sigmas),
            sigmas,
            shift.level,
            shift.base,
            column.metric,
            column.statistic,
        )
        for node, (sigmas, column, shift) in saturations(telemetry, rows).items()
        if sigmas > RISE
    ]


def _silences(lost: Mapping[tuple[str, str], float], unexplained: float) -> list[Evidence]:
    """Calls that are no longer made tell most when nothing else explains the alarm."""
    at_caller: dict[str, list[tuple[float, str]]] = {}
    for (caller, callee), sigmas in lost.items():
        if sigmas > RISE:
            at_caller.setdefault(caller, []).append((sigmas, callee))
    found = []
    for caller, drops in at_caller.items():
        sigmas, callee = max(drops, key=lambda drop: drop[0])
        value = SILENCE * strength(sigmas) * (1 + PER_EDGE * (len(drops) - 1))
        text = f"{caller} calls {callee} less often than it used to, {len(drops)} callee(s) in all"
        found.append(Evidence(Kind.SILENT, caller, text, value * unexplained, sigmas))
    return found


def _priors(
    investigation: Investigation, flow: Flow, ledger: _Ledger, onset: float, period: float
) -> list[Evidence]:
    if not (investigation.changes or investigation.logs):
        return []
    hot = [node for node, sigmas in flow.sigmas.items() if sigmas > NOISE]
    nodes = tuple(dict.fromkeys([investigation.alarm.node, *hot, *ledger.entries]))
    trouble = Trouble(nodes, onset, period, ledger.strongest, flow.graph)
    return [
        *weigh_changes(investigation.changes, trouble),
        *weigh_logs(investigation.logs, trouble, investigation.changes),
    ]
