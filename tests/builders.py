"""Domain objects with sensible defaults, so that a test names only what it is about."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis, Reason, Verdict
from auto_repair.domain.evidence import (
    Concurrency,
    ErrorSignature,
    Evidence,
    FunctionConfiguration,
    Invocation,
    MetricSeries,
    MissingEvidence,
    Status,
    Window,
)
from auto_repair.domain.incident import AlarmMetric, AlarmSignal, Incident
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.policy import FunctionPolicy, Mode
from auto_repair.domain.repair import Attempt, Change, RepairContext, Setting, SettingChange
from auto_repair.domain.repair_progress import Progress, ProgressStatus
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Scope, Surroundings, Symptom
from auto_repair.domain.timestamps import iso
from auto_repair.domain.topology import Edge, Topology
from auto_repair.domain.verification import NextStep, Outcome, Verification

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
FUNCTION = "orders"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders-inbox"
BUCKET = "arn:aws:s3:::images"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:lambda-auto-repair-workflow-test:first"


def ago(**units: float) -> datetime:
    """That long before NOW: `ago(minutes=3)`."""
    return NOW - timedelta(**units)


def a_window(minutes: float = 15) -> Window:
    """The last minutes before NOW."""
    return Window(ago(minutes=minutes), NOW)


def a_run(used: int = 60, **facts: Any) -> Invocation:
    """A healthy run of 100 ms that used `used` of 128 MB."""
    defaults: dict[str, Any] = {
        "request_id": "a-request",
        "ended_at": ago(minutes=1),
        "duration_ms": 100.0,
        "memory_size_mb": 128,
        "max_memory_used_mb": used,
        "log_stream": "stream-1",
    }
    return Invocation(**(defaults | facts))


def a_kill(size: int = 128, **facts: Any) -> Invocation:
    """A run that the platform killed with all its memory in use."""
    defaults: dict[str, Any] = {
        "used": size,
        "memory_size_mb": size,
        "status": Status.ERROR,
        "error_type": "Runtime.ExitError",
        "killed": True,
    }
    return a_run(**(defaults | facts))


def a_timeout(seconds: float = 3, **facts: Any) -> Invocation:
    """A run that was cut off after `seconds`."""
    defaults: dict[str, Any] = {
        "duration_ms": seconds * 1000,
        "status": Status.TIMEOUT,
        "error_type": "Sandbox.Timedout",
        "timeout_s": seconds,
    }
    return a_run(**(defaults | facts))


def an_error(error_type: str = "ValueError", **facts: Any) -> Invocation:
    """A run that ended with an exception of the customer's code."""
    return a_run(**({"status": Status.ERROR, "error_type": error_type} | facts))


def in_turn(
    runs: Iterable[Invocation], *, until: datetime = NOW, every_s: float = 1
) -> tuple[Invocation, ...]:
    """The runs one after the other, the last one just before `until`."""
    listed = list(runs)
    return tuple(
        replace(
            run, request_id=f"request-{i}", ended_at=until - timedelta(seconds=every_s * (len(listed) - i))
        )
        for i, run in enumerate(listed)
    )


def a_life(*used: int, size: int = 128, stream: str = "stream-1", killed: bool = False) -> list[Invocation]:
    """The runs of one execution environment by the memory they show; the last one killed if asked."""
    life = [a_run(mb, memory_size_mb=size, log_stream=stream) for mb in used]
    life[0] = replace(life[0], init_ms=250.0)
    if killed:
        life.append(a_kill(size, log_stream=stream))
    return life


def a_configuration(**facts: Any) -> FunctionConfiguration:
    """128 MB, 3 s, `$LATEST`."""
    defaults: dict[str, Any] = {
        "function_name": FUNCTION,
        "memory_mb": 128,
        "timeout_s": 3,
        "revision_id": "revision-1",
        "runtime": "python3.13",
        "code": "code-1",
        "fingerprint": "code-1",
    }
    return FunctionConfiguration(**(defaults | facts))


