"""Evidence that arrives late re-opens a verdict, and only that does."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auto_repair.contracts.finding_requests import Operation
from auto_repair.domain.citations import MissingEvidence
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.resources import Resource, at_heart
from auto_repair.domain.surroundings import MetricRole, ResourceChange, ResourceSeries, ResourceSignature
from auto_repair.domain.topology import Edge, Topology
from auto_repair.use_cases.look_around import MOST_RESOURCES
from tests.builders import FUNCTION, NOW, a_window, some_surroundings
from tests.unit.use_cases.dialogue import SICK, Desk, asking, mode, noticing

AGAIN = asking(Operation.NEW_EVIDENCE)
POLICY = ResourceChange(
    "s3:images", NOW - timedelta(minutes=5), "PutBucketPolicy", "deployer", event_id="e-1"
)


def finished(**facts: object) -> Desk:
    desk = Desk(**facts)  # type: ignore[arg-type]
    desk.finish()
    return desk


def test_another_cause_is_recorded_reported_and_told_once() -> None:
    desk = finished()
    desk.later(changes=(POLICY,))
    look = desk.look_again()(AGAIN)
    assert (look.reopened, look.before, look.after) == (True, "cause", "policy")
    facts = desk.store.diagnosis
    assert {k: facts["reopened"][k] for k in ("before", "after")} == {"before": "cause", "after": "policy"}
    assert facts["reconsidered"]["rootCause"] == "policy"
    assert facts["rootCause"] == "cause"
    assert desk.memory.incidents["incident-1"].diagnosed == "policy"
    assert desk.page.startswith("ADVISED ['policy', 'cause'")
    assert "Seen only after the incident had ended" in desk.page
    subject, body = desk.announcer.messages["incident-1", "reopened"]
    assert subject == "[Reopened] orders: Policy"
    assert "Before, the cause is held to be Cause (cause)." in body
    assert look.report in body

    again = desk.look_again()(AGAIN)
    assert (again.reopened, again.note) == (False, "The same cause is held responsible.")
    assert desk.announcer.stages == ["result", "reopened"]


def test_the_same_window_is_looked_at() -> None:
    desk = finished()
    desk.look_again()(AGAIN)
    assert [scope.window for scope in desk.observations.asked] == [SICK.window] == [a_window()]


def test_the_same_cause_changes_nothing() -> None:
    desk = finished()
    before = (dict(desk.store.diagnosis), dict(desk.store.documents), dict(desk.store.evidence))
    assert not desk.look_again()(AGAIN).reopened
    assert (desk.store.diagnosis, desk.store.documents, desk.store.evidence) == before


def a_series(times: tuple[float, ...]) -> ResourceSeries:
    return ResourceSeries("s3:images", "5xxErrors", "Sum", MetricRole.AVAILABILITY, times=times, values=times)


DEPLOYED = replace(POLICY, resource=f"lambda:{FUNCTION}", action="UpdateFunctionCode", event_id="e-0")
LOGGED = ResourceSignature(f"lambda:{FUNCTION}", "KeyError", NOW, NOW, 3, count_before=90)


def having_seen(**facts: object) -> Desk:
    """An incident whose first look around saw this, of the resources that are there now, too."""
    desk = finished()
    around = some_surroundings(**facts)
    (ref,) = desk.store.evidence
    desk.store.evidence[ref] = replace(SICK, surroundings=around)
    desk.topology.known = {r.id: around.scope.topology for r in around.scope.resources}
    return desk


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"changes": (DEPLOYED,)}, {}),
        ({"signatures": (LOGGED,)}, {}),
        ({"signatures": (LOGGED,)}, {"signatures": (replace(LOGGED, count_before=0),)}),
        (
            {"series": (a_series((1.0, 2.0)),)},
            {"series": (a_series((2.0,)),)},
        ),
    ],
)
def test_a_look_that_sees_less_is_not_compared(then: dict[str, object], now: dict[str, object]) -> None:
    desk = having_seen(**then)
    desk.later(**{"changes": (POLICY,), "missing": (MissingEvidence("cloudtrail", "throttled"),), **now})
    look = desk.look_again()(AGAIN)
    assert (look.reopened, look.note) == (False, "Not compared: cloudtrail could be read then, and not now.")


def test_a_limit_that_is_met_only_now_hides_nothing() -> None:
    desk = having_seen(signatures=(LOGGED,))
    gaps = (
        MissingEvidence("cloudtrail", "12 resources were not looked up for want of time"),
        MissingEvidence("deployments", "CloudFormation was not asked about s3:images"),
    )
    desk.later(changes=(POLICY,), signatures=(LOGGED,), missing=gaps)
    look = desk.look_again()(AGAIN)
    assert (look.reopened, look.after) == (True, "policy")


def crowded(*names: str) -> dict[str, Topology]:
    """The function calls buckets of these names, and as many tables as are looked at."""
    heart = at_heart(FUNCTION)
    callees = [Resource("s3", name) for name in names]
    callees += [Resource("dynamodb", f"table-{number}") for number in range(MOST_RESOURCES)]
    edges = tuple(Edge(heart.id, callee.id, "environment variable") for callee in callees)
    return {heart.id: Topology((heart, *callees), edges)}


def test_a_neighbourhood_that_grew_past_the_limit_lost_nothing_by_that() -> None:
    desk = finished()
    desk.topology.known = crowded("images")
    desk.later(changes=(POLICY,))
    look = desk.look_again()(AGAIN)
    assert (look.reopened, look.after) == (True, "policy")
    assert "topology" in json.loads(desk.kept_case)["evidence"]["missing"]


def test_what_others_pushed_beyond_the_limit_is_missed() -> None:
    desk = finished()
    (ref,) = desk.store.evidence
    desk.store.evidence[ref] = replace(SICK, surroundings=some_surroundings())
    desk.topology.known = crowded("images")
    desk.later(changes=(POLICY,))
    look = desk.look_again()(AGAIN)
    assert (look.reopened, look.note) == (
        False,
        "Not compared: apigateway:a1b2c3 was looked at then, and now others are nearer.",
    )


def test_where_nobody_could_tell_a_person_now_has_to_act() -> None:
    desk = finished(modes=(mode("guess", 0.3), noticing("policy", 0.95)))
    assert desk.page.startswith("CANNOT_TELL")
    desk.later(changes=(POLICY,))
    look = desk.look_again()(AGAIN)
    assert (look.before, look.after) == ("", "policy")
    assert desk.page.startswith("ADVISED ['policy'")
    assert "Start an investigation" in json.loads(desk.kept_case)["plan"]["reasons"][0]


def test_what_people_ruled_out_stays_ruled_out() -> None:
    desk = finished()
    desk.later(changes=(POLICY,))
    desk.look_again()(AGAIN)
    desk.reconsider()(asking(Operation.DECLINE, "policy", "ada"))
    assert not desk.look_again()(AGAIN).reopened
    assert desk.page.startswith("ADVISED ['cause'")


@pytest.mark.parametrize(
    ("status", "why"), [("OPEN", "has not ended yet"), ("FAILED", "ended without a report")]
)
def test_what_has_no_report_is_left_alone(status: str, why: str) -> None:
    desk = Desk()
    desk.records.status = status
    with pytest.raises(InvalidEvent, match=f"incidentId: incident incident-1 {why}"):
        desk.look_again()(AGAIN)


def test_the_report_tells_both_verdicts_and_when_each_was_reached() -> None:
    desk = Desk()
    desk.finish()
    desk.later(changes=(POLICY,))
    desk.look_again()(AGAIN)
    report = desk.reports[-1]
    assert [(again.before, again.after) for again in report.reopenings] == [("cause", "policy")]
    assert desk.case.diagnosis
    assert report.first_diagnosis == desk.case.diagnosis
    assert report.diagnosed_at == desk.case.diagnosis.at
    assert report.diagnosed_at
    assert report.reopenings[0].at > report.diagnosed_at
