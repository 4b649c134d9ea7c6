"""From every half-way point everything goes back, unless somebody else has been there."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_repair.domain.build import Build
from auto_repair.domain.case import Case
from auto_repair.domain.errors import AwsCallFailed, InvalidEvent, StaleConfiguration, TransientError
from auto_repair.domain.evidence import Alias
from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.repair import Change, SettingChange
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import NextStep, Outcome
from auto_repair.use_cases.execute_repair import MAX_CALLS
from tests.bucket_policies import ALLOW, DENYING, FORMER, policy
from tests.builders import (
    BUCKET,
    QUEUE,
    a_case,
    a_change,
    a_configuration,
    a_verification,
    bucket_policy,
    memory,
    reservation,
    timeout,
    visibility,
)
from tests.fakes import FakeFunction, FakeStore, behind_alias
from tests.unit.use_cases.repairing import StoppableFunctions, StoppedHere, Workshop

EVERYTHING = (
    visibility(30, 54),
    memory(128, 384),
    timeout(3, 9),
    reservation(5, 10),
    bucket_policy(None, FORMER),
)


def workshop(*, alias: bool) -> Workshop:
    function = behind_alias("live") if alias else FakeFunction()
    function.reserved = 5
    return Workshop(StoppableFunctions(function))


def stopped(shop: Workshop, case: Case, after: int) -> Case:
    """The executor is stopped after so many writes (0: before the first one)."""
    if after == 0:
        return case
    shop.functions.writes_left = after
    try:
        return shop.finish(case)
    except StoppedHere:
        return case
    finally:
        shop.functions.writes_left = 10_000


def status(case: Case) -> ProgressStatus:
    assert case.rollback is not None
    return case.rollback.status


@pytest.mark.parametrize("alias", [True, False])
@pytest.mark.parametrize("after", range(8))
def test_one_repair_goes_back_from_every_half_way_point(alias: bool, after: int) -> None:
    shop = workshop(alias=alias)
    before = shop.live
    case = stopped(shop, shop.planned(a_change(*EVERYTHING)), after)
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.live == before
    assert shop.store.statuses == ["ROLLED_BACK" if after else "FAILED"]


@pytest.mark.parametrize("alias", [True, False])
@pytest.mark.parametrize("after", range(4))
def test_several_rungs_go_back_to_where_they_began(alias: bool, after: int) -> None:
    shop = workshop(alias=alias)
    before = shop.live
    rungs = [a_change(memory(128, 384)), a_change(memory(384, 768)), a_change(memory(768, 1536))]
    case = stopped(shop, shop.planned(*rungs), after)
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.live == before
    assert shop.store.statuses == ["ROLLED_BACK", "ROLLED_BACK", "ROLLED_BACK" if after else "FAILED"]


@pytest.mark.parametrize(
    "error", [TransientError("outage"), AwsCallFailed("dynamodb", "Query", "Denied", "")]
)
def test_table_that_cannot_be_read_keeps_no_rung_alive(error: Exception) -> None:
    class Unreadable(FakeStore):
        def attempts(self, function_name: str, limit: int = 50) -> Any:
            raise error

    shop = workshop(alias=True)
    before = shop.live
    case = shop.finish(shop.planned(a_change(memory(128, 384)), a_change(memory(384, 768))))
    store = shop.store
    shop.store = Unreadable()
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.live == before
    assert shop.store.repairs.keys() == store.repairs.keys()
    assert shop.store.statuses == ["ROLLED_BACK"] * 2


@settings(max_examples=60)
@given(st.data())
def test_rolling_back_after_applying_is_the_identity(data: st.DataObject) -> None:
    shop = workshop(alias=data.draw(st.booleans()))
    before = shop.live
    values = {"memory": 128, "timeout": 3, "reserved": 5, "visibility": 30}
    make: dict[str, Any] = {
        "memory": memory,
        "timeout": timeout,
        "reserved": reservation,
        "visibility": visibility,
    }
    rungs: list[Change] = []
    for _ in range(data.draw(st.integers(1, 3))):
        moved: list[SettingChange] = []
        for name in data.draw(st.lists(st.sampled_from(sorted(values)), unique=True, min_size=1)):
            after = data.draw(st.integers(values[name], 2 * values[name] + 10))
            moved.append(make[name](values[name], after))
            values[name] = after
        rungs.append(a_change(*moved))
    after = data.draw(st.integers(0, 8))
    case = stopped(shop, shop.planned(*rungs), after)
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.live == before
    assert set(shop.store.statuses[:-1]) <= {"ROLLED_BACK"}
    assert shop.store.statuses[-1] == ("ROLLED_BACK" if after else "FAILED")


@pytest.mark.parametrize("after", range(7))
def test_rollback_itself_may_be_stopped_anywhere(after: int) -> None:
    shop = workshop(alias=True)
    before = shop.live
    case = shop.finish(shop.planned(a_change(*EVERYTHING)))
    shop.functions.writes_left = after or 10_000
    try:
        shop.restore(case)
    except StoppedHere:
        shop.functions.writes_left = 10_000
        shop.restore(case)
    assert shop.live == before


def test_order_is_reversed_alias_first_queue_last() -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    shop.functions.writes.clear()
    done = shop.restore(case)
    assert shop.functions.writes == ["move_alias", "update_configuration", "set_visibility_timeout"]
    assert done.rollback is not None
    assert done.rollback.steps == (
        "alias live moved back from version 2 to 1",
        "timeout of orders: 9 s → 3 s",
        "visibility timeout of orders-inbox: 54 s → 30 s",
    )


def test_it_waits_for_an_update_that_is_under_way() -> None:
    shop = Workshop(StoppableFunctions(update_looks=5))
    case = shop.step(shop.planned())
    rolling = shop.roll_back(case)
    assert rolling.status is ProgressStatus.APPLYING
    assert status(shop.restore(case)) is ProgressStatus.DONE


def test_why_is_on_record() -> None:
    shop = Workshop()
    case = shop.finish(shop.planned())
    shop.restore(replace(case, verification=a_verification(reason="7 of 9 runs died")))
    (facts,) = shop.store.repairs.values()
    assert facts["outcome"] == "7 of 9 runs died"
    assert facts["endedAt"]


def test_failure_of_the_workflow_is_the_reason_where_there_was_one() -> None:
    shop = Workshop()
    case = shop.finish(shop.planned())
    shop.restore(replace(case, verification=a_verification(), error={"Error": "AwsCallFailed"}))
    (facts,) = shop.store.repairs.values()
    assert facts["outcome"] == "the workflow failed with AwsCallFailed"


def test_plan_that_failed_before_its_first_write_is_not_told_as_taken_back() -> None:
    shop = Workshop()
    case = replace(shop.planned(), error={"Error": "TransientError"})
    assert status(shop.restore(case)) is ProgressStatus.DONE
    (facts,) = shop.store.repairs.values()
    assert facts["status"] == "FAILED"
    assert facts["outcome"] == "nothing was changed: the workflow failed with TransientError"
    assert facts["endedAt"]


def test_what_could_not_be_taken_back_is_told_of_the_plan_that_began_only() -> None:
    shop = Workshop()
    case = shop.planned(a_change(memory(128, 384)), a_change(memory(384, 768)))
    shop.functions.deploy("code-1", memory_mb=777)
    assert "which we did not write" in gave_up(shop, replace(case, error={"Error": "RepairRejected"}))
    first, second = (facts["outcome"] for _, facts in sorted(shop.store.repairs.items()))
    assert first.startswith("not rolled back: ")
    assert second == "nothing was changed: the workflow failed with RepairRejected"
    assert shop.store.statuses == ["FAILED", "FAILED"]


def refused_at_the_first_write(shop: Workshop, case: Case) -> Case:
    """The executor has written down that it begins, and AWS refuses it."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AwsCallFailed("lambda", "UpdateFunctionConfiguration", "AccessDeniedException", "denied")

    shop.functions.update_configuration = refuse  # type: ignore[method-assign]
    try:
        with pytest.raises(AwsCallFailed):
            shop.execute(case)
    finally:
        del shop.functions.update_configuration
    return replace(case, error={"Error": "AwsCallFailed", "Cause": '{"errorMessage": "denied"}'})


