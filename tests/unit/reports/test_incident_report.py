"""What is live now, and what there is to undo, follows from what happened."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from auto_repair.domain.build import Build
from auto_repair.domain.case import WorkflowError
from auto_repair.domain.evidence import FunctionConfiguration
from auto_repair.domain.incident import ChildAlarm
from auto_repair.reports import overview
from auto_repair.reports.conclusion import conclude
from auto_repair.reports.incident_report import IncidentReport, Standing
from auto_repair.reports.repair_record import RepairRecord
from auto_repair.reports.timeline import timeline
from tests.unit.reports import cases


def test_composite_alarm_is_told_with_what_it_joins_and_when_it_fired() -> None:
    report = cases.repaired()
    alarm = report.incident.alarm
    assert alarm is not None
    at = alarm.changed_at - timedelta(minutes=9)
    children = (ChildAlarm("errors", "ALARM", at), ChildAlarm("queue", "ALARM", alarm.changed_at))
    joined = replace(report.incident, alarm=replace(alarm, began=at, children=children))
    composite, plain = (
        {fact.label: fact.text for fact in overview.facts(one)}
        for one in (replace(report, incident=joined), report)
    )
    assert composite["It joins"] == "errors; queue"
    assert "It joins" not in plain
    assert composite["Alarm fired"] == plain["Alarm fired"]
    assert overview.figures(replace(report, incident=joined)) == overview.figures(report)
    told = [entry.what for entry in timeline(replace(report, incident=joined))]
    fired = [what for what in told if "larm" in what]
    assert fired[:3] == [
        "Joined alarm in ALARM: errors",
        "Joined alarm in ALARM: queue",
        f"Alarm fired: {alarm.name}",
    ]


@pytest.mark.parametrize(
    ("case", "standing"),
    [
        ("repaired", Standing.CHANGED),
        ("inconclusive", Standing.CHANGED),
        ("climbed_and_rolled_back", Standing.RESTORED),
        ("observed", Standing.UNTOUCHED),
        ("rejected", Standing.UNTOUCHED),
        ("refused", Standing.UNTOUCHED),
        ("nothing_wrong", Standing.UNTOUCHED),
        ("invalid", Standing.UNTOUCHED),
        ("failed_before_change", Standing.UNTOUCHED),
        ("failed_half_way", Standing.UNCLEAR),
        ("gave_up", Standing.UNCLEAR),
        ("overruled", Standing.TAKEN_OVER),
        ("left", Standing.CHANGED),
        ("kept", Standing.CHANGED),
        ("later_rung_rejected", Standing.RESTORED),
        ("stale", Standing.UNTOUCHED),
    ],
)
def test_standing(case: str, standing: Standing) -> None:
    assert cases.ALL[case]().standing is standing


def overtaken_while_verified() -> IncidentReport:
    """Other code stands behind the alias by now, and the verdict is open."""
    report = replace(cases.timeout_behind_alias(), status="INCONCLUSIVE")
    assert report.plan
    assert report.evidence_after
    live = FunctionConfiguration("orders-checkout", 128, 15, version="9", code="code-2")
    return replace(
        report,
        plan=replace(report.plan, planned_for=Build("live", "code-1")),
        evidence_after=replace(report.evidence_after, configuration=live),
    )


@pytest.mark.parametrize("report", [cases.left(), overtaken_while_verified()])
def test_the_way_back_undoes_nobody_elses_release(report: IncidentReport) -> None:
    assert any("update-function-configuration" in command for command in report.undo_commands)
    assert any("--timeout 3" in command for command in report.undo_commands)
    assert not any("update-alias" in c or "publish-version" in c for c in report.undo_commands)
    assert any("--qualifier live" in command for command in report.check_commands)
    steps = " ".join(conclude(report).next_steps)
    assert "They change $LATEST only: callers of alias live see it once you release that." in steps
    assert "function_version" not in steps


def test_the_way_back_moves_the_alias_where_nobody_released_anything() -> None:
    assert any("update-alias" in command for command in cases.timeout_behind_alias().undo_commands)


def test_the_report_names_the_owner_and_who_was_asked() -> None:
    asked, told = cases.awaiting(), cases.advised()
    assert asked.plan
    assert told.plan
    people = {"contact": "team-checkout", "approvers": ("ada", "ben")}
    asked = replace(asked, plan=replace(asked.plan, **people))  # type: ignore[arg-type]
    told = replace(told, plan=replace(told.plan, **people))  # type: ignore[arg-type]
    shown = {fact.label: fact.text for fact in overview.facts(asked)}
    assert (shown["Owner"], shown["May say yes"]) == ("team-checkout", "ada, ben")
    assert "May say yes" not in {fact.label for fact in overview.facts(told)}
    assert "Owner" not in {fact.label for fact in overview.facts(cases.advised())}


def test_a_failed_first_write_leaves_it_unclear_what_is_live() -> None:
    report = cases.undecided("FAILED", failure=WorkflowError("ExecuteRepair", "States.Timeout"))
    assert report.standing is Standing.UNCLEAR
    assert report.undo_commands


def test_a_failure_after_which_everything_went_back_is_restored() -> None:
    report = cases.repaired(status="FAILED", failure=WorkflowError("VerifyRepair"), rollback=cases.TAKEN_BACK)
    assert report.standing is Standing.RESTORED
    assert report.undo_commands == ()


def test_an_earlier_rung_that_is_live_can_be_undone_though_the_next_was_refused() -> None:
    refused_later = cases.repaired(
        status="REFUSED", attempts=[cases.an_item("EXECUTED"), cases.an_item("REFUSED")], verification=None
    )
    assert refused_later.standing is Standing.CHANGED
    assert refused_later.undo_commands


def test_undo_spans_all_rungs() -> None:
    report = cases.climbed_and_rolled_back()
    assert report.change
    assert str(report.change) == "memory of orders-checkout: 128 MB → 768 MB"


def test_a_rung_that_was_declined_is_not_told_as_a_change() -> None:
    change = cases.later_rung_rejected().change
    assert change
    assert str(change) == "memory of orders-checkout: 128 MB → 384 MB"


def test_a_failure_nobody_could_record_still_leaves_it_unclear_what_is_live() -> None:
    assert cases.repaired(status="FAILED", verification=None).standing is Standing.UNCLEAR


def test_nothing_to_undo_where_nothing_was_changed() -> None:
    assert all(
        cases.ALL[name]().undo_commands == () for name in ("observed", "rejected", "refused", "advised")
    )


def test_records_come_in_the_order_of_their_time() -> None:
    first, second = cases.climbed_and_rolled_back().records
    assert first.executed_at < second.executed_at


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"memory_mb": 128}, {"memory": "128 MB"}),
        ({"memory_mb": Decimal(128)}, {"memory": "128 MB"}),
        ({"reserved_concurrency": None}, {"reserved concurrency": "none"}),
        ('{"timeout_s": 3}', {"timeout": "3 s"}),
        ({"MemorySize": 128, "Environment": {"A": "b"}}, {"MemorySize": "128", "Environment": '{"A": "b"}'}),
        ("not json", {"configuration": "not json"}),
        (None, {}),
        (17, {}),
    ],
)
def test_configurations_are_read_leniently(stored: object, shown: dict[str, str]) -> None:
    assert RepairRecord.from_item({"previousConfig": stored}).previous == shown


def test_the_difference_of_an_item_without_words_comes_from_its_configurations() -> None:
    item = cases.an_item()
    item.pop("change")
    assert RepairRecord.from_item(item).difference == "memory: 128 MB → 384 MB"


def test_an_empty_item_is_no_error() -> None:
    assert replace(RepairRecord.from_item({})) == RepairRecord()
