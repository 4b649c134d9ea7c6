"""Metric math, against AWS's documentation of its operators and functions."""

from __future__ import annotations

from typing import Any

import pytest

from local.cloudwatch.metric_math import ExpressionError, Inputs, evaluate, references
from local.cloudwatch.periods import Window
from local.cloudwatch.statistics import Sample, UnknownStatistic, statistic

WINDOW = Window(period_s=60, step_s=3, starts=(0, 3, 6))
ERRORS = {0: 1.0, 6: 3.0}
INVOCATIONS = {0: 2.0, 3: 4.0, 6: 4.0}


def value(expression: str) -> Any:
    series = {"errors": ERRORS, "invocations": INVOCATIONS, "none": {}}
    return evaluate(
        expression,
        Inputs(WINDOW, series, metrics=("errors", "invocations"), history={"errors": [2.0, 4.0]}),
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors / invocations", {0: 0.5, 6: 0.75}),
        ("100 * errors / MAX([errors, invocations])", {0: 50.0, 6: 75.0}),
        ("FILL(errors, 0) / invocations", {0: 0.5, 3: 0.0, 6: 0.75}),
        ("FILL(errors, REPEAT)", {0: 1.0, 3: 1.0, 6: 3.0}),
        ("FILL(errors, LINEAR)", {0: 1.0, 3: 2.0, 6: 3.0}),
        ("FILL(none, 0)", {0: 0.0, 3: 0.0, 6: 0.0}),
        ("errors / (invocations - invocations)", {}),
        ("IF(invocations > 3, 1, 0)", {0: 0.0, 3: 1.0, 6: 1.0}),
        ("IF(invocations > 3, errors)", {6: 3.0}),
        ("IF(invocations > 3 AND errors > 2, 1, 0)", {0: 0.0, 6: 1.0}),
        ("IF(invocations > 3 || errors == 1, 1, 0)", {0: 1.0, 6: 1.0}),
        ("SUM(METRICS())", {0: 3.0, 3: 4.0, 6: 7.0}),
        ('SUM(METRICS("err"))', {0: 1.0, 6: 3.0}),
        ("errors * 0 + SUM(errors)", {0: 4.0, 6: 4.0}),
        ("invocations / PERIOD(invocations)", {0: 2 / 60, 3: 4 / 60, 6: 4 / 60}),
        ("RATE(invocations)", {3: 2 / 60, 6: 0.0}),
        ("DIFF(errors)", {6: 2.0}),
        ("RUNNING_SUM(invocations)", {0: 2.0, 3: 6.0, 6: 10.0}),
        ("errors ^ 2", {0: 1.0, 6: 9.0}),
        ("-errors", {0: -1.0, 6: -3.0}),
        ("TIME_SERIES(5)", {0: 5.0, 3: 5.0, 6: 5.0}),
        ("FIRST(METRICS())", ERRORS),
        ("ANOMALY_DETECTION_BAND(errors, 2)", [dict.fromkeys((0, 3, 6), 1.0), dict.fromkeys((0, 3, 6), 5.0)]),
    ],
)
def test_expressions(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression", ["missing / 2", "SEARCH('{AWS/Lambda}')", "errors /", "FILL(errors)", "__import__('os')"]
)
def test_what_aws_would_refuse_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        value(expression)


def test_references_ignore_strings() -> None:
    assert references('IF(m1 > 0, SUM(METRICS("m2")))', ["m1", "m2"]) == ["m1"]


def test_statistics() -> None:
    samples = [Sample(1, number, number, number) for number in (1.0, 2.0, 3.0, 4.0)]
    assert statistic(samples, "Average") == 2.5
    assert statistic(samples, "p50") == 2.5
    assert statistic(samples, "p100") == 4.0
    assert statistic(samples, "tm50") == 1.5
    assert statistic(samples, "IQM") == 2.5
    assert statistic([], "Sum") is None
    assert statistic([Sample(2, 3.0, 1.0, 2.0)], "p99") is None
    with pytest.raises(UnknownStatistic):
        statistic(samples, "Median")
