"""Whom it hurts: what was measured, what only follows, since when, and how many calls."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Window
from auto_repair.domain.impact import Basis, Impact, impact
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, ResourceSeries, Scope, Surroundings, Symptom
from auto_repair.domain.topology import Edge, Topology
from tests.builders import a_window, ago

API, FUNCTION, BUCKET, OTHER, CRON = (
    "apigateway:shop",
    "lambda:orders",
    "s3:images",
    "lambda:report",
    "events:d/nightly",
)
EDGES = ((API, FUNCTION), (FUNCTION, BUCKET), (OTHER, BUCKET), (CRON, OTHER))
BEFORE, WITHIN = 60, 15  # minutes


def around(*known: ResourceSeries, edges: tuple[tuple[str, str], ...] = EDGES) -> Surroundings:
    names = dict.fromkeys(name for edge in edges for name in edge)
    topology = Topology(
        tuple(Resource(*name.split(":", 1)) for name in names), tuple(Edge(a, b, "test") for a, b in edges)
    )
    scope = Scope(
        Symptom(API, MetricRole.AVAILABILITY, ago(minutes=2)),
        topology,
        a_window(WITHIN),
        Window(ago(minutes=BEFORE + WITHIN), ago(minutes=WITHIN)),
    )
    return Surroundings(scope, known)


def series(resource: str, role: MetricRole, before: float, *within: float, unit: str = "") -> ResourceSeries:
    """By the minute: `before` in the reference, then `within`, the last of which goes on until now."""
    values = (before,) * BEFORE + within + (within[-1],) * (WITHIN - len(within))
    start = ago(minutes=BEFORE + WITHIN).timestamp()
    times = tuple(start + 60 * i for i in range(len(values)))
    return ResourceSeries(resource, role.value, "Average", role, unit, 60, times, values)


def good(resource: str, before: float, *within: float) -> ResourceSeries:
    return series(resource, MetricRole.AVAILABILITY, before, *within)


def calls(resource: str, count: float) -> ResourceSeries:
    return series(resource, MetricRole.REQUESTS, count, count)


def names(found: Impact) -> list[str]:
    return [one.resource for one in found.affected]


class TestMeasured:
    def test_failed_calls_since_the_onset(self) -> None:
        (bucket, api) = impact(
            around(good(API, 1.0, 1.0, 1.0, 0.6), calls(API, 50), edges=((API, BUCKET),)), BUCKET
        ).affected
        assert (api.resource, api.basis, api.is_entry) == (API, Basis.MEASURED, True)
        assert api.since == ago(minutes=WITHIN - 2)
        assert api.calls == 13 * 50
        assert api.failed == pytest.approx(13 * 50 * 0.4)
        assert api.text == f"{API}: 260 of 650 calls failed since {api.since:%H:%M} UTC (measured)"
        assert bucket.text == f"{BUCKET}: held responsible (inferred)"

    def test_failures_of_ordinary_times_are_told_apart(self) -> None:
        found = impact(
            around(good(API, 0.98, 0.5), calls(API, 100), edges=((API, BUCKET),)), BUCKET
        ).affected[1]
        assert found.usual == pytest.approx(0.02 * found.calls if found.calls else 0)
        well = impact(around(good(API, 0.98, 0.978), calls(API, 100), edges=((API, BUCKET),)), BUCKET)
        assert well.spared == (API,)

    def test_recovery_does_not_go_on_counting(self) -> None:
        found = impact(around(good(API, 1.0, 0.0, 0.0, 1.0), calls(API, 10), edges=((API, BUCKET),)), BUCKET)
        assert found.failed_calls == pytest.approx(20)

    def test_slow_calls(self) -> None:
        latency = series(API, MetricRole.LATENCY, 100.0, 100.0, 300.0)
        (_, api) = impact(around(latency, calls(API, 10), edges=((API, BUCKET),)), BUCKET).affected
        assert (api.failed, api.slow) == (None, 140)
        assert api.text.startswith(f"{API}: 140 calls were slow since ")

    def test_one_slow_period_is_no_harm(self) -> None:
        blip = series(API, MetricRole.LATENCY, 100.0, 300.0, 100.0)
        assert impact(around(blip, edges=((API, BUCKET),)), BUCKET).spared == (API,)

    def test_failures_that_nobody_counted(self) -> None:
        (_, api) = impact(around(good(API, 1.0, 0.5), edges=((API, BUCKET),)), BUCKET).affected
        assert (api.basis, api.failed) == (Basis.MEASURED, None)
        assert api.text == f"{API}: calls fail (measured)"

    def test_rates_are_counted_as_calls(self) -> None:
        rate = series(API, MetricRole.REQUESTS, 2.0, 2.0, unit="1/s")
        found = impact(around(good(API, 1.0, 0.0), rate, edges=((API, BUCKET),)), BUCKET)
        assert found.failed_calls == WITHIN * 60 * 2


class TestInferred:
    def test_all_that_need_the_cause_nearest_first(self) -> None:
        found = impact(around(), BUCKET)
        assert names(found) == [BUCKET, FUNCTION, OTHER, API, CRON]
        assert {one.basis for one in found.affected} == {Basis.INFERRED}
        assert [one.resource for one in found.entry_points] == [API, CRON]
        assert (found.failed_calls, found.since) == (None, None)

    def test_whoever_is_well_is_spared_and_shields_others(self) -> None:
        found = impact(around(good(OTHER, 1.0, 1.0)), BUCKET)
        assert found.spared == (OTHER,)
        assert names(found) == [BUCKET, FUNCTION, API]

    def test_a_function_that_catches_the_error_hands_it_on(self) -> None:
        # Errors of the function stay at zero, only the API answers 500.
        found = impact(around(good(FUNCTION, 1.0, 1.0), good(API, 1.0, 0.5), calls(API, 10)), BUCKET)
        by_name = {one.resource: one for one in found.affected}
        assert by_name[FUNCTION].basis is Basis.INFERRED
        assert "those that need it fail" in by_name[FUNCTION].text
        assert by_name[API].basis is Basis.MEASURED
        assert found.spared == ()

    def test_what_nobody_calls_is_an_entry_point_itself(self) -> None:
        found = impact(around(), API)
        assert names(found) == [API]
        assert found.affected[0].is_entry

    def test_circles_end(self) -> None:
        found = impact(around(edges=((API, FUNCTION), (FUNCTION, API))), API)
        assert names(found) == [API, FUNCTION]
        assert found.entry_points == ()

    def test_a_cause_that_nobody_knows(self) -> None:
        assert names(impact(around(), "sqs:unheard-of")) == ["sqs:unheard-of"]


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1), max_size=5),
)
def test_everything_that_needs_the_cause_is_in_exactly_one_place(
    edges: list[tuple[str, str]], shares: dict[str, float]
) -> None:
    named = tuple((f"lambda:{a}", f"lambda:{b}") for a, b in edges)
    known = [good(f"lambda:{name}", 1.0, share) for name, share in shares.items()]
    seen = around(*known, edges=named)
    found = impact(seen, "lambda:a")
    told = [*names(found), *found.spared]
    assert len(told) == len(set(told))
    assert set(told) <= {"lambda:a", *seen.scope.topology.upstream("lambda:a")}
    harmed = {f"lambda:{name}" for name, share in shares.items() if share < 0.99}
    assert harmed & {"lambda:a", *seen.scope.topology.upstream("lambda:a")} <= set(names(found))
    assert found.since is None or found.since >= seen.scope.window.start - timedelta(seconds=1)