def test_plan_whose_first_write_was_refused_is_no_repair() -> None:
    shop = Workshop()
    before = shop.live
    case = refused_at_the_first_write(shop, shop.planned())
    done = shop.restore(case)
    assert (status(done), shop.live) == (ProgressStatus.DONE, before)
    (facts,) = shop.store.repairs.values()
    assert facts["startedAt"]
    assert facts["status"] == "FAILED"
    assert facts["outcome"] == "nothing was changed: the workflow failed with AwsCallFailed: denied"
    assert not shop.store.attempts("orders")[0].started


@pytest.mark.parametrize("alias", [True, False])
def test_rung_that_was_refused_is_told_apart_from_those_that_go_back(alias: bool) -> None:
    shop = workshop(alias=alias)
    before = shop.live
    case = shop.planned(a_change(memory(128, 384)), a_change(memory(384, 768)))
    done = shop.restore(refused_at_the_first_write(shop, case))
    assert (status(done), shop.live["memory"]) == (ProgressStatus.DONE, before["memory"])
    assert shop.store.statuses == ["ROLLED_BACK", "FAILED"]
    assert [a.started for a in shop.store.attempts("orders")] == [False, True]
    assert done.rollback is not None
    assert "memory of orders: 384 MB → 128 MB" in done.rollback.steps


