"""Every AWS call of every state fails, on the real workflow: no incident ends in silence, no record lies, and
the function is as it was, repaired, or restored.

First one incident of each kind runs undisturbed, and all its calls are recorded. Then each call fails for
ever in an incident of its own, and each write once in another, in one of the ways in which AWS fails.
`make walk` lets each fail in every way. At last one Lambda after the other cannot even start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

import pytest

from tests.e2e.deployment import ACCOUNT, REGION, Deployment, allow_polling
from tests.e2e.fault_walk import (
    APPROVER,
    EXECUTOR,
    WORKFLOW,
    Crash,
    Ending,
    Scenario,
    Trial,
    Walk,
)
from tests.e2e.functions import EAT, HOG, SLEEP
from tests.e2e.walk_choice import trials
from tests.e2e.walk_extent import Extent, Progress

LANES = 12  # incidents side by side: most of their time they wait
EXTENT = Extent.of(os.environ)
SHORT = {"verification_budget_s": 200}  # a look every 30 s; without traffic there is nothing to wait for


def behind_a_queue(deployment: Deployment, name: str) -> None:
    """Let the function be fed by a queue of its name."""
    sqs, arn = deployment.client("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "12"})
    allow_polling(deployment, f"{name}-role", arn)
    functions = deployment.client("lambda")
    functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)


def stopped(deployment: Deployment, name: str) -> None:
    """Reserve nothing for the function."""
    functions = deployment.client("lambda")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)


REPAIRED = Scenario("repaired", dedent(EAT), {"mb": 150}, timeout_s=5, policy=SHORT)
APPROVED = Scenario("approved", dedent(SLEEP), {}, calls=8, policy=SHORT, prepare=stopped)
IN_VAIN = Scenario(
    "in-vain", dedent(HOG), {}, timeout_s=5, policy=SHORT | {"limits": {"max_memory_mb": 256}}, alias="live"
)
QUEUED = Scenario("queued", dedent(SLEEP), {"seconds": 1.3}, policy=SHORT, prepare=behind_a_queue, queue=True)
UNASKED = replace(APPROVED, name="unasked", denied=(APPROVER, "sns", "Publish"))
# How each incident ends when nothing else fails.
STORIES = {
    REPAIRED: ("VERIFIED",),
    APPROVED: (
        "VERIFIED",
        "INCONCLUSIVE",
    ),  # metrics of the minute in which the change was made prove nothing
    IN_VAIN: ("ROLLED_BACK",),
    QUEUED: ("VERIFIED",),
    UNASKED: ("FAILED",),
}
CRASHES = {
    "coordinator": REPAIRED,
    "collector": REPAIRED,
    "diagnoser": REPAIRED,
    "planner": REPAIRED,
    "approver": APPROVED,
    "executor": REPAIRED,
    "verifier": REPAIRED,
    "notifier": REPAIRED,
}

APPLIED = {"EXECUTED", "VERIFIED", "INCONCLUSIVE"}
UNFINISHED = {"PLANNED", "AWAITING_APPROVAL"}


@dataclass(frozen=True)
class Walked:
    """The incidents of the walk."""

    undisturbed: dict[str, Ending]
    disturbed: list[Ending]


@pytest.fixture(scope="module")
def walked(deployment: Deployment) -> Walked:
    """The whole walk, once for all tests."""
    return walk_through(deployment)


def walk_through(deployment: Deployment) -> Walked:
    """Let every call fail, then every Lambda."""
    walk = Walk(deployment)
    with walk.onboarding(), ThreadPoolExecutor(LANES) as lanes:
        stories = dict(zip(STORIES, lanes.map(walk.undisturbed, STORIES), strict=True))
        points = {scenario: points for scenario, (_, points) in stories.items()}
        failing = list(trials(walk.faults, points, EXTENT))
        crashing = EXTENT.share("crashes", list(CRASHES.items()))
        progress = Progress(len(failing) + len(crashing))
        broken = list(lanes.map(lambda trial: told(walk.incident(*trial), progress), failing))
        crashed = [told(ending, progress) for ending in crashes(walk, lanes, crashing)]
    print(f"{len(broken)} calls failed, {len(crashed)} Lambdas crashed")
    time.sleep(2)  # a second message would come late
    return Walked({scenario.name: ending for scenario, (ending, _) in stories.items()}, broken + crashed)


def told(ending: Ending, progress: Progress) -> Ending:
    """The same ending; a full walk shows that it moves."""
    if EXTENT.is_full:
        became = " → ".join(ending.statuses) or "no record"
        progress.tell(
            ending.function_name, ending.disturbance, f"{became}, execution {ending.execution['status']}"
        )
    return ending


def crashes(walk: Walk, lanes: ThreadPoolExecutor, crashing: list[tuple[str, Scenario]]) -> Iterator[Ending]:
    """Incidents in which one Lambda after the other cannot start."""
    names = list(lanes.map(walk.failing, (scenario for _, scenario in crashing)))
    for (role, scenario), name in zip(crashing, names, strict=True):
        yield walk.run(scenario, name, Crash(walk.deployment, f"lambda-auto-repair-{role}-local"))


@pytest.mark.parametrize("scenario", STORIES, ids=lambda scenario: scenario.name)
def test_the_incident_when_nothing_else_fails(walked: Walked, scenario: Scenario) -> None:
    ending = walked.undisturbed[scenario.name]
    assert ending.statuses[-1] in STORIES[scenario]
    assert list(wrongs(ending)) == []


def test_every_state_that_works_is_walked_through(walked: Walked) -> None:
    trials = [ending.disturbance for ending in walked.disturbed]
    walked_through = {trial.point.state for trial in trials if isinstance(trial, Trial)}
    assert walked_through == {
        "ParseAlarmEvent",
        "CollectMetricsAndLogs",
        "DiagnoseIssue",
        "DetermineAction",
        "AwaitApproval",
        "ExecuteRepair",
        "VerifyRepair",
        "RollBackRepair",
        "RecordFailure",
        "NotifyResult",
    }


def unmet(ending: Ending) -> str:
    """A fault that hit nothing proves nothing."""
    return "" if ending.happened else "it did not happen"


def unended(ending: Ending) -> str:
    """The execution ends."""
    status = ending.execution["status"]
    return "" if status in ("SUCCEEDED", "FAILED") else f"the execution is {status} after {ending.course}"


def untold(ending: Ending) -> str:
    """People are told once: of the result, or by the rule on failed executions."""
    told = len(ending.results) + len(ending.alarms)
    # SNS has delivered what it could not confirm: to tell twice is better than not at all.
    may_repeat = is_trial(ending, operation="Publish") and ending.disturbance.error == "answer_lost"
    if told == 1 or (told > 1 and may_repeat):
        return ""
    return f"{len(ending.results)} results and {len(ending.alarms)} alarms were told"


def locked(ending: Ending) -> str:
    """The function's next alarm gets an incident of its own."""
    return "" if ending.next_disposition == "opened" else f"the next alarm is {ending.next_disposition}"


