"""Error names of tasks, errors that no wildcard matches, and the limit on a task's result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ministack.services import stepfunctions

from local.shims import _state_machine_task, wrap

MAX_RESULT_BYTES = 262_144


def install() -> None:
    _state_machine_task.install_once()

    @wrap(stepfunctions, "_prefix_sdk_error")
    def prefix_sdk_error(original: Any, service: str, code: str) -> str:
        """SDK integrations name the classes of AWS's SDK for Java: Ssm.ParameterNotFoundException."""
        name: str = original(service, code)
        is_class = name.startswith("States.") or name.endswith("Exception")
        return name if is_class else f"{name.removesuffix('Fault')}Exception"

    @wrap(stepfunctions, "_error_matches")
    def error_matches(original: Any, error_equals: Sequence[str], error: str) -> bool:
        # "These errors aren't retriable, and will always cause the execution to fail."
        if error == "States.Runtime":
            return False
        if error == "States.DataLimitExceeded":
            return error in error_equals
        return bool(original(error_equals, error))

    @wrap(stepfunctions, "_invoke_resource")
    def invoke_resource(original: Any, resource: str, parameters: Any) -> Any:
        result = original(resource, parameters)
        if len(json.dumps(result).encode()) > MAX_RESULT_BYTES:
            task = _state_machine_task.current.get()
            cause = (
                f"The state/task '{task.name if task else resource}' returned a result with a size exceeding "
                "the maximum number of bytes service limit."
            )
            raise stepfunctions._ExecutionError("States.DataLimitExceeded", cause)
        return result
