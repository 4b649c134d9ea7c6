"""CloudWatch metric math: expressions over time series.

Supported is what can be computed from the series at hand; SEARCH, Metrics Insights (SQL) and
INSIGHT_RULE_METRIC are refused.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from local.cloudwatch.periods import Series, Window

Value = float | Series | list[Series]


class ExpressionError(ValueError):
    """An expression CloudWatch would refuse, or one that is not supported here."""


@dataclass(frozen=True)
class Inputs:
    """What an expression may refer to.

    series: values by query id, expressions already evaluated included. metrics: the ids that METRICS() stands
    for. history: earlier values of a metric, for the anomaly band.
    """

    window: Window
    series: Mapping[str, Value]
    metrics: Sequence[str] = ()
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)


def evaluate(expression: str, inputs: Inputs) -> Value:
    """The value of an expression. ExpressionError if it has none."""
    try:
        tree = ast.parse(_as_python(expression), mode="eval")
    except SyntaxError:
        raise ExpressionError(f"Syntax error in expression '{expression}'") from None
    return _Evaluator(inputs).value(tree.body)


def references(expression: str, ids: Sequence[str]) -> list[str]:
    """The ids among `ids` that an expression names, METRICS() not resolved."""
    names = set(re.findall(r"[a-z]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", expression)))
    return [name for name in ids if name in names]


def _as_python(expression: str) -> str:
    """CloudWatch's operators in Python's spelling; strings stay as they are."""
    spelling = {"^": "**", "&&": " and ", "||": " or ", "AND": " and ", "OR": " or "}

    def translate(match: re.Match[str]) -> str:
        return spelling.get(match[0], match[0])

    return re.sub(r"\"[^\"]*\"|'[^']*'|&&|\|\||\^|\bAND\b|\bOR\b", translate, expression).strip()


_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "STDDEV": statistics.pstdev,
}
_POINTWISE: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": math.log,
    "LOG10": math.log10,
}


class _Evaluator:
    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name):
            return self._series(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
            return _combine(operator.mul, sign, self.value(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _combine(_BINARY[type(node.op)], self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            compare = _COMPARE[type(node.ops[0])]
            return _combine(
                lambda a, b: float(compare(a, b)), self.value(node.left), self.value(node.comparators[0])
            )
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        if isinstance(node, ast.List):
            return [_one_series(self.value(item)) for item in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node.func.id, node.args)
        raise ExpressionError(f"Unsupported expression: {ast.unparse(node)}")

    def _series(self, name: str) -> Value:
        if name not in self._inputs.series:
            raise ExpressionError(f"Undefined metric: {name}")
        return self._inputs.series[name]

    def _logic(self, node: ast.BoolOp) -> Value:
        def both(a: float, b: float) -> float:
            return float(bool(a) and bool(b) if isinstance(node.op, ast.And) else bool(a) or bool(b))

        result = self.value(node.values[0])
        for operand in node.values[1:]:
            result = _combine(both, result, self.value(operand))
        return result

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        if name in _AGGREGATES:
            return _aggregate(_AGGREGATES[name], self.value(arguments[0]))
        if name in _POINTWISE:
            return _map(_POINTWISE[name], self.value(arguments[0]))
        if name not in _FUNCTIONS:
            raise ExpressionError(f"Unsupported function: {name}")
        try:
            return _FUNCTIONS[name](self, *arguments)
        except TypeError:
            raise ExpressionError(f"Wrong number of arguments for {name}") from None

    def _metrics(self, pattern: ast.expr | None = None) -> Value:
        text = str(pattern.value) if isinstance(pattern, ast.Constant) else ""
        return [_one_series(self._series(name)) for name in self._inputs.metrics if text in name]

    def _metric_count(self, array: ast.expr) -> Value:
        return float(len(_as_list(self.value(array))))

    def _fill(self, filled: ast.expr, filler: ast.expr) -> Value:
        how: Value | str
        if isinstance(filler, ast.Name) and filler.id in ("REPEAT", "LINEAR"):
            how = filler.id
        else:
            how = self.value(filler)
        value = self.value(filled)
        if isinstance(value, list):
            return [self._filled(series, how) for series in value]
        return self._filled(_one_series(value), how)

    def _filled(self, series: Series, how: Value | str) -> Series:
        result = {}
        for at in self._inputs.window.starts:
            value = series.get(at, _filler(series, at, how))
            if value is not None:
                result[at] = value
        return result

    def _if(self, condition: ast.expr, then: ast.expr, otherwise: ast.expr | None = None) -> Value:
        test = self.value(condition)
        yes = self.value(then)
        no: Value = self.value(otherwise) if otherwise is not None else {}
        if isinstance(test, float):
            return yes if test else no
        result = {}
        for at, holds in _one_series(test).items():
            value = _at(yes if holds else no, at)
            if value is not None:
                result[at] = value
        return result

    def _period(self, metric: ast.expr) -> Value:
        self.value(metric)
        return float(self._inputs.window.period_s)

    def _rate(self, metric: ast.expr) -> Value:
        return self._differences(metric, per_second=True)

    def _diff(self, metric: ast.expr) -> Value:
        return self._differences(metric, per_second=False)

    def _differences(self, metric: ast.expr, *, per_second: bool) -> Value:
        """Between each datapoint and the one before it; seconds count on the unscaled clock."""
        window = self._inputs.window

        def of(series: Series) -> Series:
            times = sorted(series)
            return {
                at: (series[at] - series[before])
                / ((at - before) / window.step_s * window.period_s if per_second else 1)
                for before, at in itertools.pairwise(times)
            }

        return _each(of, self.value(metric))

    def _running_sum(self, metric: ast.expr) -> Value:
        def of(series: Series) -> Series:
            times = sorted(series)
            return {at: math.fsum(series[time] for time in times[: i + 1]) for i, at in enumerate(times)}

        return _each(of, self.value(metric))

    def _datapoint_count(self, metric: ast.expr) -> Value:
        return _aggregate(lambda values: float(len(values)), self.value(metric))

    def _first(self, array: ast.expr) -> Value:
        return _edge(self.value(array), 0)

    def _last(self, array: ast.expr) -> Value:
        return _edge(self.value(array), -1)

    def _remove_empty(self, array: ast.expr) -> Value:
        return [series for series in _as_list(self.value(array)) if series]

    def _time_series(self, scalar: ast.expr) -> Value:
        number = self.value(scalar)
        if not isinstance(number, float):
            raise ExpressionError("TIME_SERIES expects a number")
        return dict.fromkeys(self._inputs.window.starts, number)

    def _anomaly_detection_band(self, metric: ast.expr, deviations: ast.expr | None = None) -> Value:
        """Mean ± k standard deviations of the metric's history: a stand-in for AWS's trained model."""
        name = metric.id if isinstance(metric, ast.Name) else ""
        width = self.value(deviations) if deviations is not None else 2.0
        past = self._inputs.history.get(name, ())
        if len(past) < 2 or not isinstance(width, float):
            return [{}, {}]
        mean, spread = statistics.fmean(past), statistics.pstdev(past) * width
        starts = self._inputs.window.starts
        return [dict.fromkeys(starts, mean - spread), dict.fromkeys(starts, mean + spread)]


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "METRICS": _Evaluator._metrics,
    "METRIC_COUNT": _Evaluator._metric_count,
    "FILL": _Evaluator._fill,
    "IF": _Evaluator._if,
    "PERIOD": _Evaluator._period,
    "RATE": _Evaluator._rate,
    "DIFF": _Evaluator._diff,
    "RUNNING_SUM": _Evaluator._running_sum,
    "DATAPOINT_COUNT": _Evaluator._datapoint_count,
    "FIRST": _Evaluator._first,
    "LAST": _Evaluator._last,
    "REMOVE_EMPTY": _Evaluator._remove_empty,
    "TIME_SERIES": _Evaluator._time_series,
    "ANOMALY_DETECTION_BAND": _Evaluator._anomaly_detection_band,
}


def _combine(operation: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply an operator; a datapoint missing on either side, or without a result, stays missing."""
    if isinstance(left, list):
        return [_one_series(_combine(operation, series, right)) for series in left]
    if isinstance(right, list):
        return [_one_series(_combine(operation, left, series)) for series in right]
    if isinstance(left, float) and isinstance(right, float):
        result = _safe(operation, left, right)
        if result is None:
            raise ExpressionError("The expression has no value")
        return result
    times = set(left) if isinstance(left, dict) else set(right) if isinstance(right, dict) else set()
    combined: Series = {}
    for at in times:
        a, b = _at(left, at), _at(right, at)
        value = _safe(operation, a, b) if a is not None and b is not None else None
        if value is not None:
            combined[at] = value
    return combined