def unrestored(ending: Ending) -> str:
    """The function is as it was, or changed and recorded as changed."""
    if not ending.is_changed or ending.statuses[-1] in APPLIED:
        return ""
    # What is denied to the executor for ever, nobody restores: then people must know.
    if is_beyond_help(ending) and ending.statuses[-1] == "FAILED" and "not certain" in said(ending):
        return ""
    return f"it is changed from {ending.before} to {ending.after}, the record says {ending.statuses}"


def untrue(ending: Ending) -> str:
    """The record says what is live, and so does the message."""
    if not ending.diagnoses:
        return "there is no record of the incident"
    if not ending.repairs:
        return "it is changed without a record" if ending.is_changed else ""
    last = ending.repairs[-1]
    status = last["status"]["S"]
    if status in APPLIED and any(ending.after[name] != value for name, value in applied(last).items()):
        return f"the record says {status} {applied(last)}, live is {ending.after}"
    if status in UNFINISHED and "Not everything could be written down" not in said(ending):
        return f"the record says {status}"
    if ending.results and ("[Repaired and verified]" in said(ending)) is not (status == "VERIFIED"):
        return f"the record says {status}, people were told {ending.results[0]['Subject']!r}"
    return ""


CHECKS = (unmet, unended, untold, locked, unrestored, untrue)


def wrongs(ending: Ending) -> Iterator[str]:
    """Everything that is wrong with an ending."""
    yield from filter(None, (check(ending) for check in CHECKS))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_incident_is_left(walked: Walked, check: Any) -> None:
    endings = walked.disturbed
    problems = [f"{ending.disturbance}: {problem}" for ending in endings if (problem := check(ending))]
    assert problems == []


def is_trial(ending: Ending, **facts: str) -> bool:
    """Whether a call failed whose point has these attributes."""
    trial = ending.disturbance
    return isinstance(trial, Trial) and all(
        getattr(trial.point, name) == fact for name, fact in facts.items()
    )


def is_beyond_help(ending: Ending) -> bool:
    """Whether the one function that may restore could not, however often it tried."""
    trial = ending.disturbance
    if not isinstance(trial, Trial) or not trial.forever:
        return False
    runs_executor = trial.point.role == WORKFLOW and "executor" in trial.point.subject
    return runs_executor or (trial.point.role == EXECUTOR and trial.point.service in ("lambda", "sqs"))


def said(ending: Ending) -> str:
    """What people were told, subjects and texts."""
    return "\n".join(f"{m.get('Subject', '')}\n{m['Message']}" for m in ending.results + ending.alarms)


def applied(item: dict[str, Any]) -> dict[str, int]:
    """The values that a repair's item says it has set."""
    return {name: int(value["N"]) for name, value in item["newConfig"]["M"].items()}
