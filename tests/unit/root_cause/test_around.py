"""From observations to the engine and back: what is found is worded for people and cites its evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.domain.diagnosis import Hypothesis, InquiryOutcome
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import (
    GROWTH,
    RETENTION,
    MetricRole,
    ResourceChange,
    ResourceSeries,
    ResourceSignature,
    Surroundings,
)
from auto_repair.domain.topology import Edge
from auto_repair.root_cause.around import inquire, investigation_of
from tests.builders import FUNCTION, NOW, a_signature, ago, evidence, some_surroundings

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


def causes_around(seen: Evidence) -> tuple[Hypothesis, ...]:
    return inquire(seen)[0]


def test_change_two_hops_away_is_the_cause() -> None:
    best, *_ = causes_around(evidence(surroundings=broken_api(changes=(PUT,), signatures=(REFUSED,))))
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


@pytest.mark.parametrize("setting", [GROWTH, RETENTION])
def test_what_a_neighbour_is_set_to_changes_no_verdict(setting: str) -> None:
    """Its one value is of the window's first moment, which lies within a period of what is measured."""
    at = broken_api().scope.window.start.timestamp() + 7.3
    kept = ResourceSeries("sqs:jobs", setting, "Maximum", MetricRole.OTHER, times=(at,), values=(345600.0,))
    without = broken_api()
    given = investigation_of(replace(without, series=(*without.series, kept)))
    assert given.window.timestamps == investigation_of(without).window.timestamps


def test_our_own_repair_is_no_suspect() -> None:
    given = investigation_of(broken_api(changes=(replace(PUT, ours=True), PUT)))
    assert len(given.changes) == 1


def test_quiet_surroundings_have_no_cause() -> None:
    well = series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 1.0)
    assert causes_around(evidence(surroundings=replace(broken_api(), series=(well,)))) == ()


def slightly_ill(**facts: object) -> Surroundings:
    """Hardly any call fails more than before."""
    ill = series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 0.99)
    return replace(broken_api(**facts), series=(ill,))


def test_weak_evidence_is_a_lead_with_the_reason_why_it_is_no_cause() -> None:
    causes, inquiry = inquire(evidence(surroundings=slightly_ill(changes=(PUT,))))
    assert causes == ()
    assert inquiry is not None
    assert inquiry.outcome is InquiryOutcome.CANNOT_TELL
    assert 0.2 <= inquiry.probability < 0.5
    (lead,) = inquiry.leads
    assert (lead.id, lead.since) == ("neighbour_changed@s3:images", BROKE)
    assert lead.confidence == inquiry.probability
    assert inquiry.reasons == (
        "the evidence makes a fault there only 23% likely, and causes are named from 50% on",
        "apigateway:image-api itself moved by 0.6 times its usual scatter",
    )


def test_resources_are_named_as_people_call_them() -> None:
    best, *_ = causes_around(evidence(surroundings=broken_api()))
    assert best.resource == API
    said = [reason.text for reason in (*best.because, *best.against)]
    assert any("apigateway:image-api" in text for text in said)
    assert not any(API in text for text in said)
    assert best.because[0].evidence == (f"around.{API}.5XXError / Count",)


def test_quiet_surroundings_are_said_to_be_quiet() -> None:
    well = series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 1.0)
    _, inquiry = inquire(evidence(surroundings=replace(broken_api(), series=(well,))))
    assert inquiry is not None
    assert (inquiry.outcome, inquiry.leads) == (InquiryOutcome.NO_INCIDENT, ())
    assert inquiry.reasons == (
        "nothing stands out against both the reference and the minutes before",
        "apigateway:image-api itself does as it did before",
    )


def test_where_nothing_was_measured_nothing_is_said_to_be_well() -> None:
    """A change speaks for itself, and its resources may be ill or not."""
    _, inquiry = inquire(evidence(surroundings=some_surroundings(changes=(PUT,))))
    assert inquiry is not None
    assert inquiry.outcome is InquiryOutcome.CANNOT_TELL
    assert inquiry.reasons[0] == "no metric has data around the alarm"
    assert [lead.resource for lead in inquiry.leads] == [BUCKET]


def test_alarmed_resource_without_metrics_is_not_said_to_do_as_before() -> None:
    around = replace(broken_api(), series=(series(LAMBDA, "Duration", MetricRole.LATENCY, 100, 100),))
    _, inquiry = inquire(evidence(surroundings=around))
    assert inquiry is not None
    assert inquiry.reasons[-1] == "nothing is measured of apigateway:image-api itself"


def test_cause_comes_without_leads() -> None:
    causes, inquiry = inquire(evidence(surroundings=broken_api(changes=(PUT,), signatures=(REFUSED,))))
    assert causes
    assert inquiry is not None
    assert (inquiry.outcome, inquiry.leads) == (InquiryOutcome.INCIDENT, ())


def test_reference_and_window_are_kept_apart() -> None:
    given = investigation_of(broken_api())
    start = given.window.timestamps[0]
    assert start >= some_surroundings().scope.window.start.timestamp()
    assert given.reference.timestamps[-1] < start
    assert len(given.reference.timestamps) == 60
    assert given.alarm.node == API


