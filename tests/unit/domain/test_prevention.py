"""What prevents a cause is advised once it has come back, with the count and the days as reasons."""

from datetime import datetime
from typing import Any

import pytest

from auto_repair.domain.fingerprint import Fingerprint
from auto_repair.domain.prevention import Measure, measures_for, prevention, repeats
from auto_repair.domain.similar_incidents import Correction, PastIncident
from auto_repair.failure_modes import all_failure_modes
from auto_repair.root_cause import Kind
from auto_repair.root_cause.around import PREFIX
from tests.builders import NOW, ago


def past(cause: str = "out_of_memory", *, days: float = 3, **facts: Any) -> PastIncident:
    defaults: dict[str, Any] = {"function_name": "orders", "status": "VERIFIED", "repair": "raise_memory"}
    defaults |= {"incident_id": f"{cause}-{days:g}", "at": ago(days=days), "fingerprint": Fingerprint()}
    return PastIncident(diagnosed=cause, **(defaults | facts))


def measures(cause: str, *incidents: PastIncident, now: datetime = NOW) -> list[Measure]:
    return [advice.measure for advice in prevention(cause, "orders", incidents, now)]


def test_nothing_is_advised_the_first_time() -> None:
    assert prevention("out_of_memory", "orders", [], NOW) == ()
    assert prevention("out_of_memory", "orders", [past("memory_leak")], NOW) == ()


def test_the_second_time() -> None:
    setting, alarm = prevention("out_of_memory", "orders", [past(days=3)], NOW)
    assert (setting.measure, alarm.measure) == (Measure.PERMANENT_SETTING, Measure.EARLIER_ALARM)
    assert setting.because == "2 times in 90 days, before on 28 January"
    assert setting.incidents == ("out_of_memory-3",)
    assert "Terraform" in setting.text


def test_a_repair_that_holds_each_time_is_the_problem_itself() -> None:
    (advice, _) = prevention("out_of_memory", "orders", [past(days=3), past(days=10)], NOW)
    assert advice.because == (
        "3 times in 90 days, before on 21 January, 28 January; raise_memory held each time, and it came "
        "back all the same"
    )


def test_unconfirmed_causes_are_counted_and_said() -> None:
    (advice, _) = prevention("out_of_memory", "orders", [past(), past(days=9, status="OBSERVED")], NOW)
    assert advice.because.endswith("22 January, 28 January (1 of them confirmed)")


@pytest.mark.parametrize(
    "other",
    [
        past(function_name="thumbnails"),
        past(days=100),
        past(days=-1),
        past(status="ROLLED_BACK"),
        past(status="ALREADY_REPAIRED"),
        past(correction=Correction(declined=("out_of_memory",))),
        past(correction=Correction("memory_leak")),
    ],
    ids=["another function", "long ago", "later", "did not help", "looked at twice", "declined", "corrected"],
)
def test_what_is_no_repeat(other: PastIncident) -> None:
    assert measures("out_of_memory", other) == []


def test_a_cause_in_a_shared_resource_is_the_same_whoever_suffers() -> None:
    cause = "denied_by_bucket_policy@s3:images"
    assert measures(cause, past(cause, function_name="thumbnails")) == [Measure.CHANGE_CONTROL]
    assert measures(cause, past("denied_by_bucket_policy@s3:archive")) == []


def test_what_a_person_confirmed_counts_although_its_repair_did_not_help() -> None:
    confirmed = past(status="ROLLED_BACK", correction=Correction("out_of_memory"))
    assert len(repeats("out_of_memory", "orders", [confirmed], NOW)) == 1


def test_a_storm_is_one_incident() -> None:
    storm = [past(days=3 + i / 50) for i in range(5)]
    assert len(repeats("out_of_memory", "orders", storm, NOW)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "code_error",
        "denied_by_bucket_policy",
        "memory_leak",
        "out_of_memory",
        "slow_dependency",
        "startup_error",
        "throttled_by_reserved_concurrency",
        "timeout_too_low",
    ],
)
def test_failure_modes_have_a_prevention(name: str) -> None:
    assert name in {mode.name for mode in all_failure_modes()}
    assert measures_for(name)


@pytest.mark.parametrize("kind", [Kind.SLOW, Kind.FAILING, Kind.UNREACHABLE, Kind.SATURATED, Kind.CHANGED])
def test_causes_in_neighbours_have_one_too(kind: Kind) -> None:
    assert measures_for(f"{PREFIX}{kind.value}@dynamodb:stock")


def test_nothing_is_made_up_for_what_is_unknown() -> None:
    assert measures_for("moon_phase") == ()
    assert measures("moon_phase", past("moon_phase")) == []