def _safe(operation: Callable[..., float], *operands: float) -> float | None:
    try:
        value = operation(*operands)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _at(value: Value, at: int) -> float | None:
    return value.get(at) if isinstance(value, dict) else value if isinstance(value, float) else None


def _filler(series: Series, at: int, how: Value | str) -> float | None:
    if not isinstance(how, str):
        return _at(how, at)
    before = max((time for time in series if time < at), default=None)
    after = min((time for time in series if time > at), default=None)
    if before is None or (how == "LINEAR" and after is None):
        return None
    if how == "REPEAT" or after is None:
        return series[before]
    return series[before] + (series[after] - series[before]) * (at - before) / (after - before)


def _aggregate(function: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Over time for one series (a number), across an array of series for each time (a series)."""
    if isinstance(value, float):
        return value
    if isinstance(value, dict):
        return function(list(value.values())) if value else {}
    times = sorted({at for series in value for at in series})
    return {at: function([series[at] for series in value if at in series]) for at in times}


def _each(function: Callable[[Series], Series], value: Value) -> Value:
    return [function(series) for series in value] if isinstance(value, list) else function(_one_series(value))


def _map(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, float):
        return float(function(value))

    def of(series: Series) -> Series:
        mapped = ((at, _safe(function, number)) for at, number in series.items())
        return {at: number for at, number in mapped if number is not None}

    return _each(of, value)


def _edge(value: Value, index: int) -> Value:
    if isinstance(value, list):
        return value[index] if value else {}
    series = _one_series(value)
    return series[sorted(series)[index]] if series else {}


def _as_list(value: Value) -> list[Series]:
    return value if isinstance(value, list) else [_one_series(value)]


def _one_series(value: Value) -> Series:
    if not isinstance(value, dict):
        raise ExpressionError("A single time series is expected")
    return value
