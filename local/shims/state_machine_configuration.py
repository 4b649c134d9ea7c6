"""Gap 14: what a state machine is saved with: tracing is kept, and logging needs the role's permission."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import stepfunctions

from local import permissions
from local.permissions import Call
from local.shims import wrap
from local.shims.state_machine_role import PRINCIPAL


def install() -> None:
    @wrap(stepfunctions, "_create_state_machine")
    def create_state_machine(original: Any, request: dict[str, Any]) -> Any:
        arn = f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{request.get('name')}"
        return _saved(original, request, arn, request.get("roleArn"))

    @wrap(stepfunctions, "_update_state_machine")
    def update_state_machine(original: Any, request: dict[str, Any]) -> Any:
        arn = request.get("stateMachineArn", "")
        machine = stepfunctions._state_machines.get(arn) or {}
        return _saved(original, request, arn, request.get("roleArn") or machine.get("roleArn"))


def _saved(original: Any, request: dict[str, Any], arn: str, role_arn: str | None) -> Any:
    logs = request.get("loggingConfiguration", {}).get("level", "OFF") != "OFF"
    delivery = Call("logs:CreateLogDelivery", "*")
    if logs and role_arn and not permissions.role_may(role_arn, PRINCIPAL, delivery, "logs"):
        message = "The state machine IAM Role is not authorized to access the Log Destination"
        return error_response_json("AccessDeniedException", message, 400)
    response = original(request)
    machine = stepfunctions._state_machines.get(arn)
    if response[0] == 200 and machine is not None:
        tracing = request.get("tracingConfiguration") or machine.get("tracingConfiguration")
        machine["tracingConfiguration"] = tracing or {"enabled": False}
    return response
