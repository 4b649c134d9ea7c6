"""Starts an investigation of a resource, or of a question in words, and tells what it comes to.

Usage: make investigate TARGET=… [SINCE=…] [QUESTION="my API returns 500 since ten"] [ENV=x]

Exit status 0 when it came to an end, 1 when it failed, 2 when an argument is wrong or a question comes back.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from auto_repair.contracts.documents import decode
from auto_repair.domain.case import Case
from auto_repair.domain.incident import Disposition
from auto_repair.domain.question.reading import Reading, out_of_reach
from auto_repair.domain.timestamps import iso, parse
from local.scenarios import incident_watch
from local.scenarios.incident_watch import Moment
from scripts.account import Unreachable, client, reach, state_machine
from scripts.terraform import LOCAL

MOST_SECONDS = 900
EVERY_S = 1.0  # Step Functions answers few questions a second
ARGUMENT_OF = {"functionName": "TARGET", "target": "TARGET", "since": "SINCE", "question": "QUESTION"}
_FIELD = re.compile(r"\bfunctionName\b")  # what the workflow calls TARGET
_AGO = re.compile(r"(\d{1,4})\s*(m|min|h|d)")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


class WrongArgument(ValueError):
    """The message names the argument and the fix."""


def moment(text: str, now: datetime) -> str:
    """`30m`, `2h`, `1d` or an ISO 8601 time, as ISO 8601 UTC. Raises `WrongArgument`."""
    try:
        if ago := _AGO.fullmatch(text.strip().lower()):
            then = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            then = parse(text.strip())
    except ValueError as error:
        raise WrongArgument(
            f"SINCE: {text!r} is not a time; give 30m, 2h, 1d or ISO 8601 such as 2026-01-31T10:00:00Z"
        ) from error
    if problem := out_of_reach(then, now):
        raise WrongArgument(f"SINCE: {text!r} {problem}")
    return iso(then)


def start_document(target: str, since: str, question: str, now: datetime) -> dict[str, Any]:
    """The input of the execution. Raises `WrongArgument`."""
    target, question = target.strip(), question.strip()
    if not target and not question:
        raise WrongArgument(
            "TARGET: give a function, an ARN or a resource such as sqs:orders, or ask in words with QUESTION"
        )
    given = {
        "target": target,
        "question": question,
        "since": moment(since, now) if since.strip() else "",
    }
    return {**{name: text for name, text in given.items() if text}, "manual": True}


def told(document: dict[str, Any], environment: str) -> Iterator[str]:
    """What came of it, line by line, from the state document with which it ended."""
    case = decode(Case, document)
    if case.incident.reading:
        yield from understood(case.incident.reading)
    if case.diagnosis is None:
        yield "It ended before anything could be found out; the report says where."
    else:
        yield f"Verdict: {case.diagnosis.verdict.value}. {case.diagnosis.summary}"
        for hypothesis in case.diagnosis.hypotheses:
            yield f"  {hypothesis.confidence:4.0%}  {hypothesis.id}: {hypothesis.title}"
            yield from (f"        {reason.text}" for reason in hypothesis.because[:3])
        for lead in case.diagnosis.leads:
            yield f"  lead, no cause: {lead.confidence:.0%}  {lead.id}: {lead.title}"
        yield from (f"  missing: {gap}" for gap in case.diagnosis.missing)
    if case.plan:
        yield f"Decision: {case.plan.decision.value}: {'; '.join(case.plan.reasons)}"
    yield f"Incident: {case.incident.id}"
    yield f"Report: {(document.get('notice') or {}).get('report') or 'none yet'}"
    if case.diagnosis and case.diagnosis.hypotheses:
        wrong = f"INCIDENT={case.incident.id} DECLINE={case.diagnosis.hypotheses[0].id}"
        yield f"If that is wrong: make findings {wrong} ENV={environment}"


def understood(reading: Reading) -> Iterator[str]:
    """How the question was read, and what was assumed where it left something open."""
    since = f"since {reading.since:%Y-%m-%d %H:%M} UTC" if reading.since else "no time was said"
    zone = f"times read in {reading.zone}" if reading.zone else ""
    known = (
        reading.resource or "no resource was said",
        reading.symptom or "no symptom was said",
        since,
        zone,
    )
    yield f"Understood: {', '.join(filter(None, known))}."
    yield from (f"  assumed: {assumption}" for assumption in reading.assumptions)


def rejection(problem: str) -> str:
    """Why the start was refused, in terms of the command's arguments, or the question that comes back."""
    name, colon, rest = problem.partition(":")
    if name == "question" and colon:
        return f"Asked back:{rest}"
    told = f"{ARGUMENT_OF[name]}:{rest}" if colon and name in ARGUMENT_OF else f"TARGET: {problem}"
    return _FIELD.sub("TARGET", told)


def outcome(document: dict[str, Any] | None, status: str, environment: str) -> tuple[list[str], int]:
    """The lines that tell how the execution ended, or where it waits for people; and the exit status."""
    if document is None or "incident" not in document or status not in ("SUCCEEDED", "RUNNING"):
        return [f"The execution ended as {status}; its history in Step Functions says why."], 1
    incident = document["incident"]
    disposition = Disposition(incident["disposition"])
    if disposition is Disposition.REJECTED:
        return [rejection(incident["problem"])], 2
    if disposition is not Disposition.OPENED:
        other = incident["joined_incident_id"]
        return [
            f"Incident {other} of {incident['function_name']} is open already: "
            f"make findings INCIDENT={other} ENV={environment}"
        ], 0
    waits = (
        ["A person was asked for approval; the question is in the message."] if status == "RUNNING" else []
    )
    failed = document.get("failure") or document.get("error")
    return [*told(document, environment), *waits], 1 if failed else 0


def watch(moments: Iterator[Moment], say: Callable[[str], None]) -> dict[str, Any] | None:
    """Tell every state as it is entered, up to the end or a question to people; the document by then."""
    document = None
    for seen in moments:
        document = seen.document
        if seen.entered and not seen.state.startswith("Is"):
            say(f"  {seen.at.astimezone(UTC):%H:%M:%S}  {seen.state}")
        if seen.entered and seen.state == "AwaitApproval":
            break
    return document


def investigate(target: str, since: str, question: str, environment: str) -> int:
    """Start it, follow it, tell what it comes to; the exit status. Raises `WrongArgument`."""
    start = start_document(target, since, question, datetime.now(UTC))
    session = reach(environment)
    machine = client(session, "stepfunctions")
    execution = machine.start_execution(
        stateMachineArn=state_machine(session, environment), input=json.dumps(start)
    )["executionArn"]
    print(f"Investigating: {execution}", flush=True)
    every = 0.2 if environment == LOCAL else EVERY_S
    moments = incident_watch.follow(session, execution, seconds=MOST_SECONDS, every=every)
    document = watch(moments, lambda line: print(line, flush=True))
    status = machine.describe_execution(executionArn=execution)["status"]
    lines, code = outcome(document, status, environment)
    print("\n".join(lines), file=sys.stderr if code == 2 else sys.stdout)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make investigate", description="Find out what is wrong.")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--target", default="")
    parser.add_argument("--since", default="")
    parser.add_argument("--question", default="")
    given = parser.parse_args(arguments)
    try:
        return investigate(given.target, given.since, given.question, given.environment)
    except WrongArgument as error:
        print(error, file=sys.stderr)
        return 2
    except (ClientError, BotoCoreError, TimeoutError, Unreachable) as error:
        print(f"ENV={given.environment}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
