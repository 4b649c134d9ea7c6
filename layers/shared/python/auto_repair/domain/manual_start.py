"""The command with which a person starts the workflow again for what an incident is about."""

import json
from shlex import quote

from auto_repair.domain.incident import Incident


def start_command(incident: Incident) -> str:
    """For any POSIX shell. Empty for an incident whose execution is not known."""
    parts = incident.execution_arn.split(":")  # arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME
    if len(parts) != 8:
        return ""
    machine = ":".join((*parts[:5], "stateMachine", parts[6]))
    start = json.dumps({**_named(incident), "manual": True})
    return (
        f"aws stepfunctions start-execution --region {quote(parts[3])} --state-machine-arn {quote(machine)} "
        f"--input {quote(start)}"
    )


def _named(incident: Incident) -> dict[str, str]:
    """Where the alarm is on what stands before the function, that is what hurts."""
    if incident.target != incident.function_name or not incident.has_function:
        return {"target": incident.target}
    name = incident.function_name
    return {"functionName": f"{name}:{incident.alias}" if incident.alias else name}
