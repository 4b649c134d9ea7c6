"""The timeline tells everything in the order in which it happened."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from auto_repair.domain.evidence import ChangeEvent
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole
from auto_repair.reports.conclusion import Tone
from auto_repair.reports.timeline import MOST_ENTRIES, timeline
from tests.unit.reports import cases, investigations


def told(case: str) -> list[str]:
    return [entry.what for entry in timeline(cases.ALL[case]())]


def test_a_repair_from_the_first_deviation_to_the_message() -> None:
    assert told("repaired") == [
        "Change: UpdateFunctionCode20150331v2",
        "First deviation seen",
        "Alarm fired: lambda-errors-alarm-orders-checkout",
        "Incident opened",
        "Diagnosed: The function runs out of memory, very likely (93 %)",
        "Planned: raise_memory",
        "Executor",
        "Executor",
        "Change is live",
        "Verified: repaired",
        "People notified, report written",
    ]


@pytest.mark.parametrize("case", cases.ALL)
def test_times_never_run_backwards(case: str) -> None:
    known = [entry.at for entry in timeline(cases.ALL[case]()) if entry.at]
    assert all(earlier <= later for earlier, later in pairwise(known))


def test_question_and_answer_are_told() -> None:
    entries = timeline(cases.timeout_behind_alias())
    answered = next(entry for entry in entries if entry.what == "Answered: approve")
    assert answered.at == cases.ALARM_AT + timedelta(seconds=31)
    assert "user/ada" in answered.detail
    assert [entry.what for entry in entries].index("Asked people") < entries.index(answered)


def test_silence_is_told_as_a_no() -> None:
    assert "No answer in time: that is a no" in told("expired")


def test_each_rung_and_the_way_back_are_told() -> None:
    lines = told("climbed_and_rolled_back")
    assert lines.index("Planned, rung 1 of 2: raise_memory") < lines.index(
        "Planned, rung 2 of 2: raise_memory"
    )
    assert lines.index("Verified: not repaired") < lines.index("Former configuration is live")


def test_a_rollback_given_up_is_told() -> None:
    assert "Rollback given up" in told("gave_up")


def test_what_is_left_as_it_is_is_told() -> None:
    assert "Nothing taken back" in told("left")
    assert "Nothing taken back" in told("kept")


def test_our_own_failure_is_told() -> None:
    assert "Our workflow failed in DiagnoseIssue" in told("failed_before_change")


def test_an_event_that_was_not_understood_is_told() -> None:
    assert told("invalid") == ["Event rejected", "People notified, report written"]


def test_joined_alarms_are_told() -> None:
    assert "Another alarm joined" in told("manual")


def test_where_logs_are_silent_metrics_tell_the_first_deviation() -> None:
    entry = next(e for e in timeline(cases.throttled()) if e.what == "First deviation seen")
    assert entry.detail == "Throttles 12"


def test_a_healthy_function_has_no_first_deviation() -> None:
    assert "First deviation seen" not in told("nothing_wrong")


def test_our_own_changes_are_told_as_ours() -> None:
    change = ChangeEvent(
        cases.ALARM_AT, "UpdateFunctionConfiguration20150331v2", cases.FUNCTION, "x", ours=True
    )
    report = cases.repaired(evidence_before=cases.evidence_before(changes=(change,)))
    assert any("by our own repair" in entry.detail for entry in timeline(report))


def test_our_repair_for_an_earlier_incident_is_told_from_our_own_record() -> None:
    (entry,) = (e for e in timeline(cases.already_repaired()) if "earlier repair" in e.what)
    assert (entry.at, entry.tone) == (cases.CHANGED_AT, Tone.GOOD)
    assert entry.detail == (
        "memory of orders-checkout: 128 MB → 384 MB; verified; "
        "incident 20260131T110000Z-orders-checkout-11112222"
    )


def test_a_rung_that_did_not_help_says_so() -> None:
    entries = timeline(cases.climbed_and_rolled_back())
    looked = next(entry for entry in entries if entry.what == "Verified, rung 1 of 2: not repaired")
    assert looked.detail == "5 of 5 runs were killed at 384 MB"


def test_the_steps_of_a_rung_are_not_told_of_another() -> None:
    lines = told("later_rung_rejected")
    declined = lines.index("Planned, rung 2 of 2: raise_memory")
    assert lines.count("Change is live, rung 1 of 2") == 1
    assert lines.index("Change is live, rung 1 of 2") < declined
    assert "Change is live, rung 2 of 2" not in lines


def test_an_investigation_merges_changes_deviations_messages_and_our_steps() -> None:
    assert told("image_service") == [
        "Change: UpdateFunctionConfiguration on lambda:image-service",
        "Change: UpdateFunctionConfiguration on lambda:image-service-maker",
        "Cause: PutBucketPolicy on s3:image-service-images-123456789012",
        "New in the log of lambda:image-service",
        "Change: PutBucketTagging on s3:image-service-images-123456789012",
        "First deviation of s3:image-service-images-123456789012",
        "First deviation of lambda:gallery-export",
        "First deviation of apigateway:image-api",
        "Alarm fired: image-service-api-5xx",
        "Incident opened",
        "Diagnosed: Denied by a bucket's policy, very likely (95 %)",
        "Planned: restore_bucket_policy",
        "People notified, report written",
    ]
    ours, *_ = timeline(cases.ALL["image_service"]())
    assert ours.detail.endswith("by our own repair")


def test_a_change_that_both_tell_is_told_once() -> None:
    own = ChangeEvent(
        investigations.CHANGES[3].at, "UpdateFunctionConfiguration20150331v2", investigations.FUNCTION
    )
    report = investigations.image_service()
    assert report.evidence_before
    both = replace(report, evidence_before=replace(report.evidence_before, changes=(own,)))
    assert [e.what for e in timeline(both)] == [e.what for e in timeline(report)]


def test_what_a_person_told_is_an_entry() -> None:
    entry = timeline(cases.ALL["slow_database"]())[0]
    assert (entry.what, entry.detail) == ("Trouble began, as a person told", "the shop is slow since ten")


def test_what_was_diagnosed_first_what_people_said_and_what_was_seen_late_are_told_apart() -> None:
    lines = told("everything_said")
    assert lines[lines.index("Diagnosed: A bug in the code, possible (62 %)") :] == [
        "Diagnosed: A bug in the code, possible (62 %)",
        "Planned: restore_bucket_policy",
        "People notified, report written",
        "Finding ruled out: A bug in the code",
        "Finding ruled out: neighbour_changed@s3:image-service-images-123456789012",
        "Verdict re-opened by late evidence",
    ]


def test_every_resource_that_deviates_has_its_first_deviation() -> None:
    report = investigations.image_service()
    around = investigations.surroundings()
    lone = Resource("rds", "ledger")
    slow = investigations.series(lone, "Latency", MetricRole.LATENCY, 5.0, 900.0)
    topology = replace(around.scope.topology, resources=(*around.scope.topology.resources, lone))
    around = replace(around, scope=replace(around.scope, topology=topology), series=(*around.series, slow))
    assert report.evidence_before
    report = replace(report, evidence_before=replace(report.evidence_before, surroundings=around))
    told_of = [e.what for e in timeline(report) if e.what.startswith("First deviation of")]
    assert sorted(told_of) == [
        "First deviation of apigateway:image-api",
        "First deviation of lambda:gallery-export",
        "First deviation of rds:ledger",
        "First deviation of s3:image-service-images-123456789012",
    ]


def test_a_storm_of_alarms_hides_nothing() -> None:
    lines = [entry.what for entry in timeline(cases.repaired(joined_alarms=["another"] * 500))]
    assert "490 further alarms joined" in lines
    assert len(lines) < MOST_ENTRIES
    assert lines[-1] == "People notified, report written"
