"""Sources are asked at once; what is missing is part of the result."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.domain.case import Case
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing, TransientError
from auto_repair.domain.evidence import Alias, Evidence, MissingEvidence, Window
from auto_repair.domain.incident import ChildAlarm
from auto_repair.domain.question.reading import LONGEST_AGO
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, ResourceSeries
from auto_repair.domain.topology import Edge, Topology
from auto_repair.ports import Target
from auto_repair.use_cases.collect_metrics_and_logs import (
    LONGEST,
    LOOK_BACK,
    OF_ALIAS,
    PATIENT_TRIES,
    WORTH_A_RETRY,
    CollectMetricsAndLogs,
    gather,
)
from auto_repair.use_cases.look_around import REFERENCE, LookAround
from tests.builders import (
    FUNCTION,
    NOW,
    a_configuration,
    a_kill,
    a_policy,
    a_series,
    a_window,
    ago,
    an_alarm,
    an_incident,
    in_turn,
)
from tests.fakes import (
    FakeClock,
    FakeFunctions,
    FakeObservations,
    FakePolicies,
    FakeSource,
    FakeStore,
    FakeTopology,
    behind_alias,
    failing,
    knowing,
)

DENIED = AwsCallFailed("logs", "FilterLogEvents", "AccessDeniedException", "not allowed")
CONFIGURATION = knowing("function_configuration", configuration=a_configuration())
METRICS = knowing("lambda_metrics", series=(a_series("Errors", 3),))


def collect(*sources: FakeSource, attempt: int = 0, **facts: Any) -> tuple[Evidence, list[Target]]:
    """The stored evidence, and what the sources were asked for."""
    asked: list[Target] = []

    def note(target: Target) -> Evidence:
        asked.append(target)
        return Evidence(target.function_name, target.window)

    store, policies = FakeStore(), facts.pop("policies", FakePolicies())
    around = facts.pop("look_around", LookAround(()))
    use_case = CollectMetricsAndLogs(
        (*sources, FakeSource("asked", note)),
        facts.pop("functions", FakeFunctions()),
        policies,
        store,
        FakeClock(),
        lambda: around,
    )
    reference = use_case(Case(an_incident(**facts)), attempt=attempt)
    return store.evidence[reference.ref], asked


def test_sources_make_one_whole() -> None:
    seen, _ = collect(CONFIGURATION, METRICS)
    assert seen.configuration == a_configuration()
    assert seen.metric("Errors").total == 3
    assert seen.missing == ()


def test_alarms_that_a_composite_one_joins_are_evidence() -> None:
    child = ChildAlarm("lambda-errors-alarm-orders", "ALARM", ago(minutes=1), "Threshold Crossed", FUNCTION)
    alarm = replace(an_alarm(), children=(child,), unread=("alarm 'gone' is not there any more",))
    seen, _ = collect(METRICS, alarm=alarm)
    (item,) = [item for item in seen.items if item.source == "alarms"]
    assert item.observed.startswith("lambda-errors-alarm-orders (orders) is in ALARM since ")
    assert MissingEvidence("alarms", "alarm 'gone' is not there any more") in seen.missing


def test_window_reaches_back_to_the_first_of_the_joined_alarms() -> None:
    seen, _ = collect(METRICS, alarm=replace(an_alarm(), began=ago(minutes=40)))
    assert seen.window.start == ago(minutes=40) - LOOK_BACK


def test_failing_source_is_recorded_as_missing() -> None:
    seen, _ = collect(CONFIGURATION, failing("lambda_logs", DENIED))
    assert [gap.source for gap in seen.missing] == ["lambda_logs"]
    assert "AccessDeniedException" in seen.missing[0].reason
    assert seen.configuration is not None


@pytest.mark.parametrize("source", WORTH_A_RETRY)
def test_passing_error_of_a_central_source_is_worth_a_retry(source: str) -> None:
    with pytest.raises(TransientError):
        collect(failing(source, TransientError("throttled")))


def test_passing_error_that_stays_is_missing_evidence() -> None:
    seen, _ = collect(failing("lambda_logs", TransientError("throttled")), attempt=PATIENT_TRIES)
    assert seen.lacks("lambda_logs")


def test_passing_error_of_a_minor_source_is_not_waited_for() -> None:
    seen, _ = collect(failing("xray_traces", TransientError("throttled")))
    assert seen.lacks("xray_traces")


def test_slow_source_is_left_behind() -> None:
    done = threading.Event()

    def hang(_target: Target) -> Evidence:
        done.wait(5)
        return Evidence(FUNCTION, a_window())

    try:
        whole = gather(
            (METRICS, FakeSource("lambda_logs", hang)), Target(FUNCTION, a_window()), deadline_s=0.05
        )
    finally:
        done.set()
    assert whole.lacks("lambda_logs")
    assert "no answer within" in whole.missing[0].reason
    assert whole.metric("Errors").total == 3


def test_no_sources_at_all() -> None:
    assert gather((), Target(FUNCTION, a_window())).function_name == FUNCTION


def test_window_begins_before_the_alarm_and_ends_now() -> None:
    _, (target,) = collect()
    assert target.window.start == an_alarm().changed_at - LOOK_BACK
    assert NOW <= target.window.end <= NOW + timedelta(seconds=1)
    assert target.history


def test_alarm_from_the_future_does_not_turn_the_window_round() -> None:
    _, (target,) = collect(alarm=an_alarm(changed_at=NOW + timedelta(days=3)))
    assert target.window.seconds == pytest.approx(LOOK_BACK.total_seconds())


@pytest.mark.parametrize("days", [2, 400, 700_000])
def test_alarm_from_long_ago_does_not_make_the_window_endless(days: int) -> None:
    _, (target,) = collect(alarm=an_alarm(changed_at=NOW - timedelta(days=days)))
    assert target.window.seconds == pytest.approx((LONGEST + LOOK_BACK).total_seconds())


def test_alarm_from_long_ago_is_compared_with_the_hour_before_the_window() -> None:
    seen, _ = collect(look_around=LookAround(()), resource=API.id, alarm=an_alarm(changed_at=ago(hours=9)))
    assert seen.surroundings is not None
    assert seen.surroundings.scope.reference == Window(seen.window.start - REFERENCE, seen.window.start)
    assert seen.missing == ()


@pytest.mark.parametrize("since", [ago(minutes=20), ago(hours=3), ago(hours=3, minutes=14)])
def test_window_that_reaches_back_to_what_a_person_named_leaves_nothing_out(since: datetime) -> None:
    seen, _ = collect(look_around=LookAround(()), resource=API.id, alarm=None, since=since)
    assert seen.surroundings is not None
    assert seen.window.start <= since
    assert seen.surroundings.scope.reference == Window(seen.window.start - REFERENCE, seen.window.start)
    assert seen.missing == ()


@pytest.mark.parametrize("since", [ago(hours=5), ago(days=1), ago(days=14)])
def test_trouble_older_than_the_window_is_compared_with_the_hour_before_it_began(since: datetime) -> None:
    """Else the reference lies inside the trouble, and all is as it used to be."""
    seen, _ = collect(look_around=LookAround(()), resource=API.id, alarm=None, since=since)
    assert seen.surroundings is not None
    assert seen.window.seconds == pytest.approx((LONGEST + LOOK_BACK).total_seconds())
    reference = seen.surroundings.scope.reference
    assert reference.end < since
    assert reference.seconds == REFERENCE.total_seconds()
    (gap,) = seen.missing
    told = f"{since:%Y-%m-%d %H:%M} to {seen.window.start:%Y-%m-%d %H:%M} UTC was not looked at in full"
    reason = f"{told}: metrics and logs are read of the last 3 hours"
    assert gap == MissingEvidence("window", reason, partly=True)  # nobody can make it readable


def test_what_was_left_out_is_said_of_a_function_too() -> None:
    seen, _ = collect(CONFIGURATION, METRICS, alarm=None, since=ago(hours=5))
    assert [gap.source for gap in seen.missing] == ["window"]


def test_trouble_that_nobody_can_remember_does_not_make_the_reads_endless() -> None:
    since = datetime(1999, 1, 1, tzinfo=UTC)
    seen, _ = collect(look_around=LookAround(()), resource=API.id, alarm=None, since=since)
    assert seen.surroundings is not None
    assert seen.surroundings.scope.reference.start >= NOW - LONGEST_AGO - timedelta(hours=2)


def test_alias_of_the_alarm_beats_the_alias_of_the_policy() -> None:
    policies = FakePolicies({FUNCTION: a_policy(alias="live")})
    assert collect(policies=policies)[1][0].alias == "live"
    assert collect(policies=policies, alias="blue")[1][0].alias == "blue"
    assert collect()[1][0].alias is None


def test_version_that_the_logged_runs_were_of_is_the_one_callers_reach() -> None:
    function = behind_alias("live")
    functions = FakeFunctions(function)
    functions.deploy("code-2")
    seen, _ = collect(
        knowing(
            "function_configuration",
            configuration=function.latest,
            aliases=(Alias("live", "1"),),
        ),
        knowing("lambda_logs", invocations=in_turn([a_kill(version="1")] * 3)),
        functions=functions,
    )
    assert seen.alias == "live"
    assert seen.configuration == function.versions["1"]
    assert seen.latest == function.latest


@pytest.mark.parametrize("source", OF_ALIAS)
def test_callers_and_sources_are_asked_of_the_alias_that_the_logged_runs_tell(source: str) -> None:
    function, asked = behind_alias("live"), list[str | None]()

    def note(target: Target) -> Evidence:
        asked.append(target.alias)
        return Evidence(target.function_name, target.window)

    known = knowing("function_configuration", configuration=function.latest, aliases=(Alias("live", "1"),))
    logged = knowing("lambda_logs", invocations=in_turn([a_kill(version="1")] * 3))
    collect(FakeSource(source, note), known, logged, functions=FakeFunctions(function))
    collect(FakeSource(source, note), CONFIGURATION)
    collect(FakeSource(source, note), CONFIGURATION, alias="blue")
    assert asked == ["live", None, "blue"]


def test_latest_stays_latest() -> None:
    seen, _ = collect(CONFIGURATION, knowing("lambda_logs", invocations=in_turn([a_kill()])))
    assert (seen.alias, seen.configuration) == (None, a_configuration())


def test_known_alias_needs_no_guess() -> None:
    live = replace(a_configuration(), version="7")
    seen, _ = collect(
        knowing("function_configuration", configuration=live),
        knowing("lambda_logs", invocations=in_turn([a_kill(version="6")])),
        alias="live",
    )
    assert seen.configuration == live


def test_version_that_is_gone_leaves_the_configuration_unknown() -> None:
    """Repairing `$LATEST` for the callers of a version would help nobody."""
    seen, _ = collect(CONFIGURATION, knowing("lambda_logs", invocations=in_turn([a_kill(version="3")])))
    assert seen.configuration is None
    assert seen.lacks("function_configuration")


def test_function_that_is_gone_is_missing_evidence() -> None:
    seen, _ = collect(failing("function_configuration", ResourceMissing("Function not found: orders")))
    assert seen.lacks("function_configuration")


API, HEART = Resource("apigateway", "a1b2c3", title="image-api"), Resource("lambda", FUNCTION)
BUCKET = Resource("s3", "images")
AROUND = FakeTopology(
    {
        API.id: Topology((API, HEART), (Edge(API.id, HEART.id, "integration"),)),
        HEART.id: Topology((HEART, BUCKET), (Edge(HEART.id, BUCKET.id, "environment variable"),)),
    }
)
SERIES = ResourceSeries(API.id, "5XXError / Count", "Sum", MetricRole.AVAILABILITY)


def test_what_works_with_the_alarmed_resource_is_observed_too() -> None:
    watching = FakeObservations(Observation(series=(SERIES,)))
    seen, _ = collect(CONFIGURATION, look_around=LookAround((AROUND,), (watching,)), resource=API.id)
    around = seen.surroundings
    assert around is not None
    assert [r.id for r in around.scope.resources] == [API.id, HEART.id, BUCKET.id]
    assert around.series == (SERIES,)
    assert around.scope.symptom.resource == API.id
    assert around.scope.reference.end == around.scope.window.start == seen.window.start
    assert watching.asked == [around.scope]


def test_alarm_on_the_function_itself_looks_no_further_yet() -> None:
    watching = FakeObservations()
    seen, _ = collect(CONFIGURATION, look_around=LookAround((AROUND,), (watching,)), alarm=an_alarm())
    assert seen.surroundings is None
    assert watching.asked == []


def test_surroundings_that_cannot_be_read_are_missing_and_no_more() -> None:
    broken = LookAround((FakeTopology(error=DENIED),), (FakeObservations(error=DENIED),))
    seen, _ = collect(CONFIGURATION, METRICS, look_around=broken, resource=API.id)
    assert seen.missing == ()
    assert seen.surroundings is not None
    assert {gap.source for gap in seen.surroundings.missing} == {"fake_topology", "fake_observations"}


def test_without_a_function_only_the_surroundings_are_asked() -> None:
    seen, asked = collect(
        CONFIGURATION, look_around=LookAround((AROUND,)), function_name=API.id, resource=API.id
    )
    assert asked == []
    assert seen.surroundings is not None
    assert seen.function_name == API.id