def a_series(name: str, *values: float, start: datetime | None = None, period_s: int = 60) -> MetricSeries:
    """A metric by the minute; the last period ends at NOW unless `start` is given."""
    first = start or NOW - timedelta(seconds=period_s * len(values))
    times = tuple(first + timedelta(seconds=period_s * i) for i in range(len(values)))
    return MetricSeries(name, period_s, times, tuple(map(float, values)))


def a_signature(error_type: str = "ValueError", template: str = "bad input", **facts: Any) -> ErrorSignature:
    """Errors that look alike."""
    defaults: dict[str, Any] = {"count": 3, "first_seen": ago(minutes=5), "last_seen": ago(minutes=1)}
    return ErrorSignature(error_type, template, **(defaults | facts))


def evidence(**facts: Any) -> Evidence:
    """Evidence of a small function in an ordinary account, with nothing seen going wrong."""
    defaults: dict[str, Any] = {
        "function_name": FUNCTION,
        "window": a_window(),
        "configuration": a_configuration(),
        "concurrency": Concurrency(reserved=None, account_limit=1000, account_unreserved=1000),
    }
    return Evidence(**(defaults | facts))


def a_gap(source: str, reason: str = "access denied") -> MissingEvidence:
    """A source that could not be read."""
    return MissingEvidence(source, reason)


def a_policy(**facts: Any) -> FunctionPolicy:
    """Mode auto, queue and bucket listed, everything else as onboarding sets it."""
    return FunctionPolicy(**({"mode": Mode.AUTO, "queues": (QUEUE,), "buckets": (BUCKET,)} | facts))


def a_context(*attempts: Attempt, incident_id: str = "incident-1", **policy: Any) -> RepairContext:
    """What a repair knows beside the evidence; attempts newest first."""
    return RepairContext(a_policy(**policy), attempts, incident_id)


def memory(before: int | None, after: int | None) -> SettingChange:
    """A change of the function's memory."""
    return SettingChange(FUNCTION, Setting.MEMORY_MB, before, after)


def timeout(before: int | None, after: int | None) -> SettingChange:
    """A change of the function's timeout."""
    return SettingChange(FUNCTION, Setting.TIMEOUT_S, before, after)


def reservation(before: int | None, after: int | None) -> SettingChange:
    """A change of the function's reserved concurrency."""
    return SettingChange(FUNCTION, Setting.RESERVED_CONCURRENCY, before, after)


def visibility(before: int | None, after: int | None, queue: str = QUEUE) -> SettingChange:
    """A change of a queue's visibility timeout."""
    return SettingChange(queue, Setting.VISIBILITY_TIMEOUT_S, before, after)


def bucket_policy(before: str | None, after: str | None, bucket: str = BUCKET) -> SettingChange:
    """A change of a bucket's policy."""
    return SettingChange(bucket, Setting.BUCKET_POLICY, before, after)


def a_change(*settings: SettingChange, **facts: Any) -> Change:
    """From 128 to 384 MB, unless other settings are given."""
    return Change(FUNCTION, settings or (memory(128, 384),), **facts)


def an_attempt(*settings: SettingChange, **facts: Any) -> Attempt:
    """An earlier repair, ten minutes ago."""
    defaults: dict[str, Any] = {
        "incident_id": "incident-1",
        "executed_at": iso(ago(minutes=10)),
        "repair": "raise_memory",
        "status": "EXECUTED",
        "change": a_change(*settings),
    }
    return Attempt(**(defaults | facts))


def an_alarm(**facts: Any) -> AlarmSignal:
    """The errors alarm of the function, two minutes ago."""
    defaults: dict[str, Any] = {
        "name": f"lambda-errors-alarm-{FUNCTION}",
        "changed_at": ago(minutes=2),
        "arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:lambda-errors-alarm-{FUNCTION}",
        "metrics": (AlarmMetric("AWS/Lambda", "Errors", {"FunctionName": FUNCTION}, "Sum"),),
    }
    return AlarmSignal(**(defaults | facts))


