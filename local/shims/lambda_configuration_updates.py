"""Gap 6: updates of a function take effect and fail as on AWS.

On AWS the function stays Active, the update is InProgress for a moment during which the former code and
configuration serve and further updates are refused; every transition has a new RevisionId; limits are
enforced. The emulator shows `State: Pending`, accepts everything at any time, and has one RevisionId for it.
"""

from __future__ import annotations

import contextvars
import copy
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, new_uuid
from ministack.services import lambda_svc

from local.settings import Settings
from local.shims import wrap

SECONDS_IN_PROGRESS = 0.3  # creations and updates; seconds to minutes on AWS
_RANGES = {"Timeout": (1, 900), "MemorySize": (128, 10_240)}
_EPHEMERAL_STORAGE_MB = (512, 10_240)
_ENVIRONMENT_BYTES = 4096
_RESERVED_VARIABLES = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
}

_memory_limit_mb = Settings.from_environment().memory_limit_mb
# What serves $LATEST while an update is in progress, by account, Region and function.
_former: dict[tuple[str, str, str], dict[str, Any]] = {}


# Only requests are refused: CloudFormation, which calls the same functions, waits on AWS by itself.
_is_request: contextvars.ContextVar[bool] = contextvars.ContextVar("lambda_request", default=False)


def install() -> None:
    wrap(lambda_svc, "handle_request")(_handle_request)
    wrap(lambda_svc, "_create_function")(_create)
    wrap(lambda_svc, "_update_config")(_update_configuration)
    wrap(lambda_svc, "_update_code")(_update)
    wrap(lambda_svc, "_publish_version")(_publish_version)
    wrap(lambda_svc, "_execute_function")(_execute_function)
    lambda_svc._schedule_state_transition = _schedule_state_transition
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = SECONDS_IN_PROGRESS


async def _handle_request(original: Any, *args: Any, **kwargs: Any) -> Any:
    _is_request.set(True)
    return await original(*args, **kwargs)


def _create(original: Any, data: Any) -> Any:
    return _violation(data) or original(data)


def _update_configuration(original: Any, name: Any, data: Any) -> Any:
    return _violation(data) or _update(original, name, data)


def _update(original: Any, name: Any, data: Any) -> Any:
    refusal = _refusal(name)
    if refusal:
        return refusal
    func = lambda_svc._functions.get(name)
    former = {"code_zip": func.get("code_zip"), "config": copy.deepcopy(func["config"])} if func else None
    status, headers, body = original(name, data)
    if status != 200 or func is None or data.get("DryRun"):
        return status, headers, body
    _former[_key(name)] = former or {}
    progress = {
        "State": "Active",
        "StateReason": "",
        "StateReasonCode": "",
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    }
    func["config"].update(progress)
    return status, headers, json.dumps({**json.loads(body), **progress}).encode()


def _publish_version(original: Any, name: Any, data: Any) -> Any:
    return _refusal(name) or original(name, data)


def _refusal(name: str) -> Any:
    """The conflict with a creation or update in progress, if there is one."""
    func = lambda_svc._functions.get(name)
    if func is None or not _is_request.get():
        return None
    config = func["config"]
    problem = ""
    if config.get("State") == "Pending":
        problem = "The function is currently in the following state: Pending"
    elif config.get("LastUpdateStatus") == "InProgress":
        problem = f"An update is in progress for resource: {config['FunctionArn']}"
    if not problem:
        return None
    message = f"The operation cannot be performed at this time. {problem}"
    return error_response_json("ResourceConflictException", message, 409, {"Type": "User"})


def _schedule_state_transition(name: str, delay: float) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_finish, name, delay), daemon=True).start()


def _finish(name: str, delay: float) -> None:
    time.sleep(delay)
    func = lambda_svc._functions.get(name)
    _former.pop(_key(name), None)
    if func is None:
        return
    for config in (func["config"], *(version["config"] for version in func["versions"].values())):
        if config.get("LastUpdateStatus") == "InProgress" or config.get("State") == "Pending":
            config.update(State="Active", StateReason="", StateReasonCode="", LastUpdateStatus="Successful")
            config.update(LastUpdateStatusReason="", LastUpdateStatusReasonCode="")
            if config["Version"] == "$LATEST":
                config["RevisionId"] = new_uuid()


def _execute_function(original: Any, func: Any, event: Any) -> Any:
    config = func.get("config") or func
    former = _former.get(_key(config["FunctionName"])) if config["Version"] == "$LATEST" else None
    if former:
        arn = config["FunctionArn"]
        func = {**func, "code_zip": former["code_zip"], "config": {**former["config"], "FunctionArn": arn}}
    return original(func, event)


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def _violation(data: Mapping[str, Any]) -> Any:
    """The first of AWS's limits that the request exceeds."""
    for field, (low, high) in _RANGES.items():
        value = data.get(field)
        if value is not None and not low <= value <= high:
            return _out_of_range(field, value, low, high)
    memory = data.get("MemorySize") or 0
    if memory > _memory_limit_mb:
        bound = f"Member must have value less than or equal to {_memory_limit_mb}"
        return _invalid(f"'MemorySize' value failed to satisfy constraint: {bound}")
    storage = (data.get("EphemeralStorage") or {}).get("Size", _EPHEMERAL_STORAGE_MB[0])
    if not _EPHEMERAL_STORAGE_MB[0] <= storage <= _EPHEMERAL_STORAGE_MB[1]:
        return _out_of_range("ephemeralStorage.size", storage, *_EPHEMERAL_STORAGE_MB)
    return _runtime_violation(data.get("Runtime")) or _environment_violation(data.get("Environment"))


def _out_of_range(field: str, value: int, low: int, high: int) -> Any:
    bound = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
    name = field[0].lower() + field[1:]
    message = (
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value {bound}"
    )
    return error_response_json("ValidationException", message, 400)


def _runtime_violation(runtime: str | None) -> Any:
    known = sorted(lambda_svc._RUNTIME_IMAGE_MAP)
    if not runtime or runtime in known:
        return None
    return _invalid(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
        f"[{', '.join(known)}] or be a valid ARN"
    )


def _environment_violation(environment: Mapping[str, Any] | None) -> Any:
    variables = (environment or {}).get("Variables") or {}
    reserved = sorted(_RESERVED_VARIABLES & set(variables))
    prefix = "Lambda was unable to configure your environment variables because the environment variables you"
    if reserved:
        return _invalid(
            f"{prefix} have provided contains reserved keys that are currently not supported for "
            f"modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(variables, separators=(",", ":"))
    if len(measured.encode()) > _ENVIRONMENT_BYTES:
        return _invalid(f"{prefix} have provided exceeded the 4KB limit. String measured: {measured}")
    return None


def _invalid(message: str) -> Any:
    return error_response_json("InvalidParameterValueException", message, 400, {"Type": "User"})
