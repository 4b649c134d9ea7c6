"""Incidents as they are reported: one per way to end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auto_repair.domain.approval import Approval
from auto_repair.domain.case import WorkflowError
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis, Reason, Verdict
from auto_repair.domain.evidence import (
    Alias,
    ChangeEvent,
    Concurrency,
    ErrorSignature,
    Evidence,
    EvidenceItem,
    FunctionConfiguration,
    Invocation,
    MetricSeries,
    MissingEvidence,
    Status,
    Window,
)
from auto_repair.domain.incident import AlarmMetric, AlarmSignal, Disposition, Incident, Trigger
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.repair import Attempt, Change, Check, Refusal, Setting, SettingChange
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.verification import NextStep, Outcome, Verification
from auto_repair.reports.incident_report import IncidentReport
from tests.unit.reports import investigations

FUNCTION = "orders-checkout"
REGION = "eu-central-1"
ALARM_AT = datetime(2026, 1, 31, 12, 4, 31, tzinfo=UTC)
CHANGED_AT = ALARM_AT + timedelta(seconds=42)
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:orders-inbox"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def iso(moment: datetime) -> str:
    return moment.isoformat()


def an_incident(**changes: object) -> Incident:
    alarm = AlarmSignal(
        name=f"lambda-errors-alarm-{FUNCTION}",
        changed_at=ALARM_AT,
        reason="Threshold Crossed: 3 datapoints [62.5, 70.0, 66.7] were greater than the threshold (5.0).",
        metrics=(AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": FUNCTION}, "Sum"),),
    )
    incident = Incident(
        id="20260131T120431Z-orders-checkout-3fa9c2d1",
        function_name=FUNCTION,
        opened_at=ALARM_AT + seconds(2),
        alarm=alarm,
        execution_arn=f"arn:aws:states:{REGION}:123456789012:execution:lambda-auto-repair-workflow-prod:20260131",
    )
    return replace(incident, **changes)  # type: ignore[arg-type]


def runs(start: datetime, number: int, *, memory: int, used: int, killed: int = 0) -> tuple[Invocation, ...]:
    """`number` invocations, ten seconds apart; the last `killed` of them ran out of memory."""
    return tuple(
        Invocation(
            request_id=f"{start:%H%M%S}-{n:04d}",
            ended_at=start + seconds(10 * n),
            duration_ms=640 + 37 * (n % 7),
            memory_size_mb=memory,
            max_memory_used_mb=memory if n >= number - killed else used - 3 * (n % 5),
            status=Status.ERROR if n >= number - killed else Status.SUCCESS,
            error_type="Runtime.OutOfMemory" if n >= number - killed else "",
            killed=n >= number - killed,
        )
        for n in range(number)
    )


def series(name: str, start: datetime, values: list[float]) -> MetricSeries:
    times = tuple(start + timedelta(minutes=n) for n in range(len(values)))
    return MetricSeries(name, 60, times, tuple(values))


def evidence_before(**changes: object) -> Evidence:
    start = ALARM_AT - timedelta(minutes=6)
    window = Window(ALARM_AT - timedelta(minutes=30), ALARM_AT + seconds(5))
    items = (
        EvidenceItem(
            "metrics.errors",
            "CloudWatch metrics",
            "AWS/Lambda Errors Sum 60 s FunctionName=orders-checkout",
            window,
            "24 errors in 36 invocations",
            "0 errors, same hours of the last 7 days",
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#metricsV2?graph=~(view~'timeSeries)".replace(
                "'", "%27"
            ),
        ),
        EvidenceItem(
            "logs.oom",
            "CloudWatch Logs",
            "filter @message like /signal: killed|Runtime.OutOfMemory/ | stats count() by bin(1m)",
            window,
            "24 runs killed at 128 of 128 MB",
            "none in 7 days",
            "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:logs-insights",
        ),
        EvidenceItem(
            "configuration.memory",
            "Lambda configuration",
            "GetFunctionConfiguration",
            window,
            "128 MB, timeout 30 s",
        ),
        EvidenceItem(
            "logs.memory_by_age",
            "CloudWatch Logs",
            "max memory used by age of the execution environment",
            window,
            "flat: 112 to 118 MB over 40 runs per environment",
            "flat",
        ),
    )
    evidence = Evidence(
        function_name=FUNCTION,
        window=window,
        configuration=FunctionConfiguration(FUNCTION, memory_mb=128, timeout_s=30, runtime="python3.13"),
        invocations=runs(start, 36, memory=128, used=118, killed=24),
        signatures=(
            ErrorSignature(
                "Runtime.OutOfMemory",
                "RequestId: * Error: Runtime exited with error: signal: killed",
                24,
                start + seconds(120),
                start + seconds(350),
                "RequestId: 1b2c Error: Runtime exited with error: signal: killed",
            ),
        ),
        series=(
            series("Invocations", start - seconds(31), [6, 6, 6, 6, 6, 6]),
            series("Errors", start - seconds(31), [0, 0, 6, 6, 6, 6]),
        ),
        changes=(
            ChangeEvent(
                ALARM_AT - timedelta(minutes=9),
                "UpdateFunctionCode20150331v2",
                FUNCTION,
                "arn:aws:sts::123456789012:assumed-role/deploy/ci",
                "new code",
            ),
        ),
        items=items,
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]


def evidence_after(**changes: object) -> Evidence:
    window = Window(CHANGED_AT, CHANGED_AT + timedelta(minutes=4))
    evidence = Evidence(
        function_name=FUNCTION,
        window=window,
        configuration=FunctionConfiguration(FUNCTION, memory_mb=384, timeout_s=30, runtime="python3.13"),
        invocations=runs(CHANGED_AT + seconds(12), 20, memory=384, used=262),
        items=(
            EvidenceItem(
                "metrics.errors",
                "CloudWatch metrics",
                "AWS/Lambda Errors Sum 60 s FunctionName=orders-checkout",
                window,
                "0 errors in 20 invocations",
                "24 errors in 36 invocations",
            ),
        ),
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]


OUT_OF_MEMORY = Hypothesis(
    "out_of_memory",
    "The function runs out of memory",
    0.93,
    because=(
        Reason(
            "24 of 36 runs were killed by the platform at the memory limit", ("logs.oom", "metrics.errors")
        ),
        Reason("The runs that survived used 118 of 128 MB", ("configuration.memory",)),
    ),
    against=(Reason("New code was deployed nine minutes before the alarm", ("changes.deploy",)),),
    repair="raise_memory",
)
LEAK = Hypothesis(
    "memory_leak",
    "A memory leak",
    0.12,
    because=(Reason("Memory is at the limit", ("logs.oom",)),),
    against=(Reason("Used memory does not grow with the age of the environment", ("logs.memory_by_age",)),),
)
DIAGNOSIS = Diagnosis(
    Verdict.ROOT_CAUSE_FOUND,
    "orders-checkout is killed because it needs more than its 128 MB of memory.",
    (OUT_OF_MEMORY, LEAK),
)


def memory_change(before: int = 128, after: int = 384, **changes: object) -> Change:
    change = Change(FUNCTION, (SettingChange(FUNCTION, Setting.MEMORY_MB, before, after),))
    return replace(change, **changes)  # type: ignore[arg-type]


def a_plan(decision: Decision = Decision.AUTO, change: Change | None = None, **changes: object) -> Plan:
    wanted = change or memory_change()
    plan = Plan(
        decision,
        reasons=(
            "A killed run hides its need: the first step of the ladder is three times the limit",
            "384 MB is below the owner's cap of 3008 MB",
        ),
        repair="raise_memory",
        failure_mode="out_of_memory",
        change=wanted,
        undo=wanted.inverse(),
        planned_at=iso(ALARM_AT + seconds(9)),
        extra_cost_usd_per_month=1.27,
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def an_item(status: str = "VERIFIED", **facts: object) -> dict[str, object]:
    return {
        "functionName": FUNCTION,
        "executedAt": iso(ALARM_AT + seconds(9)),
        "incidentId": "20260131T120431Z-orders-checkout-3fa9c2d1",
        "status": status,
        "action": "raise_memory",
        "executedBy": "lambda-auto-repair-executor-prod",
        "reason": DIAGNOSIS.summary,
        "change": "memory of orders-checkout: 128 MB → 384 MB",
        "previousConfig": {"memory_mb": 128},
        "newConfig": {"memory_mb": 384},
        "previousMemory": 128,
        "newMemory": 384,
    } | facts


APPLIED = Progress(
    ProgressStatus.DONE,
    steps=("updated the configuration of $LATEST", "waited for LastUpdateStatus Successful"),
    changed_at=iso(CHANGED_AT),
    revision_id="8a1c3f0e-0d5b-4c0e-9a55-3f2b6b1f7a10",
)
TAKEN_BACK = Progress(
    ProgressStatus.DONE,
    steps=("restored the configuration of $LATEST",),
    changed_at=iso(CHANGED_AT + timedelta(minutes=5)),
)
REPAIRED = Verification(
    Outcome.REPAIRED,
    NextStep.FINISH,
    "20 runs since the change, none failed, memory peaks at 68 % of the limit",
    checks=(
        Check("killed runs", "24 of 36", "0 of 20", True, "no run was killed since the change"),
        Check("peak memory", "128 of 128 MB", "262 of 384 MB", True, "68 %, below 85 %"),
        Check("error rate", "66.7 %", "0 %", True, "back to the baseline"),
        Check("duration p99", "862 ms", "858 ms", None, "too few runs to tell"),
    ),
    waited_s=210,
    invocations_seen=20,
    verified_at=iso(CHANGED_AT + timedelta(minutes=4)),
)


def repaired(**changes: object) -> IncidentReport:
    report = IncidentReport(
        incident=an_incident(),
        status="VERIFIED",
        environment="prod",
        region=REGION,
        account="123456789012",
        evidence_before=evidence_before(),
        evidence_after=evidence_after(),
        diagnosis=DIAGNOSIS,
        plan=a_plan(),
        attempts=[an_item()],
        repair=APPLIED,
        verification=REPAIRED,
        diagnosed_at=ALARM_AT + seconds(7),
        reported_at=CHANGED_AT + timedelta(minutes=4, seconds=3),
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def undecided(status: str, **changes: object) -> IncidentReport:
    """An incident in which nothing was changed."""
    nothing: dict[str, object] = {
        "evidence_after": None,
        "repair": None,
        "verification": None,
        "attempts": [],
    }
    return repaired(status=status, **(nothing | changes))


def climbed_and_rolled_back() -> IncidentReport:
    first, second = memory_change(128, 384), memory_change(384, 768)
    back = memory_change(128, 768).inverse()
    still_killed = runs(CHANGED_AT + seconds(120), 12, memory=768, used=700, killed=12)
    return repaired(
        status="ROLLED_BACK",
        plan=Plan(Decision.ROLL_BACK, ("the cap of 768 MB is reached",), "raise_memory", undo=back, rung=2),
        attempts=[
            an_item(
                "EXECUTED",
                executedAt=iso(ALARM_AT + seconds(60)),
                change=str(second),
                reason="still killed at 384 MB",
                previousConfig={"memory_mb": 384},
                newConfig={"memory_mb": 768},
            ),
            an_item(
                "EXECUTED",
                change=str(first),
                changedAt=iso(ALARM_AT + seconds(20)),
                steps=["memory of orders-checkout: 128 MB → 384 MB"],
                verdict="not_repaired",
                outcome="5 of 5 runs were killed at 384 MB",
                verifiedAt=iso(ALARM_AT + seconds(55)),
            ),
        ],
        repair=replace(APPLIED, changed_at=iso(ALARM_AT + seconds(80))),
        rollback=TAKEN_BACK,
        reported_at=CHANGED_AT + timedelta(minutes=5, seconds=4),
        evidence_after=evidence_after(invocations=still_killed),
        verification=Verification(
            Outcome.NOT_REPAIRED,
            NextStep.ROLL_BACK,
            "12 of 12 runs are still killed at 768 MB, the owner's cap",
            checks=(Check("killed runs", "24 of 36", "12 of 12", False, "no better"),),
            waited_s=90,
            invocations_seen=12,
            verified_at=iso(CHANGED_AT + timedelta(minutes=4)),
        ),
    )


FORMER_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"AllowApp","Effect":"Allow","Principal":{"AWS":'
    '"arn:aws:iam::123456789012:role/orders-role"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::images/*"}]}'
)
DENYING_POLICY = FORMER_POLICY.replace("AllowApp", "It's <b>denied</b> | `x`").replace('"Allow"', '"Deny"')


def restored_policy(**changes: object) -> IncidentReport:
    """A bucket's policy was put back, with a person's word."""
    bucket = SettingChange("arn:aws:s3:::images", Setting.BUCKET_POLICY, DENYING_POLICY, FORMER_POLICY)
    change = Change(FUNCTION, (bucket,))
    item = an_item(
        action="restore_bucket_policy",
        change=str(change),
        previousConfig={"bucket_policy": DENYING_POLICY},
        newConfig={"bucket_policy": FORMER_POLICY},
    )
    asked = a_plan(
        Decision.ASK, change, repair="restore_bucket_policy", failure_mode="denied_by_bucket_policy"
    )
    answer = Approval(True, "approve", "arn:aws:sts::123456789012:assumed-role/on-call/bob")
    return repaired(plan=asked, attempts=[item], approval=answer, **changes)


def timeout_behind_alias() -> IncidentReport:
    """Called through an alias, fed by a queue: three things move together."""
    change = Change(
        FUNCTION,
        (
            SettingChange(QUEUE, Setting.VISIBILITY_TIMEOUT_S, 30, 90),
            SettingChange(FUNCTION, Setting.TIMEOUT_S, 3, 15),
        ),
        alias="live",
        alias_version="7",
    )
    return repaired(
        incident=an_incident(alias="live"),
        evidence_before=evidence_before(alias="live", aliases=(Alias("live", "7"),)),
        plan=a_plan(Decision.ASK, change, repair="raise_timeout", failure_mode="timeout_too_low"),
        approval=Approval(True, "approve", "arn:aws:iam::123456789012:user/ada", "go ahead"),
        repair=replace(APPLIED, published_version="8"),
        attempts=[
            an_item(
                change=str(change),
                action="raise_timeout",
                askedAt=iso(ALARM_AT + seconds(10)),
                startedAt=iso(ALARM_AT + seconds(31)),
                approval={
                    "decision": "approve",
                    "answeredBy": "arn:aws:iam::123456789012:user/ada",
                    "comment": "go ahead",
                },
            )
        ],
    )


def throttled(decision: Decision = Decision.AUTO, before: int | None = 0) -> IncidentReport:
    """Blocked by its own reservation; there are metrics, but no log lines of what never ran."""
    change = Change(FUNCTION, (SettingChange(FUNCTION, Setting.RESERVED_CONCURRENCY, before, 20),))
    start = ALARM_AT - timedelta(minutes=8)
    blocked = evidence_before(
        invocations=(),
        signatures=(),
        concurrency=Concurrency(before, 1000, 900),
        series=(
            series("Throttles", start, [12, 30, 28, 31, 29, 30]),
            series("ConcurrentExecutions", start, [0, 0, 0, 0, 0, 0]),
        ),
    )
    freed = evidence_after(
        invocations=(),
        concurrency=Concurrency(20, 1000, 880),
        series=(
            series("Throttles", CHANGED_AT, [0, 0, 0]),
            series("ConcurrentExecutions", CHANGED_AT, [6, 8, 7]),
            series("Invocations", CHANGED_AT, [60, 64, 58]),
            series("Errors", CHANGED_AT, [0, 1, 0]),
        ),
    )
    return repaired(
        plan=a_plan(
            decision, change, repair="raise_reserved_concurrency", failure_mode="reserved_concurrency"
        ),
        evidence_before=blocked,
        evidence_after=freed,
        attempts=[an_item(change=str(change))],
    )


def later_rung_rejected() -> IncidentReport:
    """The first rung did not help, a person declined the second, and everything went back."""
    second = memory_change(384, 768)
    planned_at = iso(ALARM_AT + seconds(60))
    return repaired(
        status="ROLLED_BACK",
        plan=a_plan(
            Decision.ASK, second, undo=memory_change(128, 768).inverse(), planned_at=planned_at, rung=2
        ),
        approval=Approval(False, "reject", "arn:aws:iam::123456789012:user/ada"),
        repair=replace(APPLIED, planned_at=iso(ALARM_AT + seconds(9))),
        rollback=TAKEN_BACK,
        attempts=[an_item("ROLLED_BACK"), an_item("REJECTED", executedAt=planned_at, change=str(second))],
        verification=replace(REPAIRED, outcome=Outcome.NOT_REPAIRED, reason="5 of 5 runs were killed"),
        reported_at=CHANGED_AT + timedelta(minutes=6),
    )


PAUSED = Refusal("paused", "the function's alarm rule is disabled", "enable it with `aws events enable-rule`")


def paused_meanwhile() -> IncidentReport:
    """A person agreed, and by then the function was paused."""
    return undecided(
        "REFUSED",
        plan=a_plan(Decision.ASK),
        approval=Approval(True, "approve", "arn:aws:iam::123456789012:user/ada"),
        repair=Progress(ProgressStatus.REFUSED, a_plan().planned_at, refusal=PAUSED),
        attempts=[an_item("REFUSED")],
    )


def later_rung_paused() -> IncidentReport:
    """A person agreed to the second rung, the function was paused by then, and the first one went back."""
    report = later_rung_rejected()
    assert report.plan
    return replace(
        report,
        approval=Approval(True, "approve", "arn:aws:iam::123456789012:user/ada"),
        repair=Progress(ProgressStatus.REFUSED, report.plan.planned_at, refusal=PAUSED),
    )


def stale() -> IncidentReport:
    """Somebody else changed the function first: nothing was written, so the rollback had nothing to do."""
    return undecided(
        "FAILED",
        plan=a_plan(),
        attempts=[an_item("FAILED", startedAt=iso(ALARM_AT + seconds(11)))],
        failure=WorkflowError("ExecuteRepair", "StaleConfiguration", "the live value is 512"),
        rollback=Progress(ProgressStatus.DONE, changed_at=iso(ALARM_AT + seconds(15))),
    )


def nothing_wrong() -> IncidentReport:
    return undecided(
        "NOTHING_WRONG",
        diagnosis=Diagnosis(
            Verdict.NOTHING_WRONG,
            "36 runs ended well, well below memory and time limits; the alarm has no cause.",
            (),
        ),
        evidence_before=evidence_before(
            invocations=runs(ALARM_AT - timedelta(minutes=6), 36, memory=512, used=118),
            signatures=(),
            series=(),
        ),
        plan=Plan(Decision.NOTHING, ("nothing is wrong",)),
    )


def already_repaired() -> IncidentReport:
    """A person looks at failures that ended with the repair of another incident."""
    repair = Attempt(
        "20260131T110000Z-orders-checkout-11112222",
        iso(ALARM_AT + seconds(6)),
        "raise_memory",
        "VERIFIED",
        Change(FUNCTION, (SettingChange(FUNCTION, Setting.MEMORY_MB, 128, 384),)),
        changed_at=iso(CHANGED_AT),
    )
    told = f"already repaired at 2026-01-31 12:05:13 UTC by incident {repair.incident_id}"
    return undecided(
        "ALREADY_REPAIRED",
        incident=an_incident(alarm=None, trigger=Trigger.MANUAL, opened_at=CHANGED_AT + seconds(600)),
        plan=Plan(Decision.NOTHING, (told, "20 runs in the log since then"), settled_by=repair),
        earlier_repairs=[repair],
        diagnosed_at=CHANGED_AT + seconds(620),
        reported_at=CHANGED_AT + seconds(630),
    )


def cannot_tell() -> IncidentReport:
    return undecided(
        "CANNOT_TELL",
        diagnosis=Diagnosis(
            Verdict.CANNOT_TELL,
            "Errors rose, but the log that tells why cannot be read.",
            (),
            ("CloudWatch Logs",),
        ),
        evidence_before=evidence_before(
            missing=(MissingEvidence("CloudWatch Logs", "AccessDeniedException on logs:FilterLogEvents"),),
            invocations=(),
            signatures=(),
        ),
        plan=Plan(Decision.NOTHING, ("the cause is not known",)),
    )


def advised() -> IncidentReport:
    bug = Hypothesis(
        "code_error",
        "The code raises ValueError on every call",
        0.97,
        (Reason("36 of 36 runs raise ValueError: quantity must be positive", ("metrics.errors",)),),
        advice="Fix app.py line 12, or roll the deployment back. No setting of ours cures an exception.",
    )
    return undecided(
        "ADVISED",
        diagnosis=Diagnosis(Verdict.ROOT_CAUSE_FOUND, "orders-checkout fails in its own code.", (bug,)),
        plan=Plan(Decision.ADVISE, ("no repair cures a code error",), failure_mode="code_error"),
    )


def refused() -> IncidentReport:
    refusal = Refusal(
        "caller_timeout",
        "API Gateway waits 29 s, a longer timeout would help no caller",
        "Make the work asynchronous, or raise the integration timeout of the API first",
    )
    return undecided(
        "REFUSED",
        plan=Plan(Decision.REFUSE, (refusal.reason,), repair="raise_timeout", refusal=refusal),
        attempts=[an_item("REFUSED")],
    )


def observed() -> IncidentReport:
    return undecided("OBSERVED", plan=a_plan(Decision.OBSERVE), attempts=[an_item("OBSERVED")])


def awaiting() -> IncidentReport:
    return undecided("AWAITING_APPROVAL", plan=a_plan(Decision.ASK), attempts=[an_item("AWAITING_APPROVAL")])


def rejected() -> IncidentReport:
    return undecided(
        "REJECTED",
        plan=a_plan(Decision.ASK),
        approval=Approval(False, "reject", "arn:aws:iam::123456789012:user/ada", "stopped on purpose"),
        attempts=[
            an_item("REJECTED", approval={"decision": "reject", "answeredAt": iso(ALARM_AT + seconds(300))})
        ],
    )


def expired() -> IncidentReport:
    return undecided(
        "REJECTED",
        plan=a_plan(Decision.ASK),
        approval=Approval(False, "expired", "nobody"),
        attempts=[an_item("REJECTED")],
    )


def inconclusive() -> IncidentReport:
    return repaired(
        status="INCONCLUSIVE",
        evidence_after=evidence_after(invocations=(), items=()),
        attempts=[an_item("INCONCLUSIVE")],
        verification=Verification(
            Outcome.CANNOT_TELL_YET,
            NextStep.FINISH,
            "no run since the change, and the owner allows no probe",
            checks=(Check("killed runs", "24 of 36", "no runs", None, "nobody called the function"),),
            waited_s=1800,
        ),
    )


def failed_before_change() -> IncidentReport:
    return undecided(
        "FAILED",
        diagnosis=None,
        plan=None,
        failure=WorkflowError(
            "DiagnoseIssue", "AwsCallFailed", "dynamodb:PutItem failed with AccessDeniedException"
        ),
    )


def failed_half_way() -> IncidentReport:
    return repaired(
        status="FAILED",
        evidence_after=None,
        verification=None,
        repair=replace(APPLIED, status=ProgressStatus.APPLYING, changed_at=""),
        attempts=[an_item("FAILED")],
        failure=WorkflowError(
            "ExecuteRepair", "TransientError", "lambda:UpdateFunctionConfiguration timed out"
        ),
    )


def gave_up() -> IncidentReport:
    return repaired(
        status="FAILED",
        rollback=Progress(ProgressStatus.GAVE_UP, reason="the memory is 1024 MB now, we had set 384 MB"),
        verification=replace(
            REPAIRED, outcome=Outcome.WORSE, next_step=NextStep.ROLL_BACK, reason="errors doubled"
        ),
    )


def overruled() -> IncidentReport:
    """Somebody set the timeout while it was verified; the queue's visibility timeout was still ours."""
    base = timeout_behind_alias()
    return replace(
        base,
        status="INCONCLUSIVE",
        attempts=[{**item, "status": "INCONCLUSIVE"} for item in base.attempts],
        verification=Verification(
            Outcome.CANNOT_TELL_YET,
            NextStep.ROLL_BACK,
            "somebody changed the repaired setting while it was verified (timeout 15 s is 7 s now)",
        ),
        rollback=Progress(
            ProgressStatus.GAVE_UP,
            steps=("visibility timeout of orders-inbox: 90 s → 30 s",),
            reason="timeout of orders-checkout: 15 s → 3 s: the live value is 7 s, which we did not write",
        ),
    )


