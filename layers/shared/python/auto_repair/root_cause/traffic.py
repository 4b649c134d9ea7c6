"""How many calls a node served, in calls, whatever unit the metric has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from auto_repair.root_cause.baselines import measure_shift
from auto_repair.root_cause.model import Graph, Role
from auto_repair.root_cause.periods import Rows
from auto_repair.root_cause.series import Gappy, mean, median, present, ratio, standardised
from auto_repair.root_cause.telemetry import Telemetry

NEXT_TO_NOTHING = 1e-12  # of a column's largest value: no metric counts that finely
SAME_VALUE = 1e-6  # relative difference below which two values are one, rounded differently


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls per row of one node; gaps are filled with what the node usually serves."""

    window: tuple[float, ...]
    reference: tuple[float, ...]

    def steps(self) -> list[float]:
        """Changes from row to row of the reference; two nodes' products add up to their correlation."""
        return standardised([b - a for a, b in pairwise(self.reference)])


def count_calls(telemetry: Telemetry) -> dict[str, Calls]:
    """Calls of every node that has a request metric; empty when none has.

    The finest step between the values seen is taken for one call. That makes rates, sums and scaled
    sums mean the same, and the number of calls is what tells three failures from noise.
    """
    columns = {
        node: requests[0]
        for node in telemetry.by_node
        if (requests := telemetry.columns(node, Role.REQUESTS))
    }
    one = _one_call([(telemetry.in_window(c), telemetry.in_reference(c)) for c in columns.values()])
    if one is None:
        return {}
    counted = {}
    for node, column in columns.items():
        usual = median(telemetry.in_reference(column)) or 0.0
        seen = present(telemetry.in_window(column))
        fill = mean(seen) if seen else usual
        counted[node] = Calls(
            _in_calls(telemetry.in_window(column), fill, one),
            _in_calls(telemetry.in_reference(column), usual, one),
        )
    return counted


def _one_call(columns: Sequence[tuple[Gappy, Gappy]]) -> float | None:
    """The resolution of the request metrics: a low quantile of the gaps between neighbouring values.

    Quantiles, not the minimum, over the gaps of a column and over the columns: interpolated values of a
    few rows or of a few nodes must not pass for a fraction of a call.
    """
    finest = []
    for window, reference in columns:
        values = sorted(v for v in {0.0, *window, *reference} if v is not None and v >= 0)
        values = [v for v in values if v == 0 or v > NEXT_TO_NOTHING * values[-1]]
        gaps = sorted(b - a for a, b in pairwise(values) if b - a > SAME_VALUE * b)
        if gaps:
            finest.append(gaps[len(gaps) // 10])
    finest.sort()
    return finest[len(finest) // 4] if finest else None


def _in_calls(values: Gappy, fill: float, one: float) -> tuple[float, ...]:
    return tuple([(fill if v is None else v if v > 0 else 0.0) / one for v in values])


def surprise(observed: float, expected: float) -> float:
    """Signed root of the Poisson deviance: sigmas by which a count exceeds its expectation.

    McCullagh and Nelder, Generalized Linear Models, 1989, section 2.3. Stays honest for counts of two
    or three, where a normal approximation does not.
    """
    if expected <= 0:
        return 0.0
    part = observed * math.log(observed / expected) if observed > 0 else 0.0
    root = math.sqrt(max(0.0, 2 * (part - (observed - expected))))
    return root if observed > expected else -root


def lost_calls(
    telemetry: Telemetry, calls: Mapping[str, Calls], graph: Graph, rows: Rows
) -> dict[tuple[str, str], float]:
    """Sigmas by which a caller calls a callee less often, per call it serves itself, than it used to."""
    lost = {}
    for caller, callee in graph.edges:
        if caller in calls and callee in calls:
            sigmas = _drop(telemetry, calls[caller], calls[callee], caller, callee, rows)
            if sigmas > 0:
                lost[caller, callee] = sigmas
    return lost


def _drop(
    telemetry: Telemetry, caller: Calls, callee: Calls, caller_node: str, callee_node: str, rows: Rows
) -> float:
    above, below = (telemetry.columns(n, Role.REQUESTS)[0] for n in (caller_node, callee_node))
    window = ratio(telemetry.in_window(below), telemetry.in_window(above))
    before, after = (present(window[i] for i in chosen) for chosen in (rows.before, rows.after))
    if not after or (before and mean(after) >= mean(before)):
        return 0.0
    reference = ratio(telemetry.in_reference(below), telemetry.in_reference(above))
    # A drop is an upward shift of the mirrored series.
    shift = measure_shift(_mirrored(window), _mirrored(reference), rows)
    if shift.sigmas <= 0:
        return 0.0
    expected = -shift.base * _total(caller, rows)
    return min(shift.sigmas, max(0.0, -surprise(_total(callee, rows), expected)))


def _mirrored(values: Sequence[float | None]) -> list[float | None]:
    return [None if v is None else -v for v in values]


def _total(calls: Calls, rows: Rows) -> float:
    return sum(calls.window[i] for i in rows.after)
