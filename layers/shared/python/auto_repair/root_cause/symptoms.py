"""What a node shows: slow calls, failing calls, an edge only its caller finds slow, a rising resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auto_repair.root_cause.baselines import (
    MEMORYLESS,
    NO_SHIFT,
    Shift,
    centre_and_scale,
    measure_shift,
    slide,
)
from auto_repair.root_cause.model import Column, Role, Values
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.series import Gappy, mean, median, minus, present
from auto_repair.root_cause.telemetry import Telemetry, bridge_gaps
from auto_repair.root_cause.traffic import Calls, surprise

PRIOR_CALLS = 5  # weight, in calls, of the reference when judging the few calls before the alarm
UNKNOWN_FAILURE_RATE = 0.02  # assumed of a node the reference does not know
OFTEN_BAD = 0.05  # share of the reference's worst rows not counted as normal
ESTIMATED = 0.5  # discount of a row that only percentiles tell of
BELOW_USUAL = 0.5  # discount of a resource that rose, but to a level the reference exceeds


@dataclass(frozen=True, slots=True)
class Symptom:
    """One node's trouble of one sort. `values` are the window's rows: seconds, or share of failed calls."""

    column: Column
    shift: Shift
    values: Values
    estimated: frozenset[int] = frozenset()  # rows whose value was not measured

    @property
    def sigmas(self) -> float:
        """Surprise, 0 or more."""
        return self.shift.sigmas

    def volume(self, rows: Rows, calls: Sequence[float] | None) -> float:
        """Excess seconds or failed calls per row (per call when `calls` are unknown), onset first."""
        weighed = [
            (weight, (value - self.shift.base) * (calls[i] if calls else 1.0))
            for weight, i in zip(rows.weights, rows.after, strict=True)
            if (value := self.values[i]) is not None
        ]
        total = sum(weight for weight, _ in weighed)
        return max(0.0, sum(w * x for w, x in weighed) / total) if total else 0.0


def latencies(telemetry: Telemetry, rows: Rows) -> dict[str, Symptom]:
    """Latency of every node that has one; gaps bridged by its percentiles where that shows more."""
    found = {}
    for node in telemetry.by_node:
        columns = telemetry.columns(node, Role.LATENCY)
        if columns:
            seen, reference = telemetry.in_window(columns[0]), telemetry.in_reference(columns[0])
            bridged = bridge_gaps(telemetry, columns)
            found[node] = Symptom(columns[0], measure_shift(seen, reference, rows), seen)
            if bridged != seen:
                # An estimated row may support what the measured ones show; it cannot refute them.
                estimated = frozenset(i for i, value in enumerate(seen) if value is None)
                shift = _discounted(measure_shift(bridged, reference, rows), estimated, rows)
                bridge = Symptom(columns[0], shift, bridged, estimated)
                found[node] = max(found[node], bridge, key=lambda symptom: symptom.sigmas)
    return found


def _discounted(shift: Shift, estimated: frozenset[int], rows: Rows) -> Shift:
    """The shift with every estimated row counting half."""
    share = sum(i in estimated for i in rows.after) / len(rows.after) if rows.after else 0.0
    return replace(shift, sigmas=shift.sigmas * (1 - ESTIMATED * share))


def failures(telemetry: Telemetry, calls: Mapping[str, Calls], rows: Rows) -> dict[str, Symptom]:
    """Share of failed calls of every node that reports availability.

    The best availability seen anywhere counts as "all calls good", so percent and fraction are the same.
    """
    columns = {
        node: own[0] for node in telemetry.by_node if (own := telemetry.columns(node, Role.AVAILABILITY))
    }
    best = max(
        (
            max(present(values), default=0.0)
            for column in columns.values()
            for values in (telemetry.in_window(column), telemetry.in_reference(column))
        ),
        default=0.0,
    )
    if best <= 0:
        return {}
    found: dict[str, Symptom] = {}
    for node, column in columns.items():
        window = _failed_share(telemetry.in_window(column), best)
        found[node] = Symptom(column, NO_SHIFT, window)
        if any(window[i] for i in rows.after):
            reference = _failed_share(telemetry.in_reference(column), best)
            shift = _failure(window, reference, calls.get(node), rows)
            found[node] = Symptom(column, shift, window)
    return found


def _failed_share(availability: Gappy, best: float) -> Values:
    return tuple([None if v is None else 1 - v / best if v > 0 else 1.0 for v in availability])


def _failure(window: Values, reference: Values, calls: Calls | None, rows: Rows) -> Shift:
    calls = calls or _calls_behind(window, reference)
    usual_rows = _without_worst(reference)
    usual_failed, usual_calls = _tally(reference, calls.reference, usual_rows)
    earlier_failed, earlier_calls = _tally(window, calls.window, rows.before)
    failed, made = _tally(window, calls.window, rows.after)
    if made <= 0:
        return NO_SHIFT
    usual = (usual_failed + 0.5) / (usual_calls + 1) if usual_calls > 0 else UNKNOWN_FAILURE_RATE
    earlier = (
        (earlier_failed + PRIOR_CALLS * usual) / (earlier_calls + PRIOR_CALLS) if earlier_calls > 0 else 0.0
    )
    base = max(usual, earlier)
    sigmas = max(0.0, surprise(failed, made * base))
    if sigmas > 0 and len(usual_rows) >= 20:
        sigmas = min(sigmas, _beyond_habit(window, reference, rows))
    if rows.before and earlier_calls <= 0:
        sigmas *= MEMORYLESS
    return Shift(sigmas, max(0.0, failed / made - base), base, failed / made)


def _calls_behind(window: Values, reference: Values) -> Calls:
    """Without request counts: the smallest failed share seen is at least one call of so many."""
    shares = [v for v in (*window, *reference) if v is not None and v > 1e-9]
    one = 1 / min(shares) if shares else 1.0
    return Calls((one,) * len(window), (one,) * len(reference))


def _without_worst(reference: Values) -> list[int]:
    known = {i: value for i, value in enumerate(reference) if value is not None}
    return sorted(known, key=known.__getitem__)[: max(1, int((1 - OFTEN_BAD) * len(known)))]


def _tally(shares: Values, calls: Sequence[float], rows: Sequence[int]) -> tuple[float, float]:
    failed = made = 0.0
    for i in rows:
        share = shares[i]
        if share is not None and i < len(calls):
            failed += share * calls[i]
            made += calls[i]
    return failed, made


def _beyond_habit(window: Values, reference: Values, rows: Rows) -> float:
    """Sigmas against the spread of equally long stretches of the reference: some nodes fail in bursts."""
    before, after = (present(window[i] for i in chosen) for chosen in (rows.before, rows.after))
    levels, steps = slide(reference, len(before), len(after))
    sigmas = float("inf")
    for known, value in ((levels, mean(after)), (steps, mean(after) - mean(before) if before else None)):
        if known and value is not None:
            centre, scale = centre_and_scale(known, value, of_rare=False)
            if scale > 1e-6:
                sigmas = min(sigmas, max(0.0, (value - centre) / scale))
    return sigmas


@dataclass(frozen=True, slots=True)
class Boundary:
    """An edge measured from both ends: what only the caller feels, and what the callee admits."""

    column: Column
    gap: Shift
    callee: Shift


def boundaries(telemetry: Telemetry, rows: Rows) -> dict[tuple[str, str], Boundary]:
    """Edges whose latency is known from both ends. A gap is network, throttling, queueing or cold start."""
    found = {}
    for edge, columns in telemetry.by_edge.items():
        outer, inner = columns.get(Role.CALLER_LATENCY), columns.get(Role.CALLEE_LATENCY)
        if outer and inner:
            gap = measure_shift(
                minus(telemetry.in_window(outer), telemetry.in_window(inner)),
                minus(telemetry.in_reference(outer), telemetry.in_reference(inner)),
                rows,
            )
            callee = measure_shift(telemetry.in_window(inner), telemetry.in_reference(inner), rows)
            found[edge] = Boundary(outer, gap, callee)
    return found


def saturations(telemetry: Telemetry, rows: Rows) -> dict[str, tuple[float, Column, Shift]]:
    """Per node the resource that rose most: sigmas, column, shift.

    Levels of memory or connections depend on the age of a process, so the step at the onset counts, and
    the reference only halves what it has seen exceeded.
    """
    found: dict[str, tuple[float, Column, Shift]] = {}
    for node in telemetry.by_node:
        for column in telemetry.columns(node, Role.SATURATION):
            shift = measure_shift(telemetry.in_window(column), telemetry.in_reference(column), rows)
            sigmas = _step(shift)
            if sigmas > 0 and (node not in found or sigmas > found[node][0]):
                found[node] = (sigmas, column, shift)
    return found


def _step(shift: Shift) -> float:
    if shift.against_before is None:
        return max(0.0, shift.against_reference or 0.0)
    below_usual = (shift.against_reference or 0.0) < 0
    return max(0.0, shift.against_before) * (BELOW_USUAL if below_usual else 1.0)


def usual_level(telemetry: Telemetry, symptom: Symptom) -> float:
    """Reference median of a symptom's column, 0 without one."""
    return median(telemetry.in_reference(symptom.column)) or 0.0
