"""Stages one incident and tells what happens, step by step."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from local.scenarios import incident_watch
from local.scenarios.model import Scenario
from local.scenarios.stage import wait_until
from local.scenarios.traffic import Traffic

ENVIRONMENT = "local"
PROOF_CALLS = 20
ALARM_SECONDS = 90

# (seconds since the fault, kind of line, text)
Tell = Callable[[float, str, str], None]


@dataclass(frozen=True)
class Ending:
    """What came of a staged incident."""

    scenario: Scenario
    status: str
    root_cause: str
    change: str
    seconds_to_alarm: float
    seconds_to_diagnosis: float  # from the alarm
    seconds_to_end: float  # from the alarm
    proof: str
    report: str
    verdict: str  # the workflow's last word on it, in a sentence

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What is not as the scenario expects it; empty if it held."""
        status, cause = self.scenario.expected_status, self.scenario.expected_failure_mode
        works, _, calls = self.proof.partition("/")
        checks = (
            (self.status == status, f"ended as {self.status}, expected {status}"),
            (self.root_cause == cause, f"root cause {self.root_cause or 'not found'}, expected {cause}"),
            (works == calls, f"{works} of {calls} further calls succeed"),
        )
        return tuple(text for holds, text in checks if not holds)

    @property
    def held(self) -> bool:
        return not self.shortcomings


def run(session: Any, scenario: Scenario, state_machine_arn: str, reports: Path, tell: Tell) -> Ending:
    """Break the function, follow its incident to the end, and prove that the function works again."""
    begun = time.monotonic()
    marks: dict[str, float] = {}

    def say(kind: str, text: str) -> None:
        tell(time.monotonic() - begun, kind, text)

    traffic = Traffic(
        session, scenario.function_name, scenario.healthy_event, scenario.calls_per_second, scenario.callers
    )
    with traffic:
        say("traffic", f"healthy calls to {scenario.function_name}")
        time.sleep(scenario.healthy_seconds)
        say("traffic", str(traffic.fresh_tally()))
        since = datetime.now(UTC)
        traffic.event = scenario.faulty_event
        if scenario.break_it:
            scenario.break_it(session, scenario.function_name)
        say("fault", scenario.fault)
        find = partial(
            incident_watch.find_execution, session, state_machine_arn, scenario.function_name, since
        )
        execution = _started(find, scenario.function_name)
        marks["alarm"] = time.monotonic()
        say("alarm", _alarm_text(session, scenario.function_name))
        say("traffic", str(traffic.fresh_tally()))
        document = _follow(session, execution, marks, say)
        while incident_watch.left_to_another(document):
            say("alarm", "another alarm of the function opened the incident first")
            document = _follow(session, _started(find, scenario.function_name), marks, say)
        marks["end"] = time.monotonic()
        traffic.fresh_tally()
    return _ending(session, scenario, traffic, document, marks, begun, reports, say)


def _started(find: Callable[[], str | None], function_name: str) -> str:
    what = f"an alarm of {function_name} that starts an execution"
    return str(wait_until(find, seconds=ALARM_SECONDS, what=what))


def _follow(session: Any, execution: str, marks: dict[str, float], say: Callable[[str, str], None]) -> Any:
    """Tell what the execution does; the state document with which it ended."""
    document: Any = {}
    told: set[str] = set()
    for moment in incident_watch.follow(session, execution):
        document = moment.document if not moment.entered else document
        _tell_moment(moment, told, say)
        if moment.state == "DiagnoseIssue" and not moment.entered:
            marks["diagnosis"] = time.monotonic()
    return document


def _tell_moment(moment: incident_watch.Moment, told: set[str], say: Callable[[str, str], None]) -> None:
    if moment.entered:
        if not moment.state.startswith("Is"):
            say("state", moment.state)
        return
    document = moment.document
    if moment.state == "DiagnoseIssue":
        diagnosis = document["diagnosis"]
        say("diagnosis", diagnosis["summary"])
        for hypothesis in diagnosis["hypotheses"][:1]:
            for reason in hypothesis["because"]:
                say("evidence", f"{reason['text']} [{', '.join(reason['evidence'])}]")
    elif moment.state == "DetermineAction":
        plan = document["plan"]
        say("decision", f"{plan['decision']}: {'; '.join(plan['reasons'])}")
    elif moment.state in ("ExecuteRepair", "RollBackRepair"):
        steps = document["repair" if moment.state == "ExecuteRepair" else "rollback"]["steps"]
        for step in [step for step in steps if step not in told]:
            told.add(step)
            say("repair", step)
    elif moment.state == "VerifyRepair":
        say("verify", f"{document['verification']['outcome']}: {document['verification']['reason']}")


def _ending(
    session: Any,
    scenario: Scenario,
    traffic: Traffic,
    document: Any,
    marks: dict[str, float],
    begun: float,
    reports: Path,
    say: Callable[[str, str], None],
) -> Ending:
    repairs = incident_watch.repairs_of(session, ENVIRONMENT, scenario.function_name)
    last = repairs[-1] if repairs else {}
    status = last.get("status", {}).get("S", "no repair on record")
    diagnosis = document.get("diagnosis") or {"hypotheses": []}
    cause = diagnosis["hypotheses"][0]["failure_mode"] if diagnosis["hypotheses"] else ""
    with ThreadPoolExecutor(max_workers=scenario.callers) as callers:
        outcomes = list(callers.map(lambda _: traffic.call(), range(PROOF_CALLS)))
    works = outcomes.count("succeeded")
    say("proof", f"{works} of {len(outcomes)} further calls with the same load succeed")
    report = _fetch_report(session, document, reports)
    say("report", report)
    return Ending(
        scenario=scenario,
        status=status,
        root_cause=cause,
        change="; ".join(item.get("change", {}).get("S", "") for item in repairs),
        seconds_to_alarm=marks["alarm"] - begun - scenario.healthy_seconds,
        seconds_to_diagnosis=marks.get("diagnosis", marks["end"]) - marks["alarm"],
        seconds_to_end=marks["end"] - marks["alarm"],
        proof=f"{works}/{len(outcomes)}",
        report=report,
        verdict=last_word(document),
    )


def last_word(document: Any) -> str:
    """The latest sentence of the state document: what failed, what was measured, decided or diagnosed."""
    if error := document.get("error"):
        return f"our own workflow failed: {error.get('Error', '')}: {error.get('Cause', '')}"
    if verification := document.get("verification"):
        return f"{verification['outcome']}: {verification['reason']}"
    if plan := document.get("plan"):
        return f"{plan['decision']}: {'; '.join(plan['reasons'])}"
    return str((document.get("diagnosis") or {}).get("summary", "the workflow ended before a diagnosis"))


def _alarm_text(session: Any, function_name: str) -> str:
    alarms = session.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    return (
        ", ".join(a["AlarmName"] for a in alarms if a["AlarmName"].endswith(function_name))
        or "started by an alarm"
    )


def _fetch_report(session: Any, document: Any, reports: Path) -> str:
    uri = (document.get("notice") or {}).get("report", "")
    if not uri.startswith("s3://"):
        return "no report"
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    target = reports / Path(key).parent.name / Path(key).name
    target.parent.mkdir(parents=True, exist_ok=True)
    session.client("s3").download_file(bucket, key, str(target))
    return str(target)
