"""The owners' settings in SSM and the pause switches in EventBridge (`ports.Policies`)."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import msgspec

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import InvalidEvent, ResourceMissing
from auto_repair.domain.naming import alarm_rule
from auto_repair.domain.policy import (
    MAX_APPROVAL_EXPIRY_S,
    MAX_VERIFICATION_BUDGET_S,
    NOT_ONBOARDED,
    FreezeWindow,
    FunctionPolicy,
    Limits,
)
from auto_repair.settings import Settings

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_FIX = "correct the function's entry in monitored_functions and apply it again"


class FunctionPolicies:
    """Reads one SSM parameter and one EventBridge rule per function."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._settings = settings

    def policy(self, function_name: str) -> FunctionPolicy:
        """`NOT_ONBOARDED` when there is no parameter, `InvalidEvent` when it cannot be understood."""
        if ":" in function_name:  # the id of another resource: no parameter may be named so
            return NOT_ONBOARDED
        name = f"{self._settings.policy_prefix}/{function_name}/policy"
        try:
            answer = call(self._clients.client("ssm").get_parameter, Name=name, WithDecryption=True)
        except ResourceMissing:
            return NOT_ONBOARDED
        return policy_from(name, answer["Parameter"]["Value"])

    def is_paused(self, function_name: str) -> bool:
        """Whether the rule that carries the function's alarms is disabled. No rule: not paused."""
        try:
            rule = call(
                self._clients.client("events").describe_rule,
                Name=alarm_rule(function_name),
                EventBusName=self._settings.event_bus,
            )
        except ResourceMissing:
            return False
        return bool(rule.get("State") == "DISABLED")


def policy_from(parameter: str, text: str) -> FunctionPolicy:
    """The policy that the parameter's JSON text states; errors name parameter, field and fix."""
    try:
        raw = msgspec.json.decode(text)
        _refuse_unknown_fields(raw)
        policy = msgspec.convert(raw, FunctionPolicy)
        _check(policy)
    except (ValueError, KeyError) as error:  # msgspec's errors are ValueErrors, unknown time zones KeyErrors
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise InvalidEvent(f"SSM parameter {parameter}: {reason}; {_FIX}") from error
    return policy


def _refuse_unknown_fields(raw: Any) -> None:
    if not isinstance(raw, dict):
        raise msgspec.ValidationError('the policy is a JSON object such as {"mode": "observe"}')
    limits = raw.get("limits")
    for kind, given, where in ((FunctionPolicy, raw, ""), (Limits, limits, "limits.")):
        known = {field.name for field in fields(kind)}
        for name in given if isinstance(given, dict) else ():
            if name not in known:
                raise ValueError(f"unknown field `{where}{name}`, known are {', '.join(sorted(known))}")


def _check(policy: FunctionPolicy) -> None:
    limits = policy.limits
    for name, value, least in (
        ("limits.max_memory_mb", limits.max_memory_mb, 128),
        ("limits.max_timeout_s", limits.max_timeout_s, 1),
        ("limits.max_reserved_concurrency", limits.max_reserved_concurrency, 0),
        ("limits.max_extra_cost_usd_per_month", limits.max_extra_cost_usd_per_month, 0),
        ("min_invocations", policy.min_invocations, 0),
        ("verification_budget_s", policy.verification_budget_s, 0),
        ("approval_expiry_s", policy.approval_expiry_s, 1),
        ("cooldown_s", policy.cooldown_s, 0),
    ):
        if value < least:
            raise ValueError(f"`{name}` is {value}, it must be {least} or more")
    for name, value, most in (
        ("verification_budget_s", policy.verification_budget_s, MAX_VERIFICATION_BUDGET_S),
        ("approval_expiry_s", policy.approval_expiry_s, MAX_APPROVAL_EXPIRY_S),
    ):
        if value > most:
            raise ValueError(f"`{name}` is {value}, it must be {most} or less")
    for window in policy.freeze_windows:
        _check_window(window)


def _check_window(window: FreezeWindow) -> None:
    try:
        window.covers(_SOME_DAY)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"`freeze_windows` has {window.start!r} to {window.end!r} in {window.timezone!r}: {error.args[0]}"
        ) from error
