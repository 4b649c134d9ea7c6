"""A change is applied step by step, by compare-and-set, and repeating a step does no harm."""

from dataclasses import replace
from typing import Any

import pytest

from auto_repair.domain.build import Build
from auto_repair.domain.errors import InvalidEvent, RepairRejected, StaleConfiguration, TransientError
from auto_repair.domain.evidence import Alias, ProvisionedConcurrency
from auto_repair.domain.incident import LEASE
from auto_repair.domain.manual_start import start_command
from auto_repair.domain.plan import Decision
from auto_repair.domain.policy import FreezeWindow, Limits, Mode
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.use_cases.execute_repair import MAX_CALLS
from tests.bucket_policies import ALLOW, DENY, DENYING, FORMER, policy
from tests.builders import (
    BUCKET,
    NOW,
    QUEUE,
    a_case,
    a_change,
    a_configuration,
    a_plan,
    a_policy,
    bucket_policy,
    memory,
    reservation,
    timeout,
    visibility,
)
from tests.fakes import FakeFunction, behind_alias
from tests.unit.use_cases.repairing import StoppableFunctions, Workshop

YES = {"decision": "approve", "answeredBy": "ada", "comment": "go"}


def aliased() -> Workshop:
    return Workshop(StoppableFunctions(behind_alias("live")))


def record(workshop: Workshop) -> dict[str, Any]:
    (facts,) = workshop.store.repairs.values()
    return facts


def test_memory_is_raised_and_recorded() -> None:
    workshop = Workshop()
    case = workshop.finish(workshop.planned())
    assert workshop.live["memory"] == 384
    assert case.repair is not None
    assert case.repair.status is ProgressStatus.DONE
    assert case.repair.steps == ("memory of orders: 128 MB → 384 MB",)
    assert record(workshop)["status"] == "EXECUTED"
    assert record(workshop)["changedAt"] == case.repair.changed_at
    assert record(workshop)["executedBy"] == "executor"


def test_done_is_said_only_when_the_update_is_over() -> None:
    workshop = Workshop(StoppableFunctions(update_looks=3))
    case = workshop.planned()
    for _ in range(4):
        case = workshop.step(case)
        assert case.repair is not None
        assert case.repair.status is ProgressStatus.APPLYING
    assert workshop.finish(case).repair
    assert workshop.functions.writes == ["update_configuration"]


def test_record_says_that_it_begins_before_the_first_write() -> None:
    workshop = Workshop()
    workshop.functions.writes_left = 1
    with pytest.raises(Exception, match="update_configuration"):
        workshop.step(workshop.planned())
    assert record(workshop)["startedAt"]
    assert record(workshop)["status"] == "PLANNED"


