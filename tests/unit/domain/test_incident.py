"""Incidents are named by what happened, not by how often it was told."""

import re
from datetime import timedelta

import pytest

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


def test_trouble_of_a_composite_alarm_began_before_it_fired() -> None:
    incident = an_incident(alarm=an_alarm(began=ago(minutes=9)))
    assert (incident.started_at, incident.alarmed_at) == (ago(minutes=9), ago(minutes=2))
    assert an_incident(alarm=None).alarmed_at == NOW


@pytest.mark.parametrize("name", ["alarm:Küche, 5XX (all)", "apigateway:my shop's API", "events:bus/rule"])
def test_incident_id_is_fit_for_files_and_shells_whatever_it_is_about(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", incident_id(name, NOW, "arn"))


def test_first_metric_of_an_alarm_names_the_function() -> None:
    metrics = (
        AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "orders"}),
        AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": "payments", "Resource": "payments:live"}),
    )
    assert an_alarm(metrics=metrics).dimensions == {"FunctionName": "orders", "Resource": "payments:live"}