def test_nothing_observed_is_no_cause_and_no_crash() -> None:
    assert causes_around(evidence(surroundings=some_surroundings())) == ()
    assert inquire(evidence()) == ((), None)


def test_message_of_an_earlier_trouble_accuses_nobody() -> None:
    over = replace(REFUSED, first_seen=ago(minutes=12), last_seen=ago(minutes=11))
    given = investigation_of(broken_api(signatures=(over, REFUSED)))
    assert [log.first_seen for log in given.logs] == [REFUSED.first_seen.timestamp()]


def test_permission_that_a_role_lacks_accuses_the_role() -> None:
    role = Resource("iam", "images-role")
    around = broken_api()
    scope = replace(
        around.scope, topology=replace(around.scope.topology, resources=(*around.scope.resources, role))
    )
    lacks = replace(
        REFUSED,
        sample="An error occurred (AccessDenied) when calling the GetObject operation: User: "
        "arn:aws:sts::123456789012:assumed-role/images-role/images is not authorized to perform: "
        's3:GetObject on resource: "arn:aws:s3:::images/a.png" because no identity-based policy allows the '
        "s3:GetObject action",
    )
    given = investigation_of(replace(around, scope=scope, signatures=(lacks,)))
    assert [log.names for log in given.logs] == ["iam:images-role"]
    assert [log.names for log in investigation_of(broken_api(signatures=(REFUSED,))).logs] == [BUCKET]


def test_permission_that_a_key_gave_accuses_the_key() -> None:
    key = Resource("kms", "k-1", arn="arn:aws:kms:eu-west-1:123456789012:key/k-1")
    around = broken_api()
    scope = replace(
        around.scope, topology=replace(around.scope.topology, resources=(*around.scope.resources, key))
    )
    lacks = replace(
        REFUSED,
        sample="User: arn:aws:sts::123456789012:assumed-role/images-role/images is not authorized to "
        f"perform: kms:Decrypt on resource: {key.arn} because no identity-based policy allows the "
        "kms:Decrypt action",
    )
    revoked = ResourceChange(key.id, BROKE, "RevokeGrant", "deployer/ci", "grant g-1")
    given = investigation_of(replace(around, scope=scope, signatures=(lacks,), changes=(revoked,)))
    assert [log.names for log in given.logs] == [key.id]


def test_title_names_the_change_that_came_before_the_trouble() -> None:
    later = replace(PUT, at=BROKE + timedelta(minutes=2), action="PutBucketAcl", event_id="event-2")
    best, *_ = causes_around(evidence(surroundings=broken_api(changes=(PUT, later), signatures=(REFUSED,))))
    assert best.title == "PutBucketPolicy on s3:images"
    assert best.since == BROKE


def test_tags_are_suspect_only_where_nothing_else_was_changed() -> None:
    put = replace(PUT, at=BROKE - timedelta(seconds=20))
    tagged = replace(PUT, at=BROKE - timedelta(seconds=6), action="PutBucketTagging", event_id="event-2")
    for changes, title in (((put, tagged), "PutBucketPolicy"), ((tagged,), "PutBucketTagging")):
        seen = evidence(surroundings=broken_api(changes=changes, signatures=(REFUSED,)))
        assert causes_around(seen)[0].title == f"{title} on s3:images"


def test_own_log_is_heard_too() -> None:
    own = a_signature(first_seen=BROKE, last_seen=NOW, count=900, template="read in full")
    seen = evidence(signatures=(own,), surroundings=broken_api(changes=(PUT,), signatures=(REFUSED,)))
    said = [reason.text for hypothesis in causes_around(seen) for reason in hypothesis.because]
    assert any("read in full" in text and "900 times" in text for text in said)
    assert any("25 times" in text for text in said)


def test_message_that_begins_right_after_a_deployment_is_a_witness() -> None:
    deployed = ResourceChange(LAMBDA, BROKE, "UpdateFunctionCode", "deployer/ci", "new code")
    raised = ResourceSignature(LAMBDA, "KeyError: <text>", BROKE + timedelta(seconds=9), NOW, count=25)
    best, *others = causes_around(
        evidence(surroundings=broken_api(changes=(deployed,), signatures=(raised,)))
    )
    assert best.title == f"UpdateFunctionCode on lambda:{FUNCTION}"
    assert best.confidence > 0.5 > max((h.confidence for h in others), default=0.0)


def test_node_that_is_changed_often_is_no_more_suspect_for_it() -> None:
    before = [replace(PUT, at=ago(minutes=20 + i), event_id=f"event-{i}") for i in range(6)]
    table = Resource("dynamodb", "views")
    around = broken_api(changes=(*before, ResourceChange(table.id, BROKE, "UpdateTable", "deployer/ci")))
    topology = around.scope.topology
    topology = replace(
        topology,
        resources=(*topology.resources, table),
        edges=(*topology.edges, Edge(LAMBDA, table.id, "environment variable")),
    )
    seen = evidence(surroundings=replace(around, scope=replace(around.scope, topology=topology)))
    assert causes_around(seen)[0].resource == table.id