def test_several_settings_go_in_their_order_queue_first() -> None:
    workshop = Workshop()
    workshop.finish(workshop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    assert workshop.functions.writes == ["set_visibility_timeout", "update_configuration"]
    assert (workshop.live["visibility"], workshop.live["timeout"]) == (54, 9)


def test_reservation_is_raised() -> None:
    workshop = Workshop()
    workshop.functions.only.reserved = 5
    workshop.finish(workshop.planned(a_change(reservation(5, 10))))
    assert workshop.live["reserved"] == 10


def test_callers_of_an_alias_get_a_new_version() -> None:
    workshop = aliased()
    case = workshop.finish(workshop.planned())
    assert workshop.functions.writes == ["update_configuration", "publish_version", "move_alias"]
    assert workshop.functions.configuration("orders", "live").memory_mb == 384
    assert workshop.functions.configuration("orders", "1").memory_mb == 128
    assert case.repair is not None
    assert case.repair.published_version == "2"
    assert record(workshop)["publishedVersion"] == "2"


def test_changing_latest_alone_would_be_a_no_op_for_callers_of_an_alias() -> None:
    workshop = aliased()
    case = workshop.planned()
    plan = case.plan
    assert plan is not None
    assert plan.change is not None
    bare = replace(plan, change=replace(plan.change, alias=None, alias_version=None))
    workshop.finish(replace(case, plan=bare))
    assert workshop.live["memory"] == 384
    assert workshop.functions.configuration("orders", "live").memory_mb == 128


def test_reservation_of_an_aliased_function_publishes_nothing() -> None:
    workshop = aliased()
    workshop.functions.only.reserved = 5
    workshop.finish(workshop.planned(a_change(reservation(5, 10))))
    assert workshop.functions.writes == ["set_reserved_concurrency"]


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
def test_retry_after_a_crash_goes_on_from_where_it_was(stop_after: int) -> None:
    workshop = aliased()
    case = workshop.planned(a_change(visibility(30, 54), timeout(3, 9)))
    workshop.functions.writes_left = stop_after
    with pytest.raises(Exception, match=r"set_|update_|publish_|move_"):
        workshop.finish(case)
    done = workshop.finish(case)
    assert done.repair is not None
    assert done.repair.status is ProgressStatus.DONE
    assert sorted(workshop.functions.writes) == sorted(set(workshop.functions.writes))
    assert workshop.functions.configuration("orders", "live").timeout_s == 9


def test_repeating_a_finished_repair_changes_nothing_and_keeps_its_time() -> None:
    workshop = Workshop()
    done = workshop.finish(workshop.planned())
    again = workshop.step(done)
    assert again.repair == done.repair
    assert workshop.functions.writes == ["update_configuration"]


@pytest.mark.parametrize(
    "change",
    [a_change(moved) for moved in (memory(128, 384), timeout(3, 9), visibility(30, 54), reservation(5, 10))],
)
def test_value_that_somebody_else_changed_is_left_alone(change: Any) -> None:
    workshop = Workshop()
    workshop.functions.deploy("code-1", memory_mb=512, timeout_s=5)
    workshop.functions.only.reserved = 7
    workshop.queues.timeouts[QUEUE] = 45
    before = workshop.live
    with pytest.raises(StaleConfiguration, match="somebody else changed it"):
        workshop.step(workshop.planned(change))
    assert workshop.live == before


RESTORING = a_change(bucket_policy(DENYING, FORMER))


def test_policy_is_restored_as_it_was_in_one_write() -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = DENYING
    case = workshop.finish(workshop.planned(RESTORING))
    assert workshop.buckets.writes == [(BUCKET, FORMER)]
    assert case.repair is not None
    assert case.repair.steps == (
        "bucket policy of images: 2 statements (AllowApp, DenyImages) → 1 statement (AllowApp)",
    )


def test_policy_that_somebody_else_restored_meanwhile_stays_theirs() -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = DENYING
    case = workshop.planned(a_change(bucket_policy(DENYING, FORMER)))
    workshop.buckets.policies[BUCKET] = FORMER
    with pytest.raises(RepairRejected, match="somebody else has made this change"):
        workshop.execute(case)
    rolled_back = workshop.restore(case).rollback
    assert rolled_back is not None
    assert rolled_back.status is ProgressStatus.GAVE_UP
    assert workshop.buckets.policies[BUCKET] == FORMER
    assert workshop.buckets.writes == []


def as_planned(shop: Workshop) -> None:
    """Somebody makes the very change that waits for an answer, and callers feel it."""
    shop.functions.deploy("code-1", memory_mb=384, timeout_s=9)
    function = shop.functions.only
    for name, alias in function.aliases.items():
        function.aliases[name] = replace(alias, version=function.publish())


@pytest.mark.parametrize("alias", [True, False])
@pytest.mark.parametrize(
    "change", [a_change(), a_change(timeout(3, 9)), a_change(memory(128, 384), timeout(3, 9))]
)
def test_setting_that_somebody_else_made_meanwhile_stays_theirs(alias: bool, change: Any) -> None:
    workshop = aliased() if alias else Workshop()
    case = replace(workshop.planned(change, decision=Decision.ASK), approval=YES)
    as_planned(workshop)
    theirs = workshop.live
    with pytest.raises(RepairRejected, match="somebody else has made this change"):
        workshop.execute(case)
    assert "startedAt" not in record(workshop)
    rolled_back = workshop.restore(case).rollback
    assert rolled_back is not None
    assert rolled_back.status is ProgressStatus.GAVE_UP
    assert workshop.live == theirs
    assert workshop.functions.writes == []


def test_change_whose_first_answer_was_lost_is_ours_although_all_is_live() -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.finish(case)
    assert workshop.finish(case).repair
    assert record(workshop)["status"] == "EXECUTED"
    assert workshop.live["aliases"] == {"live": "2"}


def test_latest_alone_is_not_what_callers_of_an_alias_feel() -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.functions.deploy("code-1", memory_mb=384)
    workshop.finish(case)
    assert workshop.functions.configuration("orders", "live").memory_mb == 384


def test_policy_is_taken_away_where_there_was_none() -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = DENYING
    workshop.finish(workshop.planned(a_change(bucket_policy(DENYING, None))))
    assert workshop.live["policy"] is None


def test_policy_that_s3_spells_otherwise_is_the_planned_one() -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = policy({**DENY, "Action": ["s3:GetObject"]}, ALLOW)
    workshop.finish(workshop.planned(RESTORING))
    assert workshop.live["policy"] == FORMER


@pytest.mark.parametrize("live", [policy(ALLOW, {**DENY, "Action": "s3:*"}), None])
def test_policy_that_somebody_has_changed_since_is_left_alone(live: str | None) -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = live
    with pytest.raises(StaleConfiguration, match="somebody else changed it") as raised:
        workshop.step(workshop.planned(RESTORING))
    assert "Resource" not in str(raised.value)  # in a few words, not as two documents
    assert workshop.buckets.writes == []


def test_code_deployed_since_the_plan_is_not_released() -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.functions.deploy("code-2")
    with pytest.raises(StaleConfiguration, match="publishing would release"):
        workshop.step(case)
    assert workshop.live["aliases"] == {"live": "1"}
    assert workshop.live["memory"] == 128


def test_code_deployed_between_the_steps_is_not_released() -> None:
    workshop = aliased()
    case = workshop.step(workshop.planned())
    assert workshop.live["memory"] == 384
    workshop.functions.only.busy_looks = 0
    workshop.functions.deploy("code-2")
    with pytest.raises(StaleConfiguration, match="publishing would release"):
        workshop.finish(case)
    assert workshop.live["aliases"] == {"live": "1"}


@pytest.mark.parametrize("begun", [True, False])
def test_setting_that_somebody_else_keeps_in_latest_is_not_released_with_ours(begun: bool) -> None:
    workshop = aliased()
    case = workshop.step(workshop.planned()) if begun else workshop.planned()
    workshop.functions.only.busy_looks = 0
    workshop.functions.deploy("code-1", timeout_s=600)
    with pytest.raises(StaleConfiguration, match="publishing would release"):
        workshop.finish(case)
    assert workshop.live["aliases"] == {"live": "1"}
    assert workshop.restore(case).rollback
    assert (workshop.live["memory"], workshop.live["timeout"]) == (128, 600)


def test_alias_that_somebody_else_moved_is_left_alone() -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.functions.only.versions["7"] = a_configuration(version="7")
    workshop.functions.only.aliases["live"] = Alias("live", "7")
    with pytest.raises(StaleConfiguration, match="points to version 7"):
        workshop.finish(case)
    assert workshop.live["aliases"] == {"live": "7"}


def test_deployment_that_began_since_the_plan_is_left_alone() -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.functions.only.aliases["live"] = Alias("live", "1", {"7": 0.1})
    with pytest.raises(StaleConfiguration, match="a deployment has begun"):
        workshop.finish(case)
    assert workshop.live["aliases"] == {"live": "1"}


@pytest.mark.parametrize("state", ["Failed", "Inactive"])
def test_callers_are_not_sent_to_a_version_that_answers_no_call(state: str) -> None:
    workshop = aliased()
    case = workshop.step(workshop.planned())
    versions, number = workshop.functions.only.versions, workshop.functions.only.publish()
    versions[number] = replace(versions[number], state=state)
    with pytest.raises(RepairRejected, match=f"version 2 of orders is {state}"):
        workshop.finish(case)
    assert workshop.live["aliases"] == {"live": "1"}
    assert workshop.restore(case).rollback
    assert workshop.live["memory"] == 128


def test_version_whose_snapshot_is_being_made_is_not_published_again() -> None:
    """For minutes, with SnapStart; and AWS refuses what comes while another operation is in progress."""
    workshop = aliased()
    case = workshop.step(workshop.planned())
    versions, publish = workshop.functions.only.versions, workshop.functions.publish_version

    def publish_once(*args: Any, **kwargs: Any) -> str:
        if "2" in versions:
            raise TransientError("lambda:PublishVersion answered ResourceConflictException")
        number = publish(*args, **kwargs)
        versions[number] = replace(versions[number], state="Pending")
        return number

    workshop.functions.publish_version = publish_once  # type: ignore[method-assign]
    for _ in range(4):
        case = workshop.step(case)
        assert case.repair is not None
        assert case.repair.status is ProgressStatus.APPLYING
    versions["2"] = replace(versions["2"], state="Active")
    assert workshop.finish(case).repair
    assert workshop.live["aliases"] == {"live": "2"}


def test_update_that_aws_could_not_finish_is_no_success() -> None:
    workshop = Workshop()
    case = workshop.step(workshop.planned())
    workshop.functions.only.busy_looks = 0
    workshop.functions.deploy("code-1", last_update_status="Failed")
    with pytest.raises(RepairRejected, match="could not update orders"):
        workshop.finish(case)


def test_old_failed_update_does_not_forbid_a_new_one() -> None:
    workshop = Workshop()
    workshop.functions.deploy("code-1", last_update_status="Failed")
    workshop.step(workshop.planned())
    assert workshop.live["memory"] == 384


@pytest.mark.parametrize("change", [a_change(reservation(5, 10)), a_change(visibility(30, 54))])
def test_old_failed_update_is_nothing_to_what_belongs_to_no_version(change: Any) -> None:
    workshop = Workshop()
    workshop.functions.only.reserved = 5
    workshop.functions.deploy("code-1", last_update_status="Failed")
    done = workshop.finish(workshop.planned(change))
    assert done.repair is not None
    assert done.repair.status is ProgressStatus.DONE


def test_function_that_is_being_set_up_again_is_waited_for() -> None:
    """A function that nobody called for weeks is Inactive; the first call makes it Pending for a while."""
    workshop = Workshop()
    case = workshop.planned()
    workshop.functions.only.latest = a_configuration(state="Pending")
    waiting = workshop.step(case)
    assert waiting.repair is not None
    assert waiting.repair.status is ProgressStatus.APPLYING
    assert workshop.functions.writes == []
    assert workshop.roll_back(waiting).status is ProgressStatus.APPLYING


def test_update_without_an_end_is_given_up() -> None:
    workshop = Workshop(StoppableFunctions(update_looks=10_000))
    case = workshop.planned()
    for _ in range(MAX_CALLS):
        case = workshop.step(case)
    with pytest.raises(StaleConfiguration, match="does not finish updating"):
        workshop.step(case)


def test_second_rung_counts_its_own_calls() -> None:
    workshop = Workshop()
    case = workshop.planned(a_change(memory(128, 384)), a_change(memory(384, 768)))
    assert case.repair is not None  # of the first rung
    second = workshop.step(case)
    assert second.repair is not None
    assert second.repair.calls == 1
    assert workshop.finish(second).repair
    assert workshop.store.statuses == ["EXECUTED", "EXECUTED"]


def test_approved_plan_is_applied_and_the_answer_is_on_record_at_once() -> None:
    workshop = Workshop()
    yes = {"decision": "approve", "answeredBy": "ada", "comment": "go"}
    case = replace(workshop.planned(decision=Decision.ASK), approval=yes)
    workshop.step(case)
    assert record(workshop)["approval"] == {"decision": "approve", "answeredBy": "ada", "comment": "go"}
    assert record(workshop)["status"] == "PLANNED"
    workshop.finish(case)
    assert workshop.live["memory"] == 384


@pytest.mark.parametrize("decision", [d for d in Decision if d not in (Decision.AUTO,)])
@pytest.mark.parametrize("approval", [None, "yes", {"decision": "reject"}, {"decision": "Approve"}])
def test_nothing_is_applied_without_leave(decision: Decision, approval: Any) -> None:
    workshop = Workshop()
    with pytest.raises(RepairRejected):
        workshop.step(replace(workshop.planned(decision=decision), approval=approval))
    assert workshop.functions.writes == []


def test_approval_does_not_lift_a_refusal() -> None:
    workshop = Workshop()
    case = workshop.planned(decision=Decision.REFUSE)
    with pytest.raises(RepairRejected):
        workshop.step(replace(case, approval={"decision": "approve"}))


@pytest.mark.parametrize("plan", [None, replace(a_plan(), change=None)])
def test_nothing_to_apply(plan: Any) -> None:
    with pytest.raises(InvalidEvent, match="no change to apply"):
        Workshop().execute(a_case(plan=plan))


def test_visibility_cannot_be_unset() -> None:
    workshop = Workshop()
    with pytest.raises(RepairRejected, match="cannot be unset"):
        workshop.step(workshop.planned(a_change(visibility(30, None))))


FROZEN = a_policy(freeze_windows=(FreezeWindow("fri 16:00", "mon 08:00"),))


@pytest.mark.parametrize("rule", ["paused", "freeze window"])
@pytest.mark.parametrize("decision", [Decision.AUTO, Decision.ASK])
def test_pause_or_freeze_since_the_plan_forbids_the_first_write(rule: str, decision: Decision) -> None:
    workshop = Workshop()
    case = replace(workshop.planned(decision=decision), approval=YES)
    if rule == "paused":
        workshop.policies.paused.add("orders")
    else:
        workshop.policies.policies["orders"] = FROZEN
    progress = workshop.execute(case)
    assert progress.status is ProgressStatus.REFUSED
    assert progress.refusal is not None
    assert progress.refusal.rule == rule
    assert workshop.functions.writes == []
    assert record(workshop)["status"] == "REFUSED"
    assert record(workshop)["refusedByRule"] == rule
    assert record(workshop)["wayOut"] == progress.refusal.way_out
    assert "startedAt" not in record(workshop)
    assert ("approval" in record(workshop)) is (decision is Decision.ASK)


@pytest.mark.parametrize(
    ("decision", "mode", "is_refused"),
    [
        (Decision.AUTO, Mode.AUTO, False),
        (Decision.AUTO, Mode.ASK, True),
        (Decision.AUTO, Mode.OBSERVE, True),
        (Decision.ASK, Mode.AUTO, False),
        (Decision.ASK, Mode.ASK, False),
        (Decision.ASK, Mode.OBSERVE, True),
    ],
)
def test_a_mode_that_became_stricter_forbids_the_first_write(
    decision: Decision, mode: Mode, is_refused: bool
) -> None:
    workshop = Workshop()
    case = replace(workshop.planned(decision=decision), approval=YES)
    workshop.policies.policies["orders"] = a_policy(mode=mode)
    progress = workshop.execute(case)
    assert (progress.status is ProgressStatus.REFUSED) is is_refused
    assert (workshop.functions.writes == []) is is_refused
    if is_refused:
        assert record(workshop)["refusedByRule"] == "mode"
        assert f"has become {mode}" in record(workshop)["outcome"]


def test_yes_that_comes_after_the_owner_has_lowered_a_cap_applies_nothing() -> None:
    workshop = Workshop()
    case = replace(workshop.planned(decision=Decision.ASK), approval=YES)
    workshop.policies.policies["orders"] = a_policy(limits=Limits(max_memory_mb=256))
    assert workshop.execute(case).status is ProgressStatus.REFUSED
    assert workshop.functions.writes == []
    assert record(workshop)["refusedByRule"] == "memory cap"


def test_yes_for_a_function_that_nobody_onboards_any_more_applies_nothing() -> None:
    workshop = Workshop()
    case = replace(workshop.planned(decision=Decision.ASK), approval=YES)
    workshop.policies.policies.clear()
    assert workshop.execute(case).status is ProgressStatus.REFUSED
    assert workshop.functions.writes == []
    assert record(workshop)["refusedByRule"] == "not onboarded"


def test_what_has_begun_is_finished_although_somebody_pauses() -> None:
    workshop = aliased()
    case = workshop.planned()
    begun = workshop.step(case)
    workshop.policies.paused.add("orders")
    for known in (begun, case):  # also where the answer of the first call was lost
        done = workshop.finish(known)
        assert done.repair is not None
        assert done.repair.status is ProgressStatus.DONE


def test_paused_function_is_rolled_back_all_the_same() -> None:
    workshop = Workshop()
    case = workshop.finish(workshop.planned())
    workshop.policies.paused.add("orders")
    assert workshop.restore(case).rollback
    assert workshop.live["memory"] == 128


@pytest.mark.parametrize("qualifier", ["live", "1"])
def test_what_is_kept_ready_since_the_plan_forbids_to_move_the_alias(qualifier: str) -> None:
    workshop = aliased()
    case = workshop.planned()
    workshop.functions.only.provisioned = (ProvisionedConcurrency(qualifier, 5),)
    progress = workshop.execute(case)
    assert progress.refusal is not None
    assert progress.refusal.rule == "provisioned concurrency"
    assert workshop.functions.writes == []


def test_alias_goes_back_although_it_has_provisioned_concurrency_by_now() -> None:
    workshop = aliased()
    case = workshop.finish(workshop.planned())
    workshop.functions.only.provisioned = (ProvisionedConcurrency("live", 5),)
    assert workshop.restore(case).rollback
    assert workshop.live["aliases"] == {"live": "1"}


BUILD = Build(code="code-1", fingerprint="code-1")
OTHER_CODE = {"fingerprint": "code-2"}
OTHER_SETTINGS = {"fingerprint": "other variables", "code": "code-1"}
OF_THE_FUNCTION = (a_change(), a_change(timeout(3, 9)), a_change(reservation(5, 10)))


def planned_for(workshop: Workshop, build: Build | None = BUILD, *changes: Any, **facts: Any) -> Any:
    """A case whose plan waits for an answer, and gets a yes."""
    workshop.functions.only.reserved = 5
    case = workshop.planned(*changes, decision=Decision.ASK, planned_for=build, **facts)
    return replace(case, approval=YES)


def refused(workshop: Workshop, case: Any) -> str:
    """Why the repair may not begin; nothing was written, and no rule counts it."""
    before = workshop.live
    progress = workshop.execute(case)
    assert progress.status is ProgressStatus.REFUSED
    assert progress.refusal is not None
    assert workshop.live == before
    assert workshop.functions.writes == []
    assert record(workshop)["status"] == "REFUSED"
    assert record(workshop)["refusedByRule"] == progress.refusal.rule
    assert "startedAt" not in record(workshop)
    return progress.refusal.reason


@pytest.mark.parametrize("change", OF_THE_FUNCTION)
@pytest.mark.parametrize("decision", [Decision.AUTO, Decision.ASK])
@pytest.mark.parametrize(
    ("deployed", "told"), [(OTHER_CODE, "other code has been"), (OTHER_SETTINGS, "other settings (")]
)
def test_repair_that_was_planned_for_something_else_does_not_begin(
    change: Any, decision: Decision, deployed: dict[str, str], told: str
) -> None:
    workshop = Workshop()
    case = planned_for(workshop, BUILD, change)
    assert case.plan is not None
    case = replace(case, plan=replace(case.plan, decision=decision))
    workshop.functions.deploy(**deployed, last_modified=NOW)
    reason = refused(workshop, case)
    assert reason.startswith(f"since the repair was planned, {told}")
    assert reason.endswith("to orders, last modified at 2026-01-31 12:00:00 UTC")
    assert start_command(case.incident) in record(workshop)["wayOut"]


@pytest.mark.parametrize("change", OF_THE_FUNCTION)
def test_repair_begins_where_nothing_was_deployed(change: Any) -> None:
    for workshop in (Workshop(), aliased()):
        build = replace(BUILD, qualifier="live" if workshop.functions.only.aliases else None)
        done = workshop.finish(planned_for(workshop, build, change))
        assert done.repair is not None
        assert done.repair.status is ProgressStatus.DONE


def test_policy_of_a_bucket_is_restored_whatever_was_deployed() -> None:
    workshop = Workshop()
    workshop.buckets.policies[BUCKET] = DENYING
    case = planned_for(workshop, None, RESTORING)
    workshop.functions.deploy("code-2")
    workshop.finish(case)
    assert workshop.live["policy"] == FORMER


def test_plan_of_an_older_release_is_carried_out_as_it_was_made() -> None:
    workshop = Workshop()
    case = planned_for(workshop, None)
    workshop.functions.deploy("code-2")
    workshop.finish(case)
    assert workshop.live["memory"] == 384


def test_variables_that_the_executor_cannot_read_are_no_deployment() -> None:
    workshop = Workshop()
    case = planned_for(workshop)
    workshop.functions.deploy("by revision", code="code-1", unreadable="access to the key is denied")
    workshop.finish(case)
    assert workshop.live["memory"] == 384


def released(workshop: Workshop, *, moves: bool = True) -> None:
    """Somebody deploys other code, and lets callers of the alias have it."""
    workshop.functions.deploy("code-2")
    if moves:
        workshop.functions.only.aliases["live"] = Alias("live", workshop.functions.only.publish())


@pytest.mark.parametrize(
    ("moves", "where"), [(True, "to version 2 of orders"), (False, "deployed to orders")]
)
def test_deployment_behind_the_alias_is_found_before_the_first_write(moves: bool, where: str) -> None:
    workshop = aliased()
    case = planned_for(workshop, replace(BUILD, qualifier="live"))
    released(workshop, moves=moves)
    assert where in refused(workshop, case)


def test_reservation_is_for_what_callers_of_the_alias_reach() -> None:
    for moves in (True, False):
        workshop = aliased()
        case = planned_for(workshop, replace(BUILD, qualifier="live"), a_change(reservation(5, 10)))
        released(workshop, moves=moves)
        if moves:
            assert "to version 2 of orders" in refused(workshop, case)
        else:
            workshop.finish(case)
            assert workshop.live["reserved"] == 10


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        (Alias("live", "1", {"7": 0.1}), "splits its traffic over 2 versions"),
        (Alias("live", "7"), "points to version 7 by now, and the repair was planned for version 1"),
    ],
)
def test_alias_that_moves_since_the_plan_is_seen_before_the_first_write(alias: Alias, told: str) -> None:
    workshop = aliased()
    case = planned_for(workshop, replace(BUILD, qualifier="live"))
    workshop.functions.only.versions["7"] = a_configuration(version="7")
    workshop.functions.only.aliases["live"] = alias
    assert told in refused(workshop, case)


