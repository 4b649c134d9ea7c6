"""People start an investigation by command, and say what they think of its findings."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import ROOT, Deployment
from tests.e2e.late_changes import record_late_change, recorded
from tests.e2e.shell import attempt

NAME, CAUSE = "disputed", "code_error"
LIBRARY = str(ROOT / "layers" / "shared" / "python")


def command(line: str) -> "subprocess.CompletedProcess[str]":
    """A command as the Makefile runs it."""
    script, _, options = line.partition(" ")
    text = f"cd '{ROOT}' && '{sys.executable}' -m scripts.{script} --environment local {options}"
    return attempt(text, PYTHONPATH=LIBRARY)


def findings(options: str) -> str:
    """What `make findings` prints; it must succeed."""
    done = command(f"findings {options}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def investigation(deployment: Deployment) -> str:
    """What the investigation of a function that raises an error told."""
    with deployment.traffic(NAME, {"order": 7}) as calls:
        wait_until(lambda: calls.tally.failed >= 6, seconds=30, what="failing runs")
        done = command(f"investigate --target {NAME} --since 10m")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def incident(investigation: str) -> str:
    found = re.search(r"^Incident: (\S+)$", investigation, re.MULTILINE)
    assert found, investigation
    return found[1]


def diagnosis(deployment: Deployment) -> dict[str, Any]:
    """The incident's item of the diagnosis table."""
    (item,) = deployment.diagnoses(NAME)
    return item


def report(deployment: Deployment) -> dict[str, Any]:
    """The JSON report at the incident's address."""
    bucket, _, key = diagnosis(deployment)["reportUri"]["S"].removeprefix("s3://").partition("/")
    stored = deployment.client("s3").get_object(Bucket=bucket, Key=key.replace("report.html", "report.json"))
    return dict(json.load(stored["Body"]))


def test_an_investigation_by_target_is_told_to_its_end(investigation: str) -> None:
    for told in ("ParseAlarmEvent", "Verdict: ROOT_CAUSE_FOUND", f"{CAUSE}: ", "Decision: advise", "s3://"):
        assert told in investigation
    assert "NotifyResult" in investigation


def test_what_is_said_is_heard_recorded_and_reported(deployment: Deployment, incident: str) -> None:
    assert f"{CAUSE}:" in findings(f"--incident {incident}")

    said = findings(f"--incident {incident} --decline {CAUSE} --by ada --comment 'nothing was deployed'")
    assert f"%  {CAUSE}:" not in said
    assert f"decline: {CAUSE} by ada" in said
    item = diagnosis(deployment)
    assert item["answers"]["M"][CAUSE]["M"]["by"]["S"] == "ada"
    assert item["hypotheses"]["L"][0]["M"]["id"]["S"] == CAUSE
    assert CAUSE not in [h["M"]["id"]["S"] for h in item["reconsidered"]["M"]["hypotheses"]["L"]]
    shown = report(deployment)["diagnosis"]
    assert "ruled out by ada" in shown["summary"]
    assert "nothing was deployed" in shown["summary"]

    said = findings(f"--incident {incident} --accept {CAUSE} --by grace")
    assert f"Confirmed cause: {CAUSE}" in said
    item = diagnosis(deployment)
    assert item["confirmedCause"]["S"] == CAUSE
    assert [a["M"]["by"]["S"] for a in item["answerLog"]["L"]] == ["ada", "grace"]
    assert report(deployment)["diagnosis"]["hypotheses"][0]["because"][0]["text"].startswith(
        "confirmed by grace"
    )


def test_a_second_look_finds_the_same(incident: str) -> None:
    assert "The same cause is held responsible." in findings(f"--incident {incident} --again yes")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            "findings --incident nowhere --target disputed",
            "INCIDENT: there is no incident 'nowhere'; the newest",
        ),
        (
            "findings --incident {incident} --decline sunspots",
            "none called 'sunspots'; its findings are code_error",
        ),
        ("findings --incident {incident} --target healthy", "TARGET: incident"),
        ("investigate --target no-such-function", "TARGET: there is no Lambda function 'no-such-function'"),
        ("investigate --question 'it is broken'", "Asked back: "),
        ("investigate --target disputed --since yesterday", "SINCE: 'yesterday' is not a time"),
    ],
)
def test_what_is_wrong_is_said_by_the_arguments_name(options: str, told: str, incident: str) -> None:
    done = command(options.format(incident=incident))
    assert (done.returncode, told in done.stderr) == (2, True), f"{done.stdout}\n{done.stderr}"


def test_late_changes_lead_to_a_look_at_once_and_to_one_more_that_is_owed(
    deployment: Deployment, incident: str
) -> None:
    record_late_change(deployment, NAME, 11)
    wait_until(lambda: "lookNotBefore" in diagnosis(deployment), seconds=60, what="another look")
    began = diagnosis(deployment)["lookNotBefore"]
    for timeout_s in (12, 13):
        record_late_change(deployment, NAME, timeout_s)
    wait_until(lambda: "lookWantedAt" in diagnosis(deployment), seconds=60, what="the look that is owed")
    assert diagnosis(deployment)["lookNotBefore"] == began
    assert (
        incident in recorded(deployment, {"detail-type": "Scheduled Event", "source": "aws.events"})["asked"]
    )


def test_incidents_of_a_function_are_listed(incident: str) -> None:
    assert f"{incident}  ADVISED  " in findings(f"--target {NAME}")
