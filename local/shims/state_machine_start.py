"""Gap 13: StartExecution is idempotent on name and input while the execution runs."""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions

from local.shims import wrap

_UNFIT_FOR_NAMES = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
MAX_NAME_CHARACTERS = 80
MAX_INPUT_BYTES = 262_144


def install() -> None:
    @wrap(stepfunctions, "_start_execution")
    def start_execution(original: Any, request: dict[str, Any]) -> Any:
        return _refusal(request) or _repetition(request) or original(request)


def _refusal(request: dict[str, Any]) -> Any:
    name, content = request.get("name"), request.get("input", "{}")
    if name is not None and (not 1 <= len(name) <= MAX_NAME_CHARACTERS or _UNFIT_FOR_NAMES.search(name)):
        return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
    try:
        json.loads(content)
    except ValueError as error:
        return error_response_json(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'", 400
        )
    if len(content.encode()) > MAX_INPUT_BYTES:
        message = (
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have "
            f"length less than or equal to {MAX_INPUT_BYTES}"
        )
        return error_response_json("ValidationException", message, 400)
    return None


def _repetition(request: dict[str, Any]) -> Any:
    """The answer to a start with the name of an execution that exists; None if it does not."""
    machine_arn = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
    machine = stepfunctions._state_machines.get(machine_arn)
    if machine is None or not request.get("name"):
        return None
    prefix = f"arn:aws:states:{get_region()}:{get_account_id()}:execution"
    arn = f"{prefix}:{machine['name']}:{request['name']}"
    existing = stepfunctions._executions.get(arn)
    if existing is None:
        return None
    if existing["status"] == "RUNNING" and existing["input"] == request.get("input", "{}"):
        return json_response({"executionArn": arn, "startDate": existing["startDate"]})
    return error_response_json("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'", 400)
