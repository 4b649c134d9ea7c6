"""Which task a Step Functions thread is working on, for the shims that need to know."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions

from local.shims import wrap

TRACE = "trace"  # our key in the emulator's record of an execution


@dataclass
class Task:
    """The running task state. parameters: what is passed to the integration, known once it was computed."""

    execution: dict[str, Any]
    definition: dict[str, Any]
    name: str
    parameters: Any = None

    @property
    def role_arn(self) -> str:
        machine = stepfunctions._state_machines.get(self.execution["stateMachineArn"]) or {}
        return str(machine.get("roleArn", ""))

    @property
    def trace(self) -> str:
        """The id of the execution's X-Ray trace; empty when the state machine is not traced."""
        return str(self.execution.get(TRACE, ""))

    @property
    def execution_ended(self) -> bool:
        return bool(self.execution["status"] != "RUNNING")


current: contextvars.ContextVar[Task | None] = contextvars.ContextVar("state_machine_task", default=None)

_is_installed = False


def install_once() -> None:
    """Follow the tasks; every shim that reads `current` calls this."""
    global _is_installed
    if _is_installed:
        return
    _is_installed = True

    @wrap(stepfunctions, "_execute_task")
    def execute_task(
        original: Any, definition: dict[str, Any], raw_input: Any, execution: Any, context: Any
    ) -> Any:
        task = Task(execution, definition, context.get("State", {}).get("Name", ""))
        token = current.set(task)
        try:
            return original(definition, raw_input, execution, context)
        finally:
            current.reset(token)

    @wrap(stepfunctions, "_apply_parameters")
    def apply_parameters(original: Any, definition: dict[str, Any], data: Any, context: Any = None) -> Any:
        parameters = original(definition, data, context)
        task = current.get()
        if task is not None and task.definition is definition:
            task.parameters = parameters
        return parameters
