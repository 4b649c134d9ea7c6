"""Shows the findings of an incident, accepts or declines one, or looks again where evidence arrived late.

Usage: make findings INCIDENT=… [ACCEPT=id|DECLINE=id|AGAIN=yes] [BY=] [COMMENT=] [ENV=x]
       make findings TARGET=function [ENV=x] lists the function's incidents

Nothing but our own record changes.

Exit status 0 when it is done, 1 when it failed, 2 when an argument is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from auto_repair.domain.naming import findings_function
from auto_repair.domain.timestamps import parse
from scripts.account import client, reach

ARGUMENT_OF = {
    "incidentId": "INCIDENT",
    "functionName": "TARGET",
    "finding": "ACCEPT or DECLINE",
    "by": "BY",
    "comment": "COMMENT",
}


class WrongArgument(ValueError):
    """The message names the argument and the fix."""


def request_of(given: argparse.Namespace) -> dict[str, str]:
    """The function's input. Raises `WrongArgument`."""
    asked = {"accept": given.accept, "decline": given.decline, "new_evidence": given.again}
    chosen = [(operation, value) for operation, value in asked.items() if value]
    if len(chosen) > 1:
        raise WrongArgument("ACCEPT, DECLINE, AGAIN: give one of them")
    if not given.incident and (chosen or not given.target):
        raise WrongArgument("INCIDENT: it is missing; TARGET=function lists the incidents of a function")
    operation, value = chosen[0] if chosen else ("list", "")
    request = {
        "operation": operation,
        "incidentId": given.incident,
        "functionName": given.target,
        "finding": value if operation in ("accept", "decline") else "",
        "by": given.by,
        "comment": given.comment,
    }
    return {name: text for name, text in request.items() if text}


def problem(text: str) -> str:
    """Why the request was refused, in terms of the command's arguments."""
    text = re.sub(r"\b(functionName|incidentId)\b", lambda field: ARGUMENT_OF[field[0]], text)
    name, colon, rest = text.partition(":")
    return f"{ARGUMENT_OF[name]}:{rest}" if colon and name in ARGUMENT_OF else text


def told(answer: dict[str, Any]) -> Iterator[str]:
    """What the function answered, line by line."""
    if "incidents" in answer:
        for one in answer["incidents"]:
            yield f"{one['incidentId']}  {one['status']}  {one['summary']}"
    elif "reopened" in answer:
        changed = f"before {answer['before'] or 'none'}, now {answer['after'] or 'none'}"
        yield f"Reopened: {changed}. Report: {answer['report']}" if answer["reopened"] else answer["note"]
    else:
        yield from _told(answer)


def _told(answer: dict[str, Any]) -> Iterator[str]:
    yield f"Incident {answer['incidentId']} of {answer['functionName']}, {answer['status']}"
    yield f"{answer['verdict']}. {answer['summary']}"
    for hypothesis in answer["hypotheses"]:
        yield f"  {hypothesis['confidence']:4.0%}  {hypothesis['id']}: {hypothesis['title']}"
    for lead in answer.get("leads", ()):
        yield f"  lead, no cause: {lead['confidence']:.0%}  {lead['id']}: {lead['title']}"
    for said in answer["answers"]:
        comment = f" “{said['comment']}”" if said["comment"] else ""
        at = f"{parse(said['at']):%Y-%m-%d %H:%M:%S} UTC"
        yield f"  {said['say']}: {said['finding']} by {said['by']} at {at}{comment}"
    if answer["confirmedCause"]:
        yield f"Confirmed cause: {answer['confirmedCause']}"
    yield from answer["notes"]
    yield f"Report: {answer['report'] or 'none yet'}"


def ask(session: boto3.Session, environment: str, request: dict[str, str]) -> dict[str, Any]:
    """The function's answer. Raises `RuntimeError` with what it failed of."""
    name = findings_function(environment)
    done = client(session, "lambda").invoke(FunctionName=name, Payload=json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(done["Payload"].read())
    if "FunctionError" in done:
        raise RuntimeError(f"{name}: {answer.get('errorMessage', 'it failed; its log says why')}")
    return answer


def findings(given: argparse.Namespace) -> int:
    """Ask and tell; the exit status. Raises `WrongArgument`, `RuntimeError`."""
    request = request_of(given)
    session = reach(given.environment)
    if request["operation"] in ("accept", "decline"):
        request.setdefault("by", client(session, "sts").get_caller_identity()["Arn"])
    answer = ask(session, given.environment, request)
    if "problem" in answer:
        raise WrongArgument(problem(answer["problem"]))
    print("\n".join(told(answer)))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make findings", description="Findings of an incident.")
    parser.add_argument("--environment", required=True)
    for name in ("incident", "target", "accept", "decline", "again", "by", "comment"):
        parser.add_argument(f"--{name}", default="", type=str.strip)
    given = parser.parse_args(arguments)
    try:
        return findings(given)
    except WrongArgument as error:
        print(error, file=sys.stderr)
        return 2
    except (ClientError, BotoCoreError, RuntimeError) as error:
        print(f"ENV={given.environment}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