def test_repair_for_callers_of_what_somebody_has_deleted_does_not_begin() -> None:
    workshop = aliased()
    case = planned_for(workshop, replace(BUILD, qualifier="live"), a_change(reservation(5, 10)))
    del workshop.functions.only.aliases["live"]
    assert refused(workshop, case) == "since the repair was planned, orders:live has been deleted"
    workshop = Workshop()
    case = planned_for(workshop)
    workshop.functions.all = {"another": FakeFunction()}
    assert workshop.execute(case).status is ProgressStatus.REFUSED
    assert record(workshop)["outcome"].endswith("since the repair was planned, orders has been deleted")


def test_own_first_rung_is_no_deployment_and_somebody_elses_is_one() -> None:
    rungs = (a_change(memory(128, 384)), a_change(memory(384, 768)))
    workshop = aliased()
    case = workshop.planned(*rungs, planned_for=replace(BUILD, qualifier="live"))
    assert workshop.finish(case).repair
    assert workshop.functions.configuration("orders", "live").memory_mb == 768
    workshop = aliased()
    case = workshop.planned(*rungs, planned_for=replace(BUILD, qualifier="live"))
    writes = list(workshop.functions.writes)
    released(workshop)
    progress = workshop.execute(case)
    assert progress.status is ProgressStatus.REFUSED
    assert workshop.functions.writes == writes


