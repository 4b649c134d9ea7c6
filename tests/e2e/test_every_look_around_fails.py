"""Every AWS call of LookAround fails: the state goes on without what it would have told, and says so.

The state runs by itself, as the workflow has it, on the image service: a function with neighbours of many
kinds. What comes after the state is the same with a gap as without one, and is walked through elsewhere.
Each kind of call fails in one way; `make walk` lets it fail in every way.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from local.faults import FaultControl
from local.scenarios.incident_watch import ENDED
from local.scenarios.stage import wait_until
from local.settings import HOST
from local.trace_store import new_trace_id
from tests.e2e.deployment import STATE_MACHINE, Deployment
from tests.e2e.fault_walk import Point, Trial, points
from tests.e2e.walk_choice import OWN, is_of_workflow, looks
from tests.e2e.walk_extent import Extent, Progress

STATE = "LookAround"
CAUGHT = "Caught"
REPORTS = "lambda-auto-repair-reports-local"
LANES = 4
EXTENT = Extent.of(os.environ)


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
        mark, trace, began = self.faults.mark(), new_trace_id(), datetime.now(UTC)
        look = self._run(None, trace)
        calls = [call for call in self.faults.calls(mark) if call.trace == trace]
        return look, points(calls, [(began, STATE)])

    def disturbed(self, trial: Trial) -> Look:
        return self._run(trial, new_trace_id())

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

        # Longest when the state tries again and again to store what it found, and nobody answers.
        execution = wait_until(ended, seconds=300, what=f"the end of {arn}", every=0.3)
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
    runs = Looks(deployment)
    undisturbed, found = runs.undisturbed()
    trials = looks(runs.faults, found, EXTENT)
    progress = Progress(len(trials))
    with ThreadPoolExecutor(LANES) as lanes:
        disturbed = list(lanes.map(lambda trial: told(runs.disturbed(trial), progress), trials))
    print(f"{len(disturbed)} calls failed")
    return Looked(undisturbed, found, disturbed)


def told(look: Look, progress: Progress) -> Look:
    """The same look; a full walk shows that it moves."""
    if EXTENT.is_full:
        ending = "the state failed" if look.gaps is None else f"{len(look.gaps)} gaps"
        progress.tell(STATE, look.trial, ending)
    return look


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
        f"{look.trial}: {look.gaps}" for look in looked.disturbed if not is_own(look) and not is_told(look)
    ]
    assert silent == []


def is_told(look: Look) -> bool:
    """Whether a gap names the call. A source that was given up while its call hung is named itself."""
    hangs = look.trial is not None and look.trial.error == "timeout"
    gaps = look.gaps or ()
    return any(named(look) in gap or (hangs and "no answer within" in gap) for gap in gaps)


def test_the_state_fails_only_without_its_own_files(looked: Looked) -> None:
    assert {named(look) for look in looked.disturbed} >= OWN
    assert [str(look.trial) for look in looked.disturbed if look.gaps is None and not is_own(look)] == []
    lasting = [look for look in looked.disturbed if is_own(look) and look.trial and look.trial.forever]
    assert [str(look.trial) for look in lasting if look.gaps is not None] == []


def is_own(look: Look) -> bool:
    """Whether the state itself needs the call's answer."""
    return named(look) in OWN


def named(look: Look) -> str:
    """The call that failed, as gaps name it."""
    assert look.trial is not None
    return f"{look.trial.point.service}:{look.trial.point.operation}"
