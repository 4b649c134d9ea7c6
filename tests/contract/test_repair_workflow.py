"""Statements about the state machine: everything is supplied, retried, caught, reached, and told."""

import inspect
import json
import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from auto_repair.domain import errors
from auto_repair.domain.incident import LEASE
from auto_repair.domain.ladder import MAX_RUNGS
from auto_repair.domain.policy import MAX_APPROVAL_EXPIRY_S, MAX_VERIFICATION_BUDGET_S
from auto_repair.domain.repair_progress import ProgressStatus
from auto_repair.domain.verification import STABILIZE_S, Verification, next_wait_s
from auto_repair.use_cases.collect_metrics_and_logs import PATIENT_TRIES
from auto_repair.use_cases.execute_repair import MAX_CALLS
from auto_repair.use_cases.notify_result import LAST_ATTEMPT

ROOT = Path(__file__).parents[2]
FILE = ROOT / "asl" / "repair_workflow.asl.json"
MACHINE = json.loads(FILE.read_text())
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
CHOICES = {name: state for name, state in STATES.items() if state["Type"] == "Choice"}
each_task = pytest.mark.parametrize("name", TASKS)

# Names that Step Functions and Lambda give to errors.
AWS_ERRORS = {
    "States.ALL",
    "States.Timeout",
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
}
OUR_ERRORS = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
OPERATORS_STATES = {  # the contract of design.md, section 2
    "ParseAlarmEvent",
    "CollectMetricsAndLogs",
    "DiagnoseIssue",
    "LookAround",
    "DetermineAction",
    "AwaitApproval",
    "ExecuteRepair",
    "VerifyRepair",
    "RollBackRepair",
    "RecordFailure",
    "NotifyResult",
}


def nexts(state: dict[str, Any]) -> set[str]:
    """Every state that may follow."""
    rules = [*state.get("Choices", []), *state.get("Catch", [])]
    named = {state.get("Next"), state.get("Default"), *(rule["Next"] for rule in rules)}
    return {name for name in named if name}


def reached(start: str, *, without: frozenset[str] = frozenset()) -> set[str]:
    """States that can be reached, not passing through some."""
    found, todo = set[str](), [start]
    while todo:
        name = todo.pop()
        if name not in found and name not in without:
            found.add(name)
            todo += nexts(STATES[name])
    return found


def resource(state: dict[str, Any]) -> str:
    return str(state["Parameters"].get("FunctionName", state["Resource"]))


def test_states_are_named_as_operators_know_them() -> None:
    assert set(TASKS) == OPERATORS_STATES


def test_placeholders_are_strings_and_lambda_folders() -> None:
    text = FILE.read_text()
    placeholders = set(re.findall(r"\$\{(\w+)\}", text))
    assert placeholders == {f"{path.parent.name}_arn" for path in workflow_handlers()}
    assert set(re.findall(r'"\$\{\w+\}"', text)) == {f'"${{{name}}}"' for name in placeholders}


def workflow_handlers() -> list[Path]:
    """Handlers that are states of the workflow; the others hang on the topic, on EventBridge, on people."""
    beside = {"slack_notifier", "change_recorder", "findings"}
    return [p for p in (ROOT / "lambdas").glob("*/handler.py") if p.parent.name not in beside]


@each_task
def test_every_task_calls_one_function(name: str) -> None:
    assert re.fullmatch(r"\$\{\w+_arn\}", resource(TASKS[name]))


def test_machine_has_a_comment_and_a_time_limit_within_the_lease() -> None:
    assert MACHINE["Comment"]
    assert MACHINE["TimeoutSeconds"] < LEASE.total_seconds()
    assert MACHINE["TimeoutSeconds"] <= 365 * 24 * 3600  # the longest that Step Functions runs anything


def looks() -> list[int]:
    """Seconds waited before each look of the longest verification that a policy may ask for."""
    waited = [STABILIZE_S]
    while waited[-1] < MAX_VERIFICATION_BUDGET_S:
        waited.append(waited[-1] + next_wait_s(waited[-1], MAX_VERIFICATION_BUDGET_S))
    return waited


STARTING = ("ParseAlarmEvent", "CollectMetricsAndLogs", "DiagnoseIssue", "LookAround", "DiagnoseIssue")
ENDING = ("RecordFailure", "NotifyResult")
APPLYING = ("ExecuteRepair", "IsRepairApplied", "WaitForUpdate")
LOOKING = ("VerifyRepair", "IsRepairVerified", "AwaitMoreTraffic")
ROLLING_BACK = ("RollBackRepair", "IsRolledBack", "WaitForRollback")


def longest_way() -> list[str]:
    """The states of the longest incident: every rung asks, is applied by as many calls as one may take, and
    is looked at until its budget ends; then all of it goes back as slowly, and that fails."""
    asking = (
        "DetermineAction",
        "IsActionAllowed",
        "ForgetFormerAnswer",
        "AwaitApproval",
        "IsApproved",
    )
    rung = [*asking, *APPLYING * MAX_CALLS, "Stabilize", *LOOKING * len(looks())]
    refused = ["DetermineAction", "IsActionAllowed"]
    return [*STARTING, *rung * MAX_RUNGS, *refused, *ROLLING_BACK * MAX_CALLS, *ENDING]