def test_lost_answer_of_the_first_call_is_no_reason_to_look_for_deployments_again() -> None:
    workshop = Workshop()
    case = planned_for(workshop)
    workshop.step(case)
    workshop.functions.only.busy_looks = 0
    workshop.functions.deploy("code-2")
    done = workshop.finish(case)
    assert done.repair is not None
    assert done.repair.status is ProgressStatus.DONE


def test_resumed_execution_claims_its_function_again() -> None:
    workshop = aliased()
    case = workshop.step(workshop.planned())
    workshop.store.close(case.incident, "FAILED")
    assert workshop.store.claims == {}
    workshop.finish(case)
    assert workshop.store.claims["orders"][0] == case.incident.id
    assert workshop.store.incidents[case.incident.id].status == "OPEN"


@pytest.mark.parametrize("begun", [True, False])
def test_resumed_execution_writes_nothing_to_a_function_that_another_incident_holds(begun: bool) -> None:
    workshop = aliased()
    case = workshop.step(workshop.planned()) if begun else workshop.planned()
    workshop.store.close(case.incident, "FAILED")
    other = replace(case.incident, id="another", execution_arn="another")
    workshop.store.open(other, workshop.clock() + LEASE)
    workshop.functions.writes.clear()
    with pytest.raises(RepairRejected, match="another incident works on orders"):
        workshop.finish(case)
    assert workshop.functions.writes == []
    assert workshop.store.claims["orders"][0] == "another"
    workshop.restore(case)
    assert workshop.live["memory"] == 128
