"""From observations to the engine and back: what is found is worded for people and cites its evidence."""

from dataclasses import replace
from datetime import timedelta

from auto_repair.domain.surroundings import (
    MetricRole,
    ResourceChange,
    ResourceSeries,
    ResourceSignature,
    Surroundings,
)
from auto_repair.root_cause.around import causes_around, investigation_of
from tests.builders import FUNCTION, NOW, ago, some_surroundings

API, LAMBDA, BUCKET = "apigateway:a1b2c3", f"lambda:{FUNCTION}", "s3:images"
BROKE = ago(minutes=5)
PUT = ResourceChange(
    BUCKET, BROKE, "PutBucketPolicy", "deployer/ci", "policy replaced", "change_journal", "event-1"
)
REFUSED = ResourceSignature(
    LAMBDA,
    "AccessDenied when calling ListObjectsV2",
    BROKE + timedelta(seconds=20),
    NOW,
    count=25,
    names=BUCKET,
)


def series(resource: str, metric: str, role: MetricRole, usual: float, broken: float) -> ResourceSeries:
    """An hour and a quarter of minutes; `broken` from five minutes ago on."""
    times = [ago(minutes=m).timestamp() for m in range(75, 0, -1)]
    wobble = (0.0, 0.01, -0.01)
    values = [broken if t >= BROKE.timestamp() else usual * (1 + wobble[i % 3]) for i, t in enumerate(times)]
    return ResourceSeries(resource, metric, "Average", role, times=tuple(times), values=tuple(values))


def broken_api(**facts: object) -> Surroundings:
    observed = (
        series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 0.1),
        series(API, "Count", MetricRole.REQUESTS, 60, 61),
        series(LAMBDA, "Errors / Invocations", MetricRole.AVAILABILITY, 1.0, 1.0),
        series(LAMBDA, "Invocations", MetricRole.REQUESTS, 60, 61),
    )
    return replace(some_surroundings(), series=observed, **facts)  # type: ignore[arg-type]


def test_change_two_hops_away_is_the_cause() -> None:
    best, *_ = causes_around(broken_api(changes=(PUT,), signatures=(REFUSED,)))
    assert (best.failure_mode, best.resource) == ("neighbour_changed", BUCKET)
    assert best.id == "neighbour_changed@s3:images"
    assert best.title == "PutBucketPolicy on s3:images"
    assert best.path == (BUCKET, LAMBDA, API)
    assert best.since == BROKE
    assert best.because[0].text == (
        f"PutBucketPolicy: policy replaced at {BROKE:%Y-%m-%d %H:%M:%S} UTC by deployer/ci"
    )
    assert best.because[0].evidence == ("change.event-1",)
    assert any("25 times" in reason.text for reason in best.because)
    assert best.confidence > 0.5


def test_our_own_repair_is_no_suspect() -> None:
    given = investigation_of(broken_api(changes=(replace(PUT, ours=True), PUT)))
    assert len(given.changes) == 1


def test_quiet_surroundings_have_no_cause() -> None:
    well = series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 1.0)
    assert causes_around(replace(broken_api(), series=(well,))) == ()


def test_reference_and_window_are_kept_apart() -> None:
    given = investigation_of(broken_api())
    start = given.window.timestamps[0]
    assert start >= some_surroundings().scope.window.start.timestamp()
    assert given.reference.timestamps[-1] < start
    assert len(given.reference.timestamps) == 60
    assert given.alarm.node == API


def test_nothing_observed_is_no_cause_and_no_crash() -> None:
    assert causes_around(some_surroundings()) == ()
