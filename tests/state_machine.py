"""Follows a state machine as Step Functions does, in memory: JSONPath, Choice, Retry, Catch, Wait."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.builders import EXECUTION

MOST_TRANSITIONS = 3000
LARGEST_DOCUMENT = 256 * 1024
_MISSING = object()


class TaskFailed(Exception):
    """A task that ended with an error of that name."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


@dataclass
class Execution:
    """What became of an execution."""

    status: str
    output: Any
    visited: list[str]
    input: Any = None
    arn: str = EXECUTION
    started_at: str = ""


@dataclass
class StateMachine:
    """`tasks` are functions by the placeholder of their ARN: `executor_arn`. A task raises `TaskFailed`, or
    any exception, whose class name is the error's. `answer` gives what `send-task-success` would bring."""

    definition: dict[str, Any]
    tasks: Mapping[str, Callable[[Any], Any]]
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    answer: Callable[[Any], Any] = lambda _payload: {"decision": "approve", "answeredBy": "ada"}
    on_state: Callable[[str], None] = lambda _name: None
    tokens: int = field(default=0)

    def run(self, given: Any, arn: str = EXECUTION) -> Execution:
        """Run one execution to its end."""
        started = self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        context: dict[str, Any] = {
            "Execution": {"Id": arn, "Name": arn.rsplit(":", 1)[-1], "StartTime": started, "Input": given}
        }
        document, name, visited = given, self.definition["StartAt"], list[str]()
        while True:
            visited.append(name)
            assert len(visited) < MOST_TRANSITIONS, f"it goes round for ever: {visited[-12:]}"
            self.on_state(name)
            state = self.definition["States"][name]
            context["State"] = {"Name": name, "RetryCount": 0}
            if state["Type"] in ("Succeed", "Fail"):
                status = "SUCCEEDED" if state["Type"] == "Succeed" else "FAILED"
                return Execution(status, document, visited, given, arn, started)
            try:
                document, name = self._step(state, document, context)
            except _NotCaught:
                return Execution("FAILED", document, visited, given, arn, started)

    def _step(self, state: dict[str, Any], document: Any, context: dict[str, Any]) -> tuple[Any, str]:
        match state["Type"]:
            case "Task":
                return self._task(state, document, context)
            case "Choice":
                chosen = (c["Next"] for c in state["Choices"] if _holds(c, document))
                return document, next(chosen, state["Default"])
            case "Wait":
                seconds = state["Seconds"] if "Seconds" in state else _find(document, state["SecondsPath"])
                assert isinstance(seconds, int)
                self.wait(seconds)
                return document, state["Next"]
            case "Pass":
                result = (
                    state["Result"] if "Result" in state else _fill(state["Parameters"], document, context)
                )
                return _placed(document, state.get("ResultPath", "$"), result), state["Next"]
        raise AssertionError(f"unknown type {state['Type']}")

    def _task(self, state: dict[str, Any], document: Any, context: dict[str, Any]) -> tuple[Any, str]:
        attempts = [0] * len(state.get("Retry", []))
        while True:
            try:
                result = self._call(state, document, context)
            except TaskFailed as failed:
                retry = _matching(state.get("Retry", []), failed.error)
                if retry is not None and attempts[retry] < state["Retry"][retry]["MaxAttempts"]:
                    attempts[retry] += 1
                    context["State"]["RetryCount"] += 1
                    continue
                catch = _matching(state.get("Catch", []), failed.error)
                if catch is None:
                    raise _NotCaught from failed
                caught = {"Error": failed.error, "Cause": failed.cause}
                chosen = state["Catch"][catch]
                return _placed(document, chosen["ResultPath"], caught), chosen["Next"]
            return _placed(document, state["ResultPath"], result), state["Next"]

    def _call(self, state: dict[str, Any], document: Any, context: dict[str, Any]) -> Any:
        if state["Resource"].endswith(".waitForTaskToken"):
            self.tokens += 1
            context["Task"] = {"Token": f"token-{self.tokens}"}
            expiry = _find(document, state["TimeoutSecondsPath"])
            assert isinstance(expiry, int)
            assert expiry > 0
            parameters = _fill(state["Parameters"], document, context)
            self._invoke(_placeholder(parameters["FunctionName"]), parameters["Payload"])
            return _through_json(self.answer(parameters["Payload"]))
        payload = _fill(state["Parameters"], document, context)
        return self._invoke(_placeholder(state["Resource"]), payload)

    def _invoke(self, name: str, payload: Any) -> Any:
        try:
            return _through_json(self.tasks[name](_through_json(payload)))
        except (TaskFailed, AssertionError):
            raise
        except Exception as error:
            name = type(error).__name__
            raise TaskFailed(name, json.dumps({"errorType": name, "errorMessage": str(error)})) from error


class _NotCaught(Exception):
    """No Catch took the error: the execution fails."""


def _through_json(value: Any) -> Any:
    text = json.dumps(value)
    assert len(text) < LARGEST_DOCUMENT
    return json.loads(text)


def _placeholder(text: str) -> str:
    return text.removeprefix("${").removesuffix("}")


def _find(document: Any, path: str) -> Any:
    """What a reference path such as `$.plan.decision` leads to."""
    for part in path.removeprefix("$").split("."):
        if part:
            document = document.get(part, _MISSING) if isinstance(document, dict) else _MISSING
    return document


def _fill(template: Any, document: Any, context: dict[str, Any]) -> Any:
    if not isinstance(template, dict):
        return template
    filled = {}
    for key, value in template.items():
        if not key.endswith(".$"):
            filled[key] = _fill(value, document, context)
            continue
        found = _find(context, value[1:]) if value.startswith("$$") else _find(document, value)
        assert found is not _MISSING, f"{value} leads nowhere"
        filled[key.removesuffix(".$")] = found
    return filled


def _placed(document: Any, path: str, result: Any) -> Any:
    if path == "$":
        return result
    assert isinstance(document, dict), "a ResultPath below $ needs an object"
    return {**document, path.removeprefix("$."): result}


def _holds(choice: dict[str, Any], document: Any) -> bool:
    if "And" in choice:
        return all(_holds(part, document) for part in choice["And"])
    found = _find(document, choice["Variable"])
    if "IsPresent" in choice:
        return (found is not _MISSING) is choice["IsPresent"]
    assert found is not _MISSING, f"{choice['Variable']} leads nowhere"
    if "IsString" in choice:
        return isinstance(found, str) is choice["IsString"]
    (wanted,) = (
        choice[test] for test in ("StringEquals", "BooleanEquals", "NumericEquals") if test in choice
    )
    return bool(found == wanted)


def _matching(rules: list[dict[str, Any]], error: str) -> int | None:
    for i, rule in enumerate(rules):
        names = rule["ErrorEquals"]
        if error in names or "States.ALL" in names:
            return i
    return None