def longest_stay_s(name: str) -> int:
    """Seconds that a state may take without retries; waiting for traffic is counted as a whole."""
    if name == "AwaitApproval":
        return MAX_APPROVAL_EXPIRY_S
    state = STATES[name]
    return int(state.get("TimeoutSeconds", 0) + state.get("Seconds", 0))


def test_longest_incident_that_policies_allow_ends_before_its_execution_does() -> None:
    """A late yes on the last rung must not be cut off by the machine, with the change half made."""
    way = longest_way()
    assert all(name in STATES for name in way)
    waiting_for_traffic_s = MAX_RUNGS * looks()[-1]
    at_most_s = sum(map(longest_stay_s, way)) + waiting_for_traffic_s
    assert at_most_s <= 0.9 * MACHINE["TimeoutSeconds"]  # retries cost time too


def test_longest_incident_that_policies_allow_fits_into_the_history_of_an_execution() -> None:
    """An execution ends with a failure at 25,000 events, whatever it is at."""
    events = {"Wait": 2, "Choice": 2, "Pass": 2, "Task": 5}  # a Lambda is scheduled, started and done
    submitted = 1  # a task with a token is also submitted
    used = sum(events[STATES[name]["Type"]] for name in longest_way()) + submitted * MAX_RUNGS
    assert used <= 0.75 * 25_000  # a retry costs three more


def test_verification_is_not_late_by_more_than_a_tenth() -> None:
    pauses = [later - sooner for sooner, later in pairwise(looks())]
    assert pauses[:9] == [STABILIZE_S] * 9
    assert all(
        pause <= max(STABILIZE_S, 0.1 * waited) for pause, waited in zip(pauses, looks(), strict=False)
    )
    assert MAX_VERIFICATION_BUDGET_S <= looks()[-1] < MAX_VERIFICATION_BUDGET_S + STABILIZE_S


@each_task
def test_every_task_has_a_time_limit(name: str) -> None:
    state = TASKS[name]
    if name == "AwaitApproval":
        assert state["TimeoutSecondsPath"] == "$.plan.approval_expiry_s"
    else:
        assert 0 < state["TimeoutSeconds"] <= 900


@each_task
def test_every_task_retries_passing_errors_with_jitter(name: str) -> None:
    # What AWS refuses stays refused as a rule; only who must restore asks again.
    may_cure = {"TransientError"} | ({"AwsCallFailed"} if name == "RollBackRepair" else set())
    for retry in TASKS[name]["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert retry["BackoffRate"] > 1
        assert retry["MaxDelaySeconds"] <= 60
        assert retry["MaxAttempts"] >= 3
        # Nothing that a retry cannot cure.
        assert not set(retry["ErrorEquals"]) & (OUR_ERRORS - may_cure | {"States.ALL"})
    assert "TransientError" in TASKS[name]["Retry"][0]["ErrorEquals"]


@each_task
def test_every_task_outlasts_minutes_in_which_the_account_has_no_concurrency_left(name: str) -> None:
    """The function in trouble may have taken all of it, and ours are throttled with everybody else."""
    passing, *_, throttled = TASKS[name]["Retry"]
    assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    assert "Lambda.TooManyRequestsException" not in passing["ErrorEquals"]
    assert 180 <= usual_wait_s(throttled) <= 300


def usual_wait_s(retry: dict[str, Any]) -> float:
    """Seconds that all tries of a retrier wait together; jitter takes half of it, as a rule."""
    delays = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]
    return float(sum(delays) / 2)


def test_rollback_outlasts_minutes_in_which_aws_throttles_everybody() -> None:
    """What it leaves undone stays live, and a storm of alarms throttles the control plane, too."""
    assert usual_wait_s(TASKS["RollBackRepair"]["Retry"][0]) >= 120


def test_rollback_asks_again_where_it_is_refused() -> None:
    """A refusal may pass, as permissions take a while to arrive, and nobody else restores the function."""
    retried = {error for retry in TASKS["RollBackRepair"]["Retry"] for error in retry["ErrorEquals"]}
    assert "AwsCallFailed" in retried


def test_expiry_of_a_question_is_not_retried_but_means_no() -> None:
    state = STATES["AwaitApproval"]
    assert "States.Timeout" not in state["Retry"][0]["ErrorEquals"]
    assert state["Catch"][0]["ErrorEquals"] == ["States.Timeout"]
    assert state["Catch"][0]["Next"] == "ApprovalExpired"


@each_task
def test_every_task_catches_everything_last(name: str) -> None:
    *_, last = TASKS[name]["Catch"]
    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["ResultPath"]


def test_error_names_are_real() -> None:
    for name, state in TASKS.items():
        for rule in (*state["Retry"], *state["Catch"]):
            assert set(rule["ErrorEquals"]) <= AWS_ERRORS | OUR_ERRORS, name


