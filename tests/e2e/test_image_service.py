"""An API answers 500 and no function reports an error: the cause is two hops away, in somebody's change.

One image service, broken in five ways one after the other. Only one of them is a bucket policy; there the
former policy is restored once a person agrees. The others are named for what they are; nothing is changed.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.scenarios.image_service import INCIDENTS, ImageService, Made, mend, staged
from local.scenarios.model import Cause
from tests.e2e.deployment import Deployment
from tests.e2e.shell import shell
from tests.e2e.test_asking import commands, question

BUCKET_POLICY = "bucket_policy_denies"
WHOLE_SECOND = timedelta(seconds=1)  # CloudTrail's times have no fractions
HEALTHY_S = 6  # two periods of a minute on the scaled clock
OTHERS = [name for name in INCIDENTS if name != BUCKET_POLICY]


@dataclass
class Course:
    """How one incident went."""

    cause: Cause
    made: Made
    case: dict[str, Any]
    policy_during: Any = None
    policy_after: Any = None
    proof: int = 0
    question: str = ""
    api_calls_denied: set[str] = field(default_factory=set)

    @property
    def hypotheses(self) -> list[dict[str, Any]]:
        """Ranked, as the state document carries them."""
        return list(self.case["diagnosis"]["hypotheses"])

    def assert_found_when_it_was_made(self) -> None:
        """The time of the first hypothesis is that of the change, not of a harmless one around it."""
        since = datetime.fromisoformat(self.hypotheses[0]["since"])
        assert self.made.begun - WHOLE_SECOND < since < self.made.done + WHOLE_SECOND, (since, self.made)


@pytest.fixture(scope="module")
def service(deployment: Deployment) -> ImageService:
    """The service, onboarded with the deployment."""
    return deployment.image_service


def run(deployment: Deployment, service: ImageService, name: str, *, approve: bool = False) -> Course:
    """Break the service, let the incident run its course, mend what it left."""
    with staged(service, INCIDENTS[name], healthy_s=HEALTHY_S) as stage:
        execution = deployment.execution(service.alarm, stage.since)
        during = service.bucket_policy()
        asked = ""
        if approve:
            asked = question(deployment, service.function)
            shell(commands(asked)["approve"])
        ended = deployment.end_of(execution, seconds=150)
        assert ended["status"] == "SUCCEEDED", ended
        after, cause, made = service.bucket_policy(), stage.cause, stage.made
    proof = service.proof(20).succeeded if approve else 0
    mend(service)
    case = json.loads(ended["output"])
    return Course(cause, made, case, during, after, proof, asked)


@pytest.fixture(scope="module")
def restored(deployment: Deployment, service: ImageService) -> Course:
    """The seed's own incident."""
    return run(deployment, service, BUCKET_POLICY, approve=True)


def test_change_two_hops_away_is_found(restored: Course) -> None:
    best = restored.hypotheses[0]
    assert restored.case["diagnosis"]["verdict"] == "ROOT_CAUSE_FOUND"
    assert best["failure_mode"] == "denied_by_bucket_policy"
    assert best["resource"] == restored.cause.resource
    said = " ".join(reason["text"] for reason in best["because"])
    assert f"{restored.cause.actor} changed the bucket's policy" in said
    restored.assert_found_when_it_was_made()


def test_impact_path_leads_from_the_bucket_to_the_api(restored: Course, service: ImageService) -> None:
    path = [
        restored.cause.resource,
        f"lambda:{service.function}",
        f"apigateway:{service.api_id}",
    ]
    assert restored.hypotheses[0]["path"] == path


def test_a_person_is_asked_with_the_exact_difference(restored: Course) -> None:
    assert restored.case["plan"]["decision"] == "ask"
    assert "NoListing" in restored.question
    assert "NoReading" in restored.question


def test_former_policy_is_restored_exactly(restored: Course, deployment: Deployment) -> None:
    denials = {s["Sid"] for s in restored.policy_during["Statement"]}
    assert {"NoListing", "NoReading"} <= denials
    assert restored.policy_after is not None
    kept = {s["Sid"] for s in restored.policy_after["Statement"]}
    assert kept == denials - {"NoListing", "NoReading"}


def test_it_works_again_through_the_api(restored: Course) -> None:
    assert restored.proof == 20
    assert restored.case["verification"]["outcome"] == "repaired"


def test_everything_is_on_record(restored: Course, deployment: Deployment, service: ImageService) -> None:
    (repair,) = deployment.repairs(service.function)
    assert repair["status"]["S"] == "VERIFIED"
    assert repair["action"]["S"] == "restore_bucket_policy"
    incident = restored.case["incident"]["id"]
    diagnosis = next(d for d in deployment.diagnoses(service.function) if d["incidentId"]["S"] == incident)
    assert diagnosis["rootCauseResource"]["S"] == restored.cause.resource
    results = [m for m in deployment.messages(service.function) if incident in json.dumps(m)]
    assert any("Repaired and verified" in m.get("Subject", "") for m in results)


@pytest.mark.parametrize("name", OTHERS)
def test_other_causes_are_not_mistaken_for_it(
    restored: Course, deployment: Deployment, service: ImageService, name: str
) -> None:
    course = run(deployment, service, name)
    best = course.hypotheses[0]
    assert (best["resource"] or f"lambda:{service.function}") == course.cause.resource, course.hypotheses
    said = best["title"] + " ".join(reason["text"] for reason in best["because"])
    assert course.cause.action in said
    assert course.cause.actor in said
    course.assert_found_when_it_was_made()
    assert course.case["plan"]["decision"] == "advise"
    assert len(deployment.repairs(service.function)) == 1, "nothing is changed"
