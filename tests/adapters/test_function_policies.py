"""Policies come from one SSM parameter per function; a broken one names itself, the field and the fix."""

import json
from typing import Any

import pytest

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.function_policies import FunctionPolicies, policy_from
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.policy import NOT_ONBOARDED, FreezeWindow, Limits, Mode
from auto_repair.settings import Settings

NAME = "/lambda-auto-repair/test/functions/orders/policy"


@pytest.fixture
def policies(clients: Clients, settings: Settings) -> FunctionPolicies:
    clients.client("events").create_event_bus(Name=settings.event_bus)
    return FunctionPolicies(clients, settings)


def put(clients: Clients, value: Any, kind: str = "String") -> None:
    clients.client("ssm").put_parameter(Name=NAME, Value=json.dumps(value), Type=kind)


class TestPolicy:
    def test_no_parameter_means_not_onboarded(self, policies: FunctionPolicies) -> None:
        assert policies.policy("orders") is NOT_ONBOARDED

    def test_empty_object_is_the_careful_default(self, policies: FunctionPolicies, clients: Clients) -> None:
        put(clients, {})
        found = policies.policy("orders")
        assert (found.mode, found.onboarded, found.limits) == (Mode.OBSERVE, True, Limits())

    def test_every_field(self, policies: FunctionPolicies, clients: Clients) -> None:
        put(
            clients,
            {
                "mode": "auto",
                "repairs": {"raise_timeout": "ask"},
                "limits": {"max_memory_mb": 1024, "max_extra_cost_usd_per_month": 5},
                "alias": "live",
                "caller_timeout_s": 29,
                "freeze_windows": [{"start": "fri 16:00", "end": "mon 08:00", "timezone": "Europe/Berlin"}],
                "approvers": ["anna"],
                "contact": "team",
                "probe_payload": {"probe": True},
                "min_invocations": 5,
            },
            kind="SecureString",
        )
        found = policies.policy("orders")
        assert (found.mode, found.mode_for("raise_timeout")) == (Mode.AUTO, Mode.ASK)
        assert (found.limits.max_memory_mb, found.limits.max_timeout_s) == (1024, 300)
        assert found.freeze_windows == (FreezeWindow("fri 16:00", "mon 08:00", "Europe/Berlin"),)
        assert (found.alias, found.probe_payload, found.min_invocations) == ("live", {"probe": True}, 5)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{", "truncated"),
            ("[]", "is a JSON object"),
            ('{"mode": "yolo"}', "`$.mode`"),
            ('{"mod": "auto"}', "unknown field `mod`"),
            ('{"limits": {"memory": 1}}', "unknown field `limits.memory`"),
            ('{"limits": {"max_memory_mb": "a lot"}}', "`$.limits.max_memory_mb`"),
            ('{"limits": {"max_memory_mb": 64}}', "`limits.max_memory_mb` is 64, it must be 128 or more"),
            ('{"approval_expiry_s": 86401}', "`approval_expiry_s` is 86401, it must be 86400 or less"),
            (
                '{"verification_budget_s": 43201}',
                "`verification_budget_s` is 43201, it must be 43200 or less",
            ),
            ('{"repairs": {"raise_memory": "maybe"}}', "`$.repairs[...]`"),
            ('{"freeze_windows": [{"start": "someday", "end": "mon 08:00"}]}', "`freeze_windows`"),
            ('{"freeze_windows": [{"start": "fri 16:00", "end": "mon 08:00", "timezone": "Mars"}]}', "Mars"),
            ('{"freeze_windows": [{"end": "mon 08:00"}]}', "`start`"),
            ('{"min_invocations": -1}', "`min_invocations`"),
        ],
    )
    def test_broken_parameter_names_itself_the_field_and_the_fix(self, text: str, told: str) -> None:
        with pytest.raises(InvalidEvent) as caught:
            policy_from(NAME, text)
        message = str(caught.value)
        assert NAME in message
        assert told in message
        assert "monitored_functions" in message


class TestPause:
    def rule(self, clients: Clients, settings: Settings, name: str) -> None:
        clients.client("events").put_rule(
            Name=name, EventBusName=settings.event_bus, EventPattern='{"source": ["aws.cloudwatch"]}'
        )

    def test_disabled_rule_pauses_the_function(
        self, policies: FunctionPolicies, clients: Clients, settings: Settings
    ) -> None:
        name = "lambda-auto-repair-alarm-rule-orders"
        self.rule(clients, settings, name)
        assert policies.is_paused("orders") is False
        clients.client("events").disable_rule(Name=name, EventBusName=settings.event_bus)
        assert policies.is_paused("orders") is True

    def test_long_function_name(
        self, policies: FunctionPolicies, clients: Clients, settings: Settings
    ) -> None:
        function = "f" * 64
        name = "lambda-auto-repair-alarm-rule-" + "f" * 25 + "-0fe4a86b"
        self.rule(clients, settings, name)
        clients.client("events").disable_rule(Name=name, EventBusName=settings.event_bus)
        assert policies.is_paused(function) is True

    def test_function_without_rule_is_not_paused(self, policies: FunctionPolicies) -> None:
        assert policies.is_paused("orders") is False
