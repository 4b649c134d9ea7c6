"""Each rule forbids what it is for, and nothing else; every refusal names the way out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auto_repair.domain.citations import MissingEvidence
from auto_repair.domain.evidence import Alias, ProvisionedConcurrency
from auto_repair.domain.guardrails import GUARDRAILS, Moment, Situation, check, kept_ready
from auto_repair.domain.ladder import MAX_RUNGS
from auto_repair.domain.last_look import forbidden_now
from auto_repair.domain.policy import FreezeWindow, FunctionPolicy, Limits
from auto_repair.domain.timestamps import iso
from tests.builders import (
    NOW,
    a_change,
    a_configuration,
    a_gap,
    a_plan,
    a_policy,
    ago,
    an_attempt,
    evidence,
    memory,
    reservation,
)

ALIASED = a_change(alias="live", alias_version="5")
VERSION_5 = a_configuration(version="5")


def situation(policy: FunctionPolicy | None = None, **facts: Any) -> Situation:
    defaults: dict[str, Any] = {
        "now": NOW,
        "incident_id": "incident-2",
        "evidence": evidence(),
        "paused": False,
        "attempts": (),
        "change": a_change(),
        "extra_cost_usd_per_month": 1.0,
    }
    return Situation(policy=policy or a_policy(), **(defaults | facts))


def rule(refused_by: Situation, *, person_decides: bool = False) -> str:
    refusal = check(refused_by, person_decides=person_decides)
    if refusal is None:
        return ""
    assert refusal.reason
    assert refusal.way_out
    return refusal.rule


def test_ordinary_change_is_allowed() -> None:
    assert rule(situation()) == ""


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len({r.__name__ for r in GUARDRAILS}) == len(GUARDRAILS)


def test_pause() -> None:
    assert rule(situation(paused=True)) == "paused"


def test_freeze() -> None:
    assert NOW.weekday() == 5  # Saturday
    weekend, monday_night = FreezeWindow("fri 16:00", "mon 08:00"), FreezeWindow("mon 16:00", "tue 08:00")
    assert rule(situation(a_policy(freeze_windows=(monday_night, weekend)))) == "freeze window"
    assert rule(situation(a_policy(freeze_windows=(monday_night,)))) == ""


@pytest.mark.parametrize("paused", [True, False])
@pytest.mark.parametrize("windows", [(FreezeWindow("fri 16:00", "mon 08:00"),), ()])
def test_what_is_asked_again_before_the_first_write_is_what_the_plan_was_asked(
    paused: bool, windows: tuple[FreezeWindow, ...]
) -> None:
    policy = a_policy(freeze_windows=windows)
    planned = check(situation(policy, paused=paused), person_decides=True)
    assert forbidden_now(Moment(NOW, policy, paused), a_plan()) == planned
    assert (planned is not None) is (paused or bool(windows))


@pytest.mark.parametrize("busy", [{"last_update_status": "InProgress"}, {"state": "Pending"}])
def test_somebody_is_updating(busy: dict[str, str]) -> None:
    assert rule(situation(evidence=evidence(configuration=a_configuration(**busy)))) == "update in progress"
    assert rule(situation(evidence=evidence(latest=a_configuration(**busy)))) == "update in progress"


def test_alias_that_splits_its_traffic() -> None:
    seen = evidence(
        configuration=VERSION_5,
        latest=a_configuration(),
        aliases=(Alias("live", "5", {"6": 0.1}), Alias("other", "4", {"5": 0.5})),
    )
    assert rule(situation(evidence=seen, change=ALIASED)) == "deployment in progress"
    assert rule(situation(evidence=seen)) != "deployment in progress"


def test_callers_that_name_a_version() -> None:
    seen = evidence(configuration=VERSION_5, latest=a_configuration())
    assert rule(situation(evidence=seen)) == "pinned version"
    assert rule(situation(evidence=seen, change=ALIASED)) == ""


def test_version_behind_several_aliases() -> None:
    seen = evidence(
        configuration=VERSION_5,
        latest=a_configuration(),
        aliases=(Alias("live", "5"), Alias("partners", "5"), Alias("old", "4")),
    )
    assert rule(situation(evidence=seen, change=ALIASED)) == "several aliases"
    assert rule(situation(evidence=seen, change=ALIASED, named_alias="live")) == ""
    assert rule(situation(evidence=replace(seen, aliases=seen.aliases[1:]), change=ALIASED)) == ""


@pytest.mark.parametrize(("rungs", "refused"), [(MAX_RUNGS - 1, ""), (MAX_RUNGS, "rungs")])
def test_ladder_has_an_end_also_where_a_person_agrees(rungs: int, refused: str) -> None:
    own = an_attempt(incident_id="incident-2", status="EXECUTED")
    others = an_attempt(incident_id="incident-1", status="REFUSED")
    climbed = situation(attempts=(*[own] * rungs, *[others] * MAX_RUNGS))
    assert rule(climbed, person_decides=True) == refused


def test_aliases_that_could_not_be_read_may_be_several() -> None:
    unread = (a_gap("aliases"),)
    seen = evidence(configuration=VERSION_5, latest=a_configuration(), missing=unread)
    assert rule(situation(evidence=seen, change=ALIASED)) == "several aliases"
    assert rule(situation(evidence=seen, change=ALIASED, named_alias="live")) == ""
    assert rule(situation(evidence=evidence(missing=unread))) == ""
    refusal = check(situation(evidence=seen), person_decides=False)
    assert refusal
    assert "nobody can tell through which alias" in refusal.reason


def test_reservation_belongs_to_no_version() -> None:
    seen = evidence(configuration=VERSION_5, latest=a_configuration())
    assert rule(situation(evidence=seen, change=a_change(reservation(5, 10)))) == ""


@pytest.mark.parametrize(
    "latest",
    [
        a_configuration(fingerprint="code-2"),
        a_configuration(memory_mb=256),
        a_configuration(timeout_s=9),
        None,
    ],
)
def test_publishing_would_release_what_nobody_released(latest: Any) -> None:
    seen = evidence(configuration=VERSION_5, latest=latest)
    assert rule(situation(evidence=seen, change=ALIASED)) == "unreleased code"


def test_publishing_would_release_what_nobody_can_read() -> None:
    seen = evidence(configuration=VERSION_5, latest=a_configuration(unreadable="KMS access was denied"))
    refusal = check(situation(evidence=seen, change=ALIASED), person_decides=True)
    assert refusal is not None
    assert refusal.rule == "unreleased code"
    assert "KMS access was denied" in refusal.reason
    assert "kms:Decrypt" in refusal.way_out


def test_without_an_alias_nothing_is_published() -> None:
    seen = evidence(latest=a_configuration(fingerprint="code-2"))
    assert rule(situation(evidence=seen)) == ""


@pytest.mark.parametrize(
    ("qualifier", "refused"), [("live", True), ("5", True), ("4", False), ("old", False)]
)
def test_what_is_kept_ready_for_callers_forbids_to_move_their_alias(qualifier: str, refused: bool) -> None:
    kept = (ProvisionedConcurrency(qualifier, 7),)
    seen = evidence(configuration=VERSION_5, latest=a_configuration(), provisioned=kept)
    assert rule(situation(change=ALIASED, evidence=seen)) == ("provisioned concurrency" if refused else "")
    assert (kept_ready(ALIASED, kept) is not None) is refused
    # What publishes nothing takes nothing away from callers.
    apart = replace(ALIASED, settings=(reservation(5, 10),))
    assert rule(situation(change=apart, evidence=seen)) == ""


def test_provisioned_concurrency_that_could_not_be_read_forbids_to_move_an_alias_only() -> None:
    gap = MissingEvidence("provisioned_concurrency", "denied")
    seen = evidence(configuration=VERSION_5, latest=a_configuration(), missing=(gap,))
    assert rule(situation(change=ALIASED, evidence=seen)) == "provisioned concurrency"
    assert rule(situation(evidence=evidence(missing=(gap,)))) == ""


def test_cooldown() -> None:
    fresh = an_attempt(status="VERIFIED", executed_at=iso(NOW - timedelta(seconds=599)))
    assert rule(situation(attempts=(fresh,))) == "cooldown"
    assert rule(situation(attempts=(fresh,)), person_decides=True) == ""
    assert rule(situation(a_policy(cooldown_s=599), attempts=(fresh,))) == ""


def test_cooldown_begins_when_the_repair_has_ended_not_when_it_was_planned() -> None:
    answered = an_attempt(
        status="VERIFIED", executed_at=iso(ago(hours=4)), ended_at=iso(NOW - timedelta(seconds=599))
    )
    assert rule(situation(attempts=(answered,))) == "cooldown"
    assert rule(situation(attempts=(replace(answered, ended_at=iso(ago(hours=1))),))) == ""


@pytest.mark.parametrize("status", ["OBSERVED", "REFUSED", "REJECTED", "PLANNED", "AWAITING_APPROVAL"])
def test_plans_that_changed_nothing_need_no_cooldown(status: str) -> None:
    assert rule(situation(attempts=(an_attempt(status=status, executed_at=iso(NOW)),))) == ""


@pytest.mark.parametrize("status", ["FAILED", "ROLLED_BACK"])
def test_repair_that_failed_before_its_first_write_counts_for_no_rule(status: str) -> None:
    begun = tuple(
        an_attempt(incident_id=f"old-{i}", status=status, executed_at=iso(NOW - timedelta(seconds=i + 1)))
        for i in range(3)
    )
    untouched = tuple(replace(attempt, started=False) for attempt in begun)
    assert situation(attempts=untouched).earlier == ()
    for policy, name in ((a_policy(), "cooldown"), (a_policy(cooldown_s=0), "repeat without effect")):
        assert rule(situation(policy, attempts=begun)) == name
        assert rule(situation(policy, attempts=untouched)) == ""


def test_own_rungs_need_no_cooldown() -> None:
    own = an_attempt(incident_id="incident-2", executed_at=iso(NOW))
    assert rule(situation(attempts=(own,))) == ""


def test_third_try_is_for_people() -> None:
    vain = [
        an_attempt(incident_id=f"old-{i}", status=status, executed_at=iso(ago(hours=1 + i)))
        for i, status in enumerate(("ROLLED_BACK", "INCONCLUSIVE"))
    ]
    assert rule(situation(attempts=tuple(vain))) == "repeat without effect"
    assert rule(situation(attempts=tuple(vain)), person_decides=True) == ""
    assert rule(situation(attempts=tuple(vain[:1]))) == ""


def test_old_and_successful_repairs_do_not_count_as_vain() -> None:
    attempts = (
        an_attempt(incident_id="a", status="VERIFIED", executed_at=iso(ago(hours=1))),
        an_attempt(incident_id="b", status="ROLLED_BACK", executed_at=iso(ago(hours=2))),
        an_attempt(incident_id="c", status="ROLLED_BACK", executed_at=iso(ago(hours=25))),
    )
    assert rule(situation(attempts=attempts)) == ""


def test_price() -> None:
    dear = situation(a_policy(limits=Limits(max_extra_cost_usd_per_month=5)), extra_cost_usd_per_month=5.01)
    assert rule(dear) == "price"
    assert rule(dear, person_decides=True) == "price"
    assert rule(situation(extra_cost_usd_per_month=None)) == ""


def test_most_basic_refusal_is_named_first() -> None:
    recent = an_attempt(memory(128, 384), executed_at=iso(NOW))
    assert rule(situation(paused=True, attempts=(recent,), extra_cost_usd_per_month=999.0)) == "paused"


def test_times_with_a_zone_of_their_own_are_compared() -> None:
    noon_utc = datetime(2026, 1, 30, 15, 30, tzinfo=UTC)  # Friday 16:30 in Berlin
    window = FreezeWindow("fri 16:00", "mon 08:00", "Europe/Berlin")
    assert rule(situation(a_policy(freeze_windows=(window,)), now=noon_utc)) == "freeze window"