@each_task
def test_results_are_added_under_keys_of_their_own(name: str) -> None:
    paths = [TASKS[name]["ResultPath"], *(rule["ResultPath"] for rule in TASKS[name]["Catch"])]
    if name == "ParseAlarmEvent":
        assert paths == ["$", "$"]  # the beginning: before it there is no document of ours
    else:
        assert all(re.fullmatch(r"\$\.\w+", path) for path in paths)


def test_every_state_exists_and_is_reachable() -> None:
    for state in STATES.values():
        assert nexts(state) <= set(STATES)
    assert reached(MACHINE["StartAt"]) == set(STATES)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_has_a_default(name: str) -> None:
    assert CHOICES[name]["Default"] in STATES


def test_no_way_leads_to_an_end_past_the_notification() -> None:
    ends = {name for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")}
    unnoticed = reached(MACHINE["StartAt"], without=frozenset({"NotifyResult"})) & ends
    assert unnoticed == {"AlreadyHandled"}  # another execution tells about that incident


def test_caught_errors_are_recorded_before_they_are_told() -> None:
    for name, state in TASKS.items():
        for rule in state["Catch"]:
            if name in ("RecordFailure", "NotifyResult") or rule["ErrorEquals"] == ["States.Timeout"]:
                continue
            assert "RecordFailure" in reached(rule["Next"], without=frozenset({"NotifyResult"})), name


def test_what_may_be_applied_is_taken_back_on_every_error() -> None:
    for name in ("ExecuteRepair", "VerifyRepair"):
        assert [rule["Next"] for rule in STATES[name]["Catch"]] == ["RollBackRepair"]
    for name in ("DetermineAction", "AwaitApproval"):
        assert STATES[name]["Catch"][-1]["Next"] == "IsAnythingApplied"
    first = STATES["IsAnythingApplied"]["Choices"][0]
    assert (first["Variable"], first["IsPresent"], first["Next"]) == ("$.repair", True, "RollBackRepair")


def test_only_a_plan_that_is_auto_or_approved_reaches_the_executor() -> None:
    before = {name for name, state in STATES.items() if "ExecuteRepair" in nexts(state)}
    assert before == {"IsActionAllowed", "IsApproved", "WaitForUpdate"}
    (approved,) = STATES["IsApproved"]["Choices"]
    assert approved["And"][-1] == {"Variable": "$.approval.decision", "StringEquals": "approve"}


def test_repair_that_is_refused_when_it_is_to_begin_leaves_no_earlier_rung() -> None:
    _, first, later = STATES["IsRepairApplied"]["Choices"]
    refused = {"Variable": "$.repair.status", "StringEquals": ProgressStatus.REFUSED.value}
    assert first["And"] == [refused, {"Variable": "$.plan.rung", "NumericEquals": 1}]
    assert first["Next"] == "NotifyResult"
    assert later == {**refused, "Next": "RollBackRepair"}


def test_last_attempt_of_the_notification_is_known_to_it() -> None:
    # RetryCount counts the retries of both retriers: the first one's last is never told as an earlier one.
    assert min(retry["MaxAttempts"] for retry in STATES["NotifyResult"]["Retry"]) == LAST_ATTEMPT
    assert STATES["NotifyResult"]["Parameters"]["attempt.$"] == "$$.State.RetryCount"


def test_collector_gives_up_waiting_for_a_source_before_its_retries_end() -> None:
    assert STATES["CollectMetricsAndLogs"]["Retry"][0]["MaxAttempts"] >= PATIENT_TRIES


def test_verifier_counts_the_seconds_that_the_machine_waits() -> None:
    assert STATES["Stabilize"]["Seconds"] == STABILIZE_S
    path = STATES["AwaitMoreTraffic"]["SecondsPath"]
    assert path.removeprefix("$.verification.") in {field.name for field in fields(Verification)}


def test_answer_to_an_earlier_rung_is_forgotten_before_the_next_question() -> None:
    assert {name for name, state in STATES.items() if "AwaitApproval" in nexts(state)} == {
        "ForgetFormerAnswer"
    }
    forget = STATES["ForgetFormerAnswer"]
    assert (forget["Result"], forget["ResultPath"]) == ({}, STATES["AwaitApproval"]["ResultPath"])


def test_functions_neither_sleep_nor_poll() -> None:
    folders = (ROOT / "lambdas", ROOT / "layers" / "shared" / "python" / "auto_repair")
    for path in (path for folder in folders for path in folder.rglob("*.py") if path.name != "__main__.py"):
        assert "time.sleep" not in path.read_text(), path


def test_message_about_a_failed_execution_leads_to_the_alarm_wherever_the_reader_sits() -> None:
    """It is all that people get then, and their CLI's own Region may be another one."""
    text = (ROOT / "terraform" / "modules" / "repair_workflow" / "events.tf").read_text()
    commands = re.findall(r"aws stepfunctions [^\\]+", text)
    assert any("describe-execution --query input" in command for command in commands)
    assert all("--region <region> --execution-arn <execution>" in command for command in commands)
    assert "$.region" in text