def test_repair_of_which_only_the_queue_was_written_has_begun() -> None:
    shop = Workshop()
    case = refused_at_the_first_write(
        shop, shop.step(shop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    )
    assert status(shop.restore(replace(case, repair=None))) is ProgressStatus.DONE
    assert shop.store.statuses == ["ROLLED_BACK"]


def test_what_is_gone_may_have_been_written() -> None:
    shop = Workshop()
    case = shop.planned(a_change(visibility(30, 54)))
    (facts,) = shop.store.repairs.values()
    facts["startedAt"] = "2026-01-31T12:00:00Z"
    shop.queues.timeouts.clear()
    assert f"there is no queue {QUEUE}" in gave_up(shop, case)
    assert shop.store.attempts("orders")[0].started


def test_what_is_told_of_a_repair_that_somebody_else_overruled() -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    overruled = a_verification(
        outcome=Outcome.CANNOT_TELL_YET, next_step=NextStep.ROLL_BACK, reason="somebody changed it"
    )
    shop.functions.deploy("code-1", timeout_s=7)
    done = shop.restore(replace(case, verification=overruled))
    assert status(done) is ProgressStatus.GAVE_UP
    assert (shop.live["timeout"], shop.live["visibility"]) == (7, 30)
    (facts,) = shop.store.repairs.values()
    assert facts["status"] == "INCONCLUSIVE"
    assert facts["outcome"] == (
        "somebody changed it; taken back: visibility timeout of orders-inbox: 54 s → 30 s; left as it is: "
        "timeout of orders: 9 s → 3 s: the live value is 7 s, which we did not write"
    )


@pytest.mark.parametrize(("theirs_s", "left_s"), [(30, 30), (45, 54)])
def test_no_message_is_handed_out_again_while_a_run_that_somebody_else_allows_works_on_it(
    theirs_s: int, left_s: int
) -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    shop.functions.deploy("code-1", timeout_s=theirs_s)
    told = gave_up(shop, case)
    assert ("a run may take 45 s by now" in told) is (left_s == 54)
    assert (shop.live["timeout"], shop.live["visibility"]) == (theirs_s, left_s)


def test_queue_of_an_alias_that_keeps_the_longer_timeout_keeps_up_with_it() -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned(a_change(visibility(30, 360), timeout(3, 60))))
    shop.functions.only.versions["3"] = a_configuration(version="3", timeout_s=60, fingerprint="code-2")
    shop.functions.only.aliases["live"] = Alias("live", "3")
    assert "a run may take 60 s by now" in gave_up(shop, case)
    assert (shop.live["timeout"], shop.live["visibility"]) == (3, 360)


