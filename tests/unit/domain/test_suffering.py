"""Whether the alarmed resource does worse than it used to, and since when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.domain.suffering import suffering, unusual_since, well_until, worst_loss
from auto_repair.domain.surroundings import MetricRole, ResourceSeries
from tests.builders import NOW, ago, some_surroundings

API = "apigateway:a1b2c3"


def series(role: MetricRole, *values: float, resource: str = API) -> ResourceSeries:
    """A value a minute, the last one for the minute before NOW."""
    times = tuple((NOW - timedelta(minutes=len(values) - i)).timestamp() for i in range(len(values)))
    return ResourceSeries(resource, "a metric", "Sum", role, "ms", 60, times, values)


def availability(*values: float, resource: str = API) -> ResourceSeries:
    return series(MetricRole.AVAILABILITY, *values, resource=resource)


@pytest.mark.parametrize(
    ("values", "began"),
    [
        ((1.0, 1.0, 0.2, 0.1), 2),
        ((1.0, 0.2, 1.0, 1.0, 0.3), 1),  # an earlier trouble was over
        ((1.0, 0.2, 0.1, 1.0), 3),  # it is just over: the last trouble counts
    ],
)
def test_trouble_begins_after_the_last_good_period(values: tuple[float, ...], began: int) -> None:
    around = some_surroundings(series=(availability(*values),))
    assert well_until(around) == ago(minutes=began)


@pytest.mark.parametrize("values", [(), (1.0, 1.0), (0.2, 0.1)])
def test_nobody_knows_when_it_began(values: tuple[float, ...]) -> None:
    assert well_until(some_surroundings(series=(availability(*values),))) is None


@pytest.mark.parametrize(
    ("role", "values", "minutes"),
    [
        (MetricRole.LATENCY, [100.0] * 40 + [90.0, 400.0, 110.0, 900.0], 3),
        (MetricRole.SATURATION, [0.0] * 40 + [0.0, 5.0, 80.0], 2),  # an age that was none so far
        (MetricRole.LATENCY, [100.0] * 40 + [120.0, 149.0], None),
        (MetricRole.LATENCY, [900.0] * 5, None),  # nothing to compare with
        (MetricRole.OTHER, [1.0] * 40 + [900.0], None),
    ],
)
def test_first_period_beyond_the_usual(role: MetricRole, values: list[float], minutes: int | None) -> None:
    around = some_surroundings(series=(series(role, *values),))
    symptom = replace(around.scope.symptom, role=role)
    around = replace(around, scope=replace(around.scope, symptom=symptom))
    assert unusual_since(around) == (ago(minutes=minutes) if minutes else None)


def test_only_the_alarmed_resource_counts() -> None:
    others = some_surroundings(series=(availability(1.0, 0.1, resource="s3:images"),))
    assert well_until(others) is None
    assert worst_loss(others) == 0.0
    assert suffering(others) == []


def test_worst_loss_is_of_the_window() -> None:
    values = [0.3, *[1.0] * 30, 0.6, 0.9]  # the first one lies in the reference
    assert worst_loss(some_surroundings(series=(availability(*values),))) == pytest.approx(0.4)


def test_latency_far_beyond_the_usual_is_suffering() -> None:
    around = some_surroundings(series=(series(MetricRole.LATENCY, *[100.0] * 40, 900.0),))
    assert suffering(around) == ["apigateway:image-api takes up to 900 ms (a metric), 100 before"]
    usual = some_surroundings(series=(series(MetricRole.LATENCY, *[100.0] * 40, 120.0),))
    assert suffering(usual) == []