def left() -> IncidentReport:
    """Somebody released other code while the question for a further step waited."""
    base = timeout_behind_alias()
    where = (
        "timeout of orders-checkout: 3 s → 15 s; since the repair was planned, other code has been deployed"
    )
    return replace(
        base,
        status="INCONCLUSIVE",
        attempts=[{**item, "status": "INCONCLUSIVE"} for item in base.attempts],
        verification=Verification(Outcome.NOT_REPAIRED, NextStep.CLIMB, "3 of 5 runs timed out"),
        rollback=Progress(
            ProgressStatus.LEFT,
            reason=f"{where} to version 9 of orders-checkout, and nobody knows whether that needs it",
        ),
    )


def kept() -> IncidentReport:
    """The owner froze changes before a step for more headroom."""
    text = "it works, but peak use is 91% of the limit; healthy is below 85%"
    return repaired(
        status="INCONCLUSIVE",
        attempts=[an_item("INCONCLUSIVE")],
        verification=Verification(Outcome.NOT_REPAIRED, NextStep.CLIMB, text),
        rollback=Progress(ProgressStatus.KEPT, reason="memory of orders-checkout: 128 MB → 384 MB stays"),
    )


def invalid() -> IncidentReport:
    rejected_event = an_incident(
        function_name="unknown",
        alarm=None,
        disposition=Disposition.REJECTED,
        problem="detail.alarmName is missing: send an alarm event, or functionName with manual: true",
    )
    return IncidentReport(rejected_event, "INVALID_EVENT", "prod", REGION, "123456789012")


def joined() -> IncidentReport:
    return IncidentReport(
        an_incident(
            disposition=Disposition.JOINED, joined_incident_id="20260131T120400Z-orders-checkout-00000001"
        ),
        "JOINED",
    )


def manual() -> IncidentReport:
    return repaired(
        incident=an_incident(trigger=Trigger.MANUAL, alarm=None),
        joined_alarms=["lambda-duration-alarm-orders-checkout at 12:05:10"],
    )


ALL = {
    case.__name__: case
    for case in (
        repaired,
        climbed_and_rolled_back,
        timeout_behind_alias,
        restored_policy,
        throttled,
        later_rung_rejected,
        paused_meanwhile,
        later_rung_paused,
        stale,
        nothing_wrong,
        already_repaired,
        cannot_tell,
        advised,
        refused,
        observed,
        awaiting,
        rejected,
        expired,
        inconclusive,
        failed_before_change,
        failed_half_way,
        gave_up,
        overruled,
        left,
        kept,
        invalid,
        joined,
        manual,
        investigations.image_service,
        investigations.unclear,
        investigations.slow_database,
        investigations.everything_said,
        investigations.asked_back,
    )
}