def test_queue_that_was_too_short_before_us_is_so_again() -> None:
    shop = workshop(alias=True)
    shop.queues.timeouts[QUEUE] = 2
    case = shop.finish(shop.planned(a_change(visibility(2, 54), timeout(3, 9))))
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.live["visibility"] == 2


def test_how_far_a_rollback_came_is_on_record() -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned(a_change(visibility(30, 54), timeout(3, 9))))
    shop.functions.deploy("code-1", timeout_s=7)
    gave_up(shop, case)
    (facts,) = shop.store.repairs.values()
    assert facts["outcome"].startswith("not rolled back: timeout of orders: 9 s → 3 s: the live value is 7 s")
    assert facts["outcome"].endswith("; taken back: visibility timeout of orders-inbox: 54 s → 30 s")


def test_every_plan_that_may_have_been_applied_is_marked() -> None:
    shop = Workshop()
    case = shop.finish(shop.planned(a_change(memory(128, 384)), a_change(memory(384, 768))))
    for key, reached in zip(sorted(shop.store.repairs), ("VERIFIED", "AWAITING_APPROVAL"), strict=True):
        shop.store.repairs[key]["status"] = reached
    shop.restore(case)
    assert shop.store.statuses == ["ROLLED_BACK", "ROLLED_BACK"]


def test_plans_that_nobody_acted_on_and_other_incidents_keep_their_status() -> None:
    shop = Workshop()
    case = shop.finish(shop.planned())
    (facts,) = shop.store.repairs.values()
    shop.store.repairs[("orders", "0")] = {**facts, "status": "REFUSED"}
    shop.store.repairs[("orders", "1")] = {**facts, "status": "VERIFIED", "incidentId": "another"}
    shop.restore(case)
    assert shop.store.statuses == ["REFUSED", "VERIFIED", "ROLLED_BACK"]


def gave_up(shop: Workshop, case: Case) -> str:
    done = shop.restore(case)
    assert status(done) is ProgressStatus.GAVE_UP
    assert done.rollback is not None
    assert shop.store.statuses[-1] == "FAILED"
    return done.rollback.reason


@pytest.mark.parametrize(
    ("change", "meddle"),
    [
        (a_change(), lambda shop: shop.functions.deploy("code-1", memory_mb=777)),
        (a_change(timeout(3, 9)), lambda shop: shop.functions.deploy("code-1", timeout_s=7)),
        (a_change(visibility(30, 54)), lambda shop: shop.queues.timeouts.update({QUEUE: 77})),
        (a_change(reservation(5, 10)), lambda shop: setattr(shop.functions.only, "reserved", 7)),
        (
            a_change(bucket_policy(None, FORMER)),
            lambda shop: shop.buckets.policies.update({BUCKET: policy(ALLOW, {**ALLOW, "Sid": "Theirs"})}),
        ),
    ],
)
def test_value_that_somebody_else_changed_is_left_alone(change: Change, meddle: Any) -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned(change))
    meddle(shop)
    theirs = shop.live
    assert "which we did not write" in gave_up(shop, case)
    assert shop.live == theirs


def test_policy_goes_back_also_where_s3_spells_it_otherwise() -> None:
    shop = workshop(alias=False)
    shop.buckets.policies[BUCKET] = DENYING
    case = shop.finish(shop.planned(a_change(bucket_policy(canonical(DENYING), canonical(FORMER)))))
    shop.buckets.policies[BUCKET] = policy({**ALLOW, "Action": ["s3:PutObject", "s3:GetObject"]})
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.buckets.policies[BUCKET] == canonical(DENYING)


def test_value_that_somebody_else_restored_already_is_fine() -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned())
    shop.functions.deploy("code-1", memory_mb=128)
    shop.functions.writes.clear()
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert shop.functions.writes == []


def test_alias_that_somebody_else_moved_is_left_alone() -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned())
    shop.functions.only.versions["7"] = a_configuration(version="7", memory_mb=2048)
    shop.functions.only.aliases["live"] = Alias("live", "7")
    assert "which we did not publish" in gave_up(shop, case)
    assert shop.live["aliases"] == {"live": "7"}