def an_incident(**facts: Any) -> Incident:
    """An open incident of the function."""
    defaults: dict[str, Any] = {
        "id": "incident-1",
        "function_name": FUNCTION,
        "opened_at": NOW,
        "alarm": an_alarm(),
        "execution_arn": EXECUTION,
    }
    return Incident(**(defaults | facts))


def a_hypothesis(**facts: Any) -> Hypothesis:
    """Out of memory, rather sure, repairable."""
    defaults: dict[str, Any] = {
        "failure_mode": "out_of_memory",
        "title": "Out of memory",
        "confidence": 0.95,
        "because": (Reason("3 of 3 failed runs died of memory", ("logs.invocations",)),),
        "repair": "raise_memory",
    }
    return Hypothesis(**(defaults | facts))


def a_diagnosis(*hypotheses: Hypothesis, **facts: Any) -> Diagnosis:
    """A root cause was found: out of memory."""
    defaults: dict[str, Any] = {
        "verdict": Verdict.ROOT_CAUSE_FOUND,
        "summary": "Out of memory.",
        "hypotheses": hypotheses or (a_hypothesis(),),
    }
    return Diagnosis(**(defaults | facts))


def a_plan(change: Change | None = None, **facts: Any) -> Plan:
    """Raise the memory from 128 to 384 MB, at once."""
    change = change or a_change()
    defaults: dict[str, Any] = {
        "decision": Decision.AUTO,
        "reasons": ("mode is auto",),
        "repair": "raise_memory",
        "failure_mode": "out_of_memory",
        "change": change,
        "undo": change.inverse(),
        "planned_at": iso(NOW),
    }
    return Plan(**(defaults | facts))


def progress(status: ProgressStatus = ProgressStatus.DONE, **facts: Any) -> Progress:
    """The change of `a_plan`, applied."""
    defaults: dict[str, Any] = {"planned_at": iso(NOW), "changed_at": iso(NOW)}
    return Progress(status, **(defaults | facts))


def a_verification(**facts: Any) -> Verification:
    """Repaired."""
    defaults: dict[str, Any] = {
        "outcome": Outcome.REPAIRED,
        "next_step": NextStep.FINISH,
        "reason": "20 calls since the change, 0% failed (100% before)",
        "planned_at": iso(NOW),
        "waited_s": 150,
        "evidence_ref": "after-1",
        "verified_at": iso(NOW),
    }
    return Verification(**(defaults | facts))


def a_case(**facts: Any) -> Case:
    """An incident with evidence and a diagnosis."""
    defaults: dict[str, Any] = {
        "incident": an_incident(),
        "evidence": EvidenceReference("before"),
        "diagnosis": a_diagnosis(),
    }
    return Case(**(defaults | facts))


def a_symptom(resource: str = "apigateway:a1b2c3", **facts: Any) -> Symptom:
    """An API that answers with errors."""
    defaults: dict[str, Any] = {"role": MetricRole.AVAILABILITY, "at": NOW, "metric": "5XXError"}
    return Symptom(resource, **(defaults | facts))


def some_surroundings(**facts: Any) -> Surroundings:
    """An API in front of the function, which reads a bucket; nothing was observed unless given."""
    api = Resource("apigateway", "a1b2c3", title="image-api")
    function, bucket = Resource("lambda", FUNCTION), Resource("s3", "images")
    edges = (
        Edge(api.id, function.id, "API integration"),
        Edge(function.id, bucket.id, "environment variable"),
    )
    window = a_window()
    scope = Scope(
        a_symptom(api.id),
        Topology((api, function, bucket), edges),
        window,
        Window(window.start - timedelta(hours=1), window.start),
    )
    return Surroundings(**({"scope": scope} | facts))
