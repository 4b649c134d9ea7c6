"""Every AWS call of LookAround fails: the state goes on without what it would have told, and says so.

The state runs by itself, as the workflow has it, on the image service: a function with neighbours of many
kinds. What comes after the state is the same with a gap as without one, and is walked through elsewhere.
"""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from local.faults import ErrorKind, FaultControl
from local.scenarios.incident_watch import ENDED
from local.scenarios.stage import wait_until
from local.settings import HOST
from tests.e2e.deployment import STATE_MACHINE, Deployment
from tests.e2e.fault_walk import Point, Trial, new_trace, points

STATE = "LookAround"
CAUGHT = "Caught"
REPORTS = "lambda-auto-repair-reports-local"
LANES = 4
FAILS: tuple[tuple[ErrorKind, bool], ...] = (
    ("access_denied", True),
    ("internal", False),
    ("throttled", True),
)
# Without its evidence and the place to put it, the state itself fails: the workflow records and tells that.
OWN = {"s3:GetObject", "s3:PutObject"}


@dataclass(frozen=True)
class Look:
    """One run of the state. gaps: why things are missing from what it found; None if it failed."""

    trial: Trial | None
    happened: bool
    gaps: tuple[str, ...] | None


class Looks:
    """Runs the state on the evidence of one incident."""

    def __init__(self, deployment: Deployment) -> None:
        self._machine = deployment.client("stepfunctions")
        self._s3 = deployment.client("s3")
        self.faults = FaultControl(HOST, deployment.instance.port)
        self._case = self._collected(deployment)
        self._arn = self._alone()

    def _collected(self, deployment: Deployment) -> dict[str, Any]:
        """The state document of an incident whose evidence lies there."""
        deployment.image_service.proof(5)  # logs, metrics and traces of all that takes part
        execution = deployment.start({"functionName": deployment.image_service.function, "manual": True})
        deployment.end_of(execution)
        history = self._machine.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        entered = (event.get("stateEnteredEventDetails", {}) for event in history)
        return next(json.loads(state["input"]) for state in entered if state.get("name") == "DiagnoseIssue")

    def _alone(self) -> str:
        """A state machine of that state; what it catches ends it."""
        whole = self._machine.describe_state_machine(stateMachineArn=STATE_MACHINE)
        state = json.loads(whole["definition"])["States"][STATE]
        state |= {"Next": "Done", "Catch": [{**state["Catch"][0], "Next": CAUGHT}]}
        ends = {"Done": {"Type": "Succeed"}, CAUGHT: {"Type": "Fail", "Error": CAUGHT}}
        alone = self._machine.create_state_machine(
            name=f"look-around-{secrets.token_hex(3)}",
            definition=json.dumps({"StartAt": STATE, "States": {STATE: state} | ends}),
            roleArn=whole["roleArn"],
            tracingConfiguration=whole["tracingConfiguration"],
        )
        return str(alone["stateMachineArn"])

    def undisturbed(self) -> tuple[Look, list[Point]]:
        """The state when nothing fails, and the calls that it makes."""
        mark, trace, began = self.faults.mark(), new_trace(), datetime.now(UTC)
        look = self._run(None, trace)
        calls = [call for call in self.faults.calls(mark) if call.trace == trace]
        return look, points(calls, [(began, STATE)])

    def disturbed(self, trial: Trial) -> Look:
        return self._run(trial, new_trace())

    def _run(self, trial: Trial | None, trace: str) -> Look:
        if trial is None:
            return Look(None, True, self._gaps(trace))
        with trial("", trace) as happened:
            gaps = self._gaps(trace)
            return Look(trial, happened(), gaps)

    def _gaps(self, trace: str) -> tuple[str, ...] | None:
        """Of one execution."""
        # What an incident has read once is not read again, so that each run is an incident of its own.
        incident = self._case["incident"] | {"id": f"{self._case['incident']['id']}-{trace[-6:]}"}
        arn = self._machine.start_execution(
            stateMachineArn=self._arn,
            input=json.dumps(self._case | {"incident": incident}),
            traceHeader=f"Root={trace}",
        )["executionArn"]

        def ended() -> Any:
            execution = self._machine.describe_execution(executionArn=arn)
            return execution if execution["status"] in ENDED else None

        execution = wait_until(ended, seconds=200, what=f"the end of {arn}", every=0.3)
        if execution["status"] == "SUCCEEDED":
            return self._read(json.loads(execution["output"])["evidence"]["ref"])
        assert execution["error"] == CAUGHT, execution
        return None

    def _read(self, key: str) -> tuple[str, ...]:
        """What the stored evidence says is missing around the function."""
        body = self._s3.get_object(Bucket=REPORTS, Key=key)["Body"].read()
        stored = json.loads(gzip.decompress(body) if key.endswith(".gz") else body)
        return tuple(gap["reason"] for gap in stored["surroundings"]["missing"])


@dataclass(frozen=True)
class Looked:
    """The state undisturbed, and once for every call and way to fail."""

    undisturbed: Look
    points: list[Point]
    disturbed: list[Look]


@pytest.fixture(scope="module")
def looked(deployment: Deployment) -> Looked:
    """All runs, once for all tests."""
    looks = Looks(deployment)
    undisturbed, found = looks.undisturbed()
    with ThreadPoolExecutor(LANES) as lanes:
        disturbed = list(lanes.map(looks.disturbed, trials(looks.faults, found)))
    print(f"{len(disturbed)} calls failed")
    return Looked(undisturbed, found, disturbed)


def trials(control: FaultControl, found: list[Point]) -> Iterator[Trial]:
    """Each kind of call fails in one way; neighbours fail in different ways."""
    kinds = {point.kind: point for point in reversed(found) if point.role and not is_of_workflow(point)}
    for number, point in enumerate(kinds.values()):
        is_own = f"{point.service}:{point.operation}" in OWN
        yield Trial(control, point, *FAILS[0 if is_own else number % len(FAILS)])


def is_of_workflow(point: Point) -> bool:
    """Whether Step Functions makes the call; what it cannot start is walked through elsewhere."""
    return point.service == "lambda" and point.operation == "Invoke"


def test_the_state_finds_neighbours_of_many_kinds(looked: Looked) -> None:
    services = {point.service for point in looked.points if not is_of_workflow(point)}
    assert services >= {
        "apigateway",
        "cloudtrail",
        "cloudwatch",
        "dynamodb",
        "iam",
        "lambda",
        "logs",
        "s3",
        "xray",
    }
    assert looked.undisturbed.gaps is not None


def test_every_fault_hits_its_call(looked: Looked) -> None:
    assert [str(look.trial) for look in looked.disturbed if not look.happened] == []


def test_a_gap_names_the_call_that_left_it(looked: Looked) -> None:
    silent = [
        f"{look.trial}: {look.gaps}"
        for look in looked.disturbed
        if not is_own(look) and not any(named(look) in gap for gap in look.gaps or ())
    ]
    assert silent == []


def test_the_state_fails_only_without_its_own_files(looked: Looked) -> None:
    failed = {named(look) for look in looked.disturbed if look.gaps is None}
    assert failed == OWN


def is_own(look: Look) -> bool:
    """Whether the state itself needs the call's answer."""
    return named(look) in OWN


def named(look: Look) -> str:
    """The call that failed, as gaps name it."""
    assert look.trial is not None
    return f"{look.trial.point.service}:{look.trial.point.operation}"