def test_release_on_top_of_our_repair_is_not_taken_back() -> None:
    """A deployment publishes with the memory that we set: the values are ours, the code is not."""
    shop = workshop(alias=True)
    case = shop.finish(shop.planned())
    shop.functions.only.versions["3"] = a_configuration(version="3", memory_mb=384, fingerprint="code-2")
    shop.functions.only.aliases["live"] = Alias("live", "3")
    assert "holds other code" in gave_up(shop, case)
    assert shop.live["aliases"] == {"live": "3"}


def test_alias_that_is_gone_is_for_a_person() -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned())
    shop.functions.only.aliases.clear()
    assert gave_up(shop, case) == "alias live is gone"


RESTORED = {"memory": 128, "timeout": 3, "reserved": 5, "visibility": 30, "policy": None}


def release(shop: Workshop) -> None:
    """Somebody deploys on top of our repair."""
    shop.functions.only.versions["3"] = a_configuration(version="3", memory_mb=384, fingerprint="code-2")
    shop.functions.only.aliases["live"] = Alias("live", "3")


@pytest.mark.parametrize(
    ("meddle", "reason", "theirs"),
    [
        (release, "holds other code", {}),
        (lambda shop: shop.functions.only.aliases.clear(), "alias live is gone", {}),
        (lambda shop: shop.functions.only.versions.pop("1"), "Function not found: orders:1", {}),
        (lambda shop: shop.functions.deploy("code-1", memory_mb=777), "is 777 MB", {"memory": 777}),
        (lambda shop: shop.queues.timeouts.update({QUEUE: 77}), "is 77 s", {"visibility": 77}),
        (lambda shop: setattr(shop.functions.only, "reserved", 7), "is 7, which", {"reserved": 7}),
    ],
)
def test_all_that_is_ours_goes_back_although_one_part_is_not(
    meddle: Any, reason: str, theirs: dict[str, Any]
) -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned(a_change(*EVERYTHING)))
    meddle(shop)
    assert reason in gave_up(shop, case)
    live = shop.live
    assert {name: live[name] for name in RESTORED} == RESTORED | theirs


@pytest.mark.parametrize("alias", [True, False])
def test_nothing_is_written_under_what_somebody_has_deployed_since(alias: bool) -> None:
    shop = workshop(alias=alias)
    build = Build("live" if alias else None, "code-1", "code-1")
    rungs = [a_change(memory(128, 384), visibility(30, 54)), a_change(memory(384, 768))]
    case = shop.finish(shop.planned(*rungs, planned_for=build))
    shop.functions.deploy("code-2")
    if alias:
        number = shop.functions.only.publish()
        shop.functions.only.aliases["live"] = Alias("live", number)
    before, written = shop.live, len(shop.functions.writes)
    done = shop.restore(case)
    assert status(done) is ProgressStatus.LEFT
    assert (shop.live, len(shop.functions.writes)) == (before, written)
    assert shop.store.statuses == ["INCONCLUSIVE"] * 2
    assert done.rollback
    assert "memory of orders: 128 MB → 768 MB" in done.rollback.reason
    assert "visibility timeout of orders-inbox: 30 s → 54 s" in done.rollback.reason


def test_alias_that_somebody_shifts_step_by_step_is_not_moved_under_it() -> None:
    """A canary begins while a repair is verified that then proves bad."""
    shop = workshop(alias=True)
    case = shop.finish(shop.planned(planned_for=Build("live", "code-1", "code-1")))
    shop.functions.only.aliases["live"] = Alias("live", "2", {"7": 0.1})
    before, written = shop.live, len(shop.functions.writes)
    done = shop.restore(replace(case, verification=a_verification(reason="7 of 9 runs died")))
    assert status(done) is ProgressStatus.LEFT
    assert (shop.live, len(shop.functions.writes)) == (before, written)
    assert shop.store.statuses == ["INCONCLUSIVE"]
    assert done.rollback
    assert "alias live splits its traffic over 2 versions" in done.rollback.reason


