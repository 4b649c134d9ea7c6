"""Alarm states and reasons, against AWS's documented tables and messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local.cloudwatch.alarm_state import Datapoint, Verdict, evaluation_range, judge

MINUTE = 60
START = int(datetime(2019, 10, 2, 16, 55, tzinfo=UTC).timestamp())


def an_alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Statistic": "Average",
        "Period": MINUTE,
        "EvaluationPeriods": 1,
        "Threshold": 50.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }


def judged(pattern: str, **changes: Any) -> Verdict | None:
    """`0 - X`: within, without data, beyond the threshold; oldest first as in AWS's documentation."""
    values = {"0": 0.0, "X": 99.5, "-": None}
    points = [
        Datapoint(START + i * MINUTE, values[sign], None if sign == "-" else 1.0)
        for i, sign in enumerate(pattern.split())
    ]
    return judge(an_alarm(**changes), points, START + 600)


TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
RETAIN = None


# From "Configuring how CloudWatch alarms treat missing data"; the evaluation range is 5 for 3 periods.
@pytest.mark.parametrize(
    ("to_alarm", "pattern", "states"),
    [
        (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
        (3, "0 - - - -", ("OK", "OK", "OK", "OK")),
        (3, "- - - - -", ("INSUFFICIENT_DATA", RETAIN, "ALARM", "OK")),
        (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "- - X - -", ("ALARM", RETAIN, "ALARM", "OK")),
        (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - X -", ("ALARM", RETAIN, "ALARM", "OK")),
    ],
)
def test_missing_data_is_treated_as_in_the_documented_tables(
    to_alarm: int, pattern: str, states: tuple[str | None, ...]
) -> None:
    for treatment, state in zip(TREATMENTS, states, strict=True):
        verdict = judged(pattern, EvaluationPeriods=3, DatapointsToAlarm=to_alarm, TreatMissingData=treatment)
        assert (verdict.state if verdict else RETAIN) == state, treatment


def test_an_early_breaching_datapoint_does_not_alarm_prematurely() -> None:
    assert judged("- - - - X", EvaluationPeriods=3) is None
    assert judged("- - - X -", EvaluationPeriods=3) is None


def test_alarms_on_dynamodb_ignore_missing_data() -> None:
    assert judged("- -", Namespace="AWS/DynamoDB", TreatMissingData="breaching") is None


def test_the_evaluation_range_of_three_periods_is_five() -> None:
    assert evaluation_range(an_alarm(EvaluationPeriods=3)) == 5


@pytest.mark.parametrize(
    ("pattern", "changes", "reason"),
    [
        (
            "X",
            {"DatapointsToAlarm": 1},
            "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (02/10/19 16:55:00)] was greater than "
            "the threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            "0",
            {"DatapointsToAlarm": 1},
            "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (02/10/19 16:55:00)] was not greater "
            "than the threshold (50.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            "X",
            {},
            "Threshold Crossed: 1 datapoint [99.5 (02/10/19 16:55:00)] was greater than the threshold "
            "(50.0).",
        ),
        (
            "0 0",
            {"EvaluationPeriods": 2, "Threshold": 12345678.0},
            "Threshold Crossed: 2 datapoints [0.0 (02/10/19 16:56:00), 0.0 (02/10/19 16:55:00)] were not "
            "greater than the threshold (1.2345678E7).",
        ),
        (
            "-",
            {"TreatMissingData": "notBreaching"},
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated "
            "as [NonBreaching].",
        ),
        (
            "- -",
            {"EvaluationPeriods": 2, "TreatMissingData": "breaching"},
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were "
            "treated as [Breaching].",
        ),
        (
            "0 - -",
            {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "breaching"},
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated "
            "as [Breaching].",
        ),
        ("-", {}, "Insufficient Data: 1 datapoint was unknown."),
        ("- - -", {"EvaluationPeriods": 3}, "Insufficient Data: 3 datapoints were unknown."),
    ],
)
def test_reasons_are_worded_as_cloudwatch_words_them(
    pattern: str, changes: dict[str, Any], reason: str
) -> None:
    verdict = judged(pattern, **changes)
    assert verdict is not None
    assert verdict.reason == reason


def test_a_band_alarm_names_both_thresholds() -> None:
    point = Datapoint(START, 0.0, 1.0, lower=0.0206, upper=0.3007)
    alarm = an_alarm(
        ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
        ThresholdMetricId="ad1",
        DatapointsToAlarm=1,
    )
    verdict = judge(alarm, [point], START + 70)
    assert verdict is not None
    assert verdict.reason == (
        "Thresholds Crossed: 1 out of the last 1 datapoints [0.0 (02/10/19 16:55:00)] was less than the "
        "lower thresholds [0.0206] or greater than the upper thresholds [0.3007] (minimum 1 datapoint for "
        "OK -> ALARM transition)."
    )
    assert verdict.reason_data["recentLowerThresholds"] == [0.0206]


def test_reason_data_is_cloudwatchs_record() -> None:
    verdict = judged("0 X", EvaluationPeriods=2, DatapointsToAlarm=1, Unit="Percent")
    assert verdict is not None
    assert verdict.reason_data == {
        "version": "1.0",
        "queryDate": "2019-10-02T17:05:00.000+0000",
        "startDate": "2019-10-02T16:55:00.000+0000",
        "unit": "Percent",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [0.0, 99.5],
        "threshold": 50.0,
        "evaluatedDatapoints": [
            {"timestamp": "2019-10-02T16:56:00.000+0000", "sampleCount": 1.0, "value": 99.5}
        ],
    }
