"""What the owner has made stricter since the plan forbids its first write, and names the way out."""

from dataclasses import replace

import pytest

from auto_repair.domain.guardrails import Moment
from auto_repair.domain.last_look import forbidden_now
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.policy import NOT_ONBOARDED, FunctionPolicy, Limits, Mode
from auto_repair.domain.repair import Refusal, SettingChange
from tests.bucket_policies import FORMER
from tests.builders import (
    NOW,
    a_change,
    a_plan,
    a_policy,
    bucket_policy,
    memory,
    reservation,
    timeout,
    visibility,
)


def forbidden(plan: Plan, policy: FunctionPolicy) -> Refusal:
    refusal = forbidden_now(Moment(NOW, policy, paused=False), plan)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize(
    ("moved", "name", "cap"),
    [
        (memory(128, 384), "max_memory_mb", 383),
        (timeout(3, 9), "max_timeout_s", 8),
        (reservation(5, 10), "max_reserved_concurrency", 9),
    ],
)
def test_cap_that_the_owner_has_lowered_since_the_plan(moved: SettingChange, name: str, cap: int) -> None:
    plan = a_plan(a_change(visibility(30, 54), moved), decision=Decision.ASK)
    refusal = forbidden(plan, a_policy(limits=Limits(**{name: cap})))
    assert f"limits.{name} allows no more than {cap}" in refusal.reason
    assert refusal.way_out.startswith(f"raise limits.{name}")
    same = a_policy(limits=Limits(**{name: cap + 1}))
    assert forbidden_now(Moment(NOW, same, paused=False), plan) is None


def test_cap_forbids_no_document_and_no_setting_that_it_is_not_for() -> None:
    none_left = a_policy(limits=Limits(max_memory_mb=0, max_timeout_s=0, max_reserved_concurrency=0))
    plan = a_plan(a_change(visibility(30, 54), bucket_policy(None, FORMER), reservation(5, None)))
    assert forbidden_now(Moment(NOW, none_left, paused=False), plan) is None


def test_price_that_the_owner_has_lowered_since_the_plan() -> None:
    policy, plan = a_policy(limits=Limits(max_extra_cost_usd_per_month=1)), a_plan()
    assert forbidden(replace(plan, extra_cost_usd_per_month=1.01), policy).rule == "price"
    for cost in (1.0, None):
        fair = replace(plan, extra_cost_usd_per_month=cost)
        assert forbidden_now(Moment(NOW, policy, paused=False), fair) is None


def test_mode_that_became_stricter_names_its_way_out() -> None:
    asks = forbidden(a_plan(decision=Decision.AUTO), a_policy(mode=Mode.ASK))
    assert (asks.rule, asks.reason.split()[-1]) == ("mode", "ask")
    assert asks.way_out == "start the incident by hand: a person will be asked"
    observes = forbidden(a_plan(decision=Decision.ASK), a_policy(mode=Mode.OBSERVE))
    assert (observes.rule, observes.reason.split()[-1]) == ("mode", "observe")
    assert "change the mode" in observes.way_out


@pytest.mark.parametrize("policy", [NOT_ONBOARDED, a_policy(onboarded=False)])
def test_function_that_is_no_longer_onboarded_has_no_mode(policy: FunctionPolicy) -> None:
    refusal = forbidden(a_plan(decision=Decision.ASK), policy)
    assert refusal.rule == "not onboarded"
    assert "observe" not in refusal.reason
    assert refusal.way_out.startswith("onboard it again")