def test_rest_of_an_overruled_repair_goes_back_but_for_an_alias_that_somebody_shifts() -> None:
    shop = workshop(alias=True)
    build = Build("live", "code-1", "code-1")
    case = shop.finish(shop.planned(a_change(visibility(30, 54), timeout(3, 9)), planned_for=build))
    shop.functions.only.aliases["live"] = Alias("live", "2", {"7": 0.1})
    overruled = a_verification(outcome=Outcome.CANNOT_TELL_YET, next_step=NextStep.ROLL_BACK)
    done = shop.restore(replace(case, verification=overruled))
    assert status(done) is ProgressStatus.GAVE_UP
    assert (shop.live["aliases"], shop.live["visibility"]) == ({"live": "2"}, 30)


@pytest.mark.parametrize("after", [1, 2])
def test_half_a_repair_goes_back_whatever_was_deployed_between_its_steps(after: int) -> None:
    """It was never whole: what is left of it in `$LATEST` was meant for the other code."""
    shop = workshop(alias=True)
    rung = a_change(visibility(30, 54), memory(128, 384))
    case = stopped(shop, shop.planned(rung, planned_for=Build("live", "code-1", "code-1")), after)
    shop.functions.deploy("code-2")
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert (shop.live["memory"], shop.live["visibility"], shop.live["code"]) == (128, 30, "code-2")
    assert shop.store.statuses == ["ROLLED_BACK"]


def test_everything_that_could_not_be_restored_is_told() -> None:
    shop = workshop(alias=True)
    case = shop.finish(shop.planned(a_change(*EVERYTHING)))
    release(shop)
    del shop.queues.timeouts[QUEUE]
    shop.functions.deploy("code-1", memory_mb=777, timeout_s=77)
    told = gave_up(shop, case)
    for reason in ("holds other code", "777 MB", "77 s", f"there is no queue {QUEUE}"):
        assert reason in told
    assert (shop.functions.only.reserved, shop.buckets.policies[BUCKET]) == (5, None)


@pytest.mark.parametrize("alias", [True, False])
def test_update_that_aws_could_not_finish_has_restored_nothing(alias: bool) -> None:
    """Runs go on with what they had: `$LATEST` only says otherwise."""
    shop = workshop(alias=alias)
    case = shop.finish(shop.planned(a_change(visibility(30, 360), timeout(3, 60))))
    while (rolling := shop.roll_back(case)).steps[-1:] != ("timeout of orders: 60 s → 3 s",):
        case = replace(case, rollback=rolling)
    shop.functions.only.busy_looks = 0
    shop.functions.deploy("code-1", last_update_status="Failed")
    told = gave_up(shop, replace(case, rollback=rolling))
    assert told.startswith("AWS could not update orders, see LastUpdateStatusReason; visibility timeout of")
    assert shop.live["visibility"] == 360


def test_old_failed_update_is_no_reason_to_say_that_something_was_changed() -> None:
    shop = Workshop()
    shop.functions.deploy("code-1", last_update_status="Failed")
    case = replace(shop.planned(), error={"Error": "TransientError"})
    assert status(shop.restore(case)) is ProgressStatus.DONE


def test_new_code_in_latest_stays_when_the_memory_goes_back() -> None:
    shop = workshop(alias=False)
    case = shop.finish(shop.planned())
    shop.functions.deploy("code-2")
    assert status(shop.restore(case)) is ProgressStatus.DONE
    assert (shop.live["memory"], shop.live["code"]) == (128, "code-2")


def test_update_without_an_end_is_given_up() -> None:
    shop = Workshop(StoppableFunctions(update_looks=10_000))
    case = shop.step(shop.planned())
    for _ in range(MAX_CALLS):
        case = replace(case, rollback=shop.roll_back(case))
    with pytest.raises(StaleConfiguration, match="does not finish updating"):
        shop.roll_back(case)


def test_nothing_to_take_back() -> None:
    with pytest.raises(InvalidEvent, match="no change to take back"):
        Workshop().roll_back(a_case())
