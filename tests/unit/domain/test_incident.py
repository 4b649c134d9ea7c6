"""Incidents are named by what happened, not by how often it was told."""

from datetime import timedelta

from auto_repair.domain.incident import AlarmMetric, incident_id
from tests.builders import (
    NOW,
    ago,
    an_alarm,
    an_incident,
)


def test_incident_id_is_readable_and_repeatable() -> None:
    one = incident_id("orders", NOW, "arn")
    assert one.startswith("20260131T120000Z-orders-")
    assert one == incident_id("orders", NOW, "arn")
    others = {
        incident_id("orders", NOW, "other arn"),
        incident_id("payments", NOW, "arn"),
        incident_id("orders", NOW + timedelta(milliseconds=1), "arn"),
    }
    assert len({one, *others}) == 4
    assert len(incident_id("f" * 64, NOW, "arn")) < 80


def test_trouble_began_with_the_alarm() -> None:
    assert an_incident().started_at == ago(minutes=2)
    assert an_incident(alarm=None).started_at == NOW


def test_first_metric_of_an_alarm_names_the_function() -> None:
    metrics = (
        AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}),
        AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "payments", "Resource": "payments:live"}),
    )
    assert an_alarm(metrics=metrics).dimensions == {"FunctionName": "orders", "Resource": "payments:live"}
