"""The command with which a person starts the workflow for an incident's function again."""

import json
from shlex import quote

from auto_repair.domain.incident import Incident


def start_command(incident: Incident) -> str:
    """For any POSIX shell. Empty for an incident whose execution is not known."""
    parts = incident.execution_arn.split(":")  # arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME
    if len(parts) != 8:
        return ""
    machine = ":".join((*parts[:5], "stateMachine", parts[6]))
    name = f"{incident.function_name}:{incident.alias}" if incident.alias else incident.function_name
    start = json.dumps({"functionName": name, "manual": True})
    return (
        f"aws stepfunctions start-execution --region {quote(parts[3])} --state-machine-arn {quote(machine)} "
        f"--input {quote(start)}"
    )
