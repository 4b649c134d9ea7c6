"""A person answers, from a shell, with the commands of the message."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import Deployment, now
from tests.e2e.late_changes import record_late_change
from tests.e2e.shell import shell


def question(deployment: Deployment, name: str) -> str:
    """The text of the message that asks about the function."""

    def asked() -> str:
        return next(
            (m["Message"] for m in deployment.messages(name) if "send-task-success" in m["Message"]), ""
        )

    return str(wait_until(asked, seconds=60, what=f"a question about {name}"))


def commands(text: str) -> dict[str, str]:
    """The two commands of a question by what they answer."""
    found = re.findall(r"^\s*(aws stepfunctions send-task-success .*)$", text, re.MULTILINE)
    return {word: next(c for c in found if word in c.lower()) for word in ("approve", "reject")}


def throttled_incident(deployment: Deployment, name: str, answer: str | None) -> dict[str, Any]:
    """The incident of a function with a reservation of 0, with that answer given.

    None: nobody answers, and meanwhile a change becomes known.
    """
    since = now()
    with deployment.traffic(name, {"seconds": 0.05}):
        execution = deployment.execution(name, since)
        text = question(deployment, name)
        assert "reserved concurrency" in text
        if answer:
            shell(commands(text)[answer])
        else:
            record_late_change(deployment, name, LATE_TIMEOUT_S)
        ended = deployment.end_of(execution, seconds=150)
    assert ended["status"] == "SUCCEEDED", ended
    return dict(json.loads(ended["output"]))


LATE_TIMEOUT_S = 17
ANSWERS = {"approve-me": "approve", "reject-me": "reject", "nobody-answers": None}


@pytest.fixture(scope="module")
def asked(deployment: Deployment) -> Iterator[dict[str, "Future[dict[str, Any]]"]]:
    """Three incidents that ask at the same time, by the name of their function."""
    with ThreadPoolExecutor(len(ANSWERS)) as pool:
        yield {
            name: pool.submit(throttled_incident, deployment, name, answer)
            for name, answer in ANSWERS.items()
        }


def reserved(deployment: Deployment, name: str) -> int | None:
    """The function's reservation."""
    answer = deployment.client("lambda").get_function_concurrency(FunctionName=name)
    value: int | None = answer.get("ReservedConcurrentExecutions")
    return value


def test_approving_by_cli_raises_a_reservation_of_zero(
    deployment: Deployment, asked: dict[str, "Future[dict[str, Any]]"]
) -> None:
    state = asked["approve-me"].result()
    assert state["verification"]["outcome"] == "repaired", state
    assert (reserved(deployment, "approve-me") or 0) > 0
    last = deployment.repairs("approve-me")[-1]
    assert last["status"]["S"] == "VERIFIED"
    assert last["approval"]["M"]["answeredBy"]["S"].startswith("arn:aws:")


def test_rejecting_by_cli_changes_nothing(
    deployment: Deployment, asked: dict[str, "Future[dict[str, Any]]"]
) -> None:
    asked["reject-me"].result()
    assert reserved(deployment, "reject-me") == 0
    last = deployment.repairs("reject-me")[-1]
    assert last["status"]["S"] == "REJECTED"
    assert last["approval"]["M"]["decision"]["S"] == "reject"
    assert last["approval"]["M"]["answeredBy"]["S"].startswith("arn:aws:")


def test_no_answer_in_time_means_no(
    deployment: Deployment, asked: dict[str, "Future[dict[str, Any]]"]
) -> None:
    state = asked["nobody-answers"].result()
    assert state["approval"]["decision"] == "expired"
    assert reserved(deployment, "nobody-answers") == 0
    last = deployment.repairs("nobody-answers")[-1]
    assert last["status"]["S"] == "REJECTED"
    assert last["approval"]["M"]["decision"]["S"] == "expired"


def test_who_is_asked_is_told_that_the_evidence_has_changed(
    deployment: Deployment, asked: dict[str, "Future[dict[str, Any]]"]
) -> None:
    asked["nobody-answers"].result()
    (warning,) = (m for m in deployment.messages("nobody-answers") if "[Evidence changed]" in m["Subject"])
    assert warning["Subject"] == (
        "[Evidence changed] nobody-answers: UpdateFunctionConfiguration on lambda:nobody-answers"
    )
    told = " UTC UpdateFunctionConfiguration on lambda:nobody-answers (timeout 17)"
    assert told in warning["Message"]
    assert "the cause is still held to be" in warning["Message"]
    (incident,) = deployment.diagnoses("nobody-answers")
    (change,) = incident["evidenceChanged"]["M"]["changes"]["L"]
    assert told in change["S"]
