"""A function under traffic in a simulated account, and our whole workflow beside it."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from auto_repair.bootstrap.verifier import VERIFYING_SOURCES
from auto_repair.contracts.documents import decode, encode
from auto_repair.domain.case import Case, WorkflowError
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.evidence import (
    ErrorSignature,
    EventSource,
    Evidence,
    Invocation,
    MetricSeries,
    Status,
)
from auto_repair.domain.timestamps import iso, parse
from auto_repair.failure_modes import all_failure_modes
from auto_repair.ports import Target
from auto_repair.repairs import all_repairs
from auto_repair.use_cases.await_approval import AwaitApproval
from auto_repair.use_cases.close_failed_execution import CloseFailedExecution
from auto_repair.use_cases.collect_metrics_and_logs import CollectMetricsAndLogs
from auto_repair.use_cases.determine_action import DetermineAction
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue
from auto_repair.use_cases.execute_repair import ExecuteRepair
from auto_repair.use_cases.look_around import LookAround, WidenEvidence
from auto_repair.use_cases.notify_result import Document, NotifyResult
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent
from auto_repair.use_cases.record_failure import RecordFailure
from auto_repair.use_cases.roll_back_repair import RollBackRepair
from auto_repair.use_cases.verify_repair import VerifyRepair
from tests.builders import FUNCTION, NOW, QUEUE, a_policy
from tests.fakes import (
    FakeAnnouncer,
    FakeBuckets,
    FakeClock,
    FakeFunction,
    FakeFunctions,
    FakeMemory,
    FakeObservations,
    FakePolicies,
    FakeQueues,
    FakeStore,
    FakeTopology,
    finding,
    looking_up,
)
from tests.state_machine import Execution, StateMachine, TaskFailed

ROOT = Path(__file__).parent.parent
DEFINITION = json.loads((ROOT / "asl" / "repair_workflow.asl.json").read_text())
EVENT = json.loads((ROOT / "tests" / "events" / "alarm_single_metric.json").read_text())
CALL_EVERY_S = 3


@dataclass(frozen=True)
class Behaviour:
    """What one run of the function needs, and how many run at once."""

    needs_mb: int = 60
    takes_s: float = 0.1
    raises: str = ""
    busy: int = 1


@dataclass(frozen=True)
class Call:
    """One call of a port while a state was at work; `nth` counts calls of that kind in that state."""

    state: str
    name: str
    nth: int


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call: `transient`, `permanent`, or `crash` after the call did its work."""

    call: Call
    kind: str
    forever: bool

    def strikes(self, call: Call) -> bool:
        """Whether this very call goes wrong."""
        same = (call.state, call.name) == (self.call.state, self.call.name)
        return same and (call.nth >= self.call.nth if self.forever else call.nth == self.call.nth)

    def error(self) -> Exception:
        """The error that our code sees; a crash is seen by Step Functions only."""
        if self.kind == "transient":
            return TransientError(f"{self.call.name} was throttled")
        if self.kind == "permanent":
            return AwsCallFailed("aws", self.call.name, "AccessDeniedException", "not authorized")
        return TaskFailed("Sandbox.Timedout", '{"errorMessage": "Task timed out after 60.00 seconds"}')


class Watched:
    """A port whose calls are counted, and of which one may fail."""

    def __init__(self, port: Any, name: str, simulation: "Simulation") -> None:
        self._port = port
        self._name = name
        self._simulation = simulation

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not callable(attribute):
            return attribute
        return lambda *args, **kwargs: self._simulation.call(f"{self._name}.{name}", attribute, args, kwargs)


@dataclass
class Simulation:
    """The account: one function with its callers, and everything that we keep."""

    function: FakeFunction
    behaviour: Behaviour
    called_through: str | None = None
    queue: bool = False
    fault: Fault | None = None
    answer: Callable[[Any], Any] = lambda _payload: {"decision": "approve", "answeredBy": "ada"}
    on_wait: Callable[["Simulation"], None] = lambda _simulation: None
    policy: dict[str, Any] = field(default_factory=dict)
    runs: list[Invocation] = field(default_factory=list)
    throttled: list[datetime] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock(NOW - timedelta(minutes=5))
        self.functions = FakeFunctions(self.function)
        self.queues = FakeQueues({QUEUE: 18} if self.queue else {})
        self.policies = FakePolicies({FUNCTION: a_policy(**self.policy)})
        self.store = FakeStore()
        self.announcer = FakeAnnouncer()
        self.memory = FakeMemory()
        self.state = ""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def call(self, name: str, method: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Make a call of a port, or let it go wrong."""
        with self._lock:
            self._counts[(self.state, name)] += 1
            made = Call(self.state, name, self._counts[(self.state, name)])
            self.calls.append(made)
        struck = self.fault if self.fault and self.fault.strikes(made) else None
        if struck and struck.kind != "crash":
            raise struck.error()
        answer = method(*args, **kwargs)
        if struck:
            raise struck.error()
        return answer

    @property
    def live(self) -> dict[str, Any]:
        """What is live now, as far as repairs can touch it."""
        return {
            "memory": self.function.latest.memory_mb,
            "timeout": self.function.latest.timeout_s,
            "reserved": self.function.reserved,
            "visibility": dict(self.queues.timeouts),
            "aliases": {name: alias.version for name, alias in self.function.aliases.items()},
        }

    def traffic(self, seconds: float) -> None:
        """Let time pass with one call every few seconds."""
        for _ in range(int(seconds // CALL_EVERY_S)):
            self.clock.wait(CALL_EVERY_S)
            self._one_call()
        self.clock.wait(seconds % CALL_EVERY_S)
        self.on_wait(self)

    def _one_call(self) -> None:
        reserved = self.function.reserved
        if reserved is not None and reserved < self.behaviour.busy:
            self.throttled.append(self.clock.now)
            return
        name = self.called_through
        version = self.function.aliases[name].version if name else "$LATEST"
        config = self.function.versions[version] if name else self.function.latest
        needs, takes = self.behaviour.needs_mb, self.behaviour.takes_s
        run = Invocation(
            request_id=f"request-{len(self.runs)}",
            ended_at=self.clock.now,
            duration_ms=min(takes, config.timeout_s) * 1000,
            memory_size_mb=config.memory_mb,
            max_memory_used_mb=min(needs, config.memory_mb),
            log_stream=f"{config.memory_mb}-{version}",
            version=version,
        )
        if needs > config.memory_mb:
            run = replace(run, status=Status.ERROR, error_type="Runtime.ExitError", killed=True)
        elif takes > config.timeout_s:
            limit = float(config.timeout_s)
            run = replace(run, status=Status.TIMEOUT, error_type="Sandbox.Timedout", timeout_s=limit)
        elif self.behaviour.raises:
            run = replace(run, status=Status.ERROR, error_type=self.behaviour.raises)
        self.runs.append(run)

    # What the evidence sources see of it.

    def sources(self, *names: str) -> tuple[Any, ...]:
        """Sources as the collector asks them, or those of that name only."""
        answers = {
            "function_configuration": self._configuration,
            "event_sources": self._event_sources,
            "concurrency": lambda t: self._knowing(t, concurrency=self.functions.concurrency(FUNCTION)),
            "lambda_metrics": self._metrics,
            "lambda_logs": self._logs,
        }
        return tuple(
            Watched(_Source(name, answer), f"sources.{name}", self)
            for name, answer in answers.items()
            if name in (names or answers)
        )

    def _knowing(self, target: Target, **facts: Any) -> Evidence:
        return Evidence(target.function_name, target.window, **facts)

    def _configuration(self, target: Target) -> Evidence:
        latest = self.function.latest
        live = self.functions.configuration(FUNCTION, target.alias) if target.alias else latest
        return self._knowing(
            target,
            configuration=live,
            latest=latest,
            aliases=tuple(self.function.aliases.values()),
            provisioned=self.function.provisioned,
        )

    def _event_sources(self, target: Target) -> Evidence:
        queues = self.queues.timeouts.items()
        found = tuple(EventSource("sqs", arn, visibility_timeout_s=seconds) for arn, seconds in queues)
        return self._knowing(target, event_sources=found)

    def _logs(self, target: Target) -> Evidence:
        seen = tuple(run for run in self.runs if run.ended_at in target.window)
        failed = [run for run in seen if self.behaviour.raises and run.error_type == self.behaviour.raises]
        signatures = (
            (ErrorSignature(failed[0].error_type, "bad input", len(failed), failed[0].ended_at, NOW),)
            if failed
            else ()
        )
        earlier = tuple(run for run in self.runs if run.ended_at < target.window.start)
        return self._knowing(
            target, invocations=seen, history=earlier if target.history else (), signatures=signatures
        )

    def _metrics(self, target: Target) -> Evidence:
        seen = [run for run in self.runs if run.ended_at in target.window]
        failed = [run.ended_at for run in seen if run.status is not Status.SUCCESS]
        throttled = [at for at in self.throttled if at in target.window]
        times = [run.ended_at for run in seen]
        minutes = sorted({at.replace(second=0, microsecond=0) for at in (*times, *throttled)})
        return self._knowing(
            target,
            series=tuple(
                _by_minute(name, moments, minutes)
                for name, moments in (("Invocations", times), ("Errors", failed), ("Throttles", throttled))
            ),
        )

    # The workflow, with the handlers' part of the work.

    def run(self, event: Any = EVENT) -> Execution:
        """Trouble for a while, then the alarm, and the workflow until it ends."""
        self.traffic(90)
        if event is EVENT:  # a fresh alarm
            event = json.loads(json.dumps(event))
            event["detail"]["state"]["timestamp"] = iso(self.clock.now - timedelta(seconds=30))
        machine = StateMachine(
            DEFINITION,
            self.tasks(),
            self.clock,
            self.traffic,
            self.answer,
            lambda name: setattr(self, "state", name),
        )
        return machine.run(event)

    def fall_back(self, execution: Execution) -> None:
        """What the rule on failed executions does, with a function that works."""
        close = CloseFailedExecution(self.store, self.clock, "notifier")
        close(execution.input, execution.arn, parse(execution.started_at), execution.status)

    def tasks(self) -> dict[str, Callable[[Any], Any]]:
        """Our functions by the placeholders of the definition."""
        functions, queues, store, announcer, policies, memory = (
            Watched(port, name, self)
            for port, name in (
                (self.functions, "functions"),
                (self.queues, "queues"),
                (self.store, "store"),
                (self.announcer, "announcer"),
                (self.policies, "policies"),
                (self.memory, "memory"),
            )
        )
        clock, sources = self.clock, self.sources()
        look_around = LookAround(
            (Watched(FakeTopology(), "topology", self),), (Watched(FakeObservations(), "observations", self),)
        )
        collect = CollectMetricsAndLogs(sources, functions, policies, store, clock, lambda: look_around)
        widen = WidenEvidence(look_around, store)
        diagnose = DiagnoseIssue(all_failure_modes(), store, memory, clock, "diagnoser")
        determine = DetermineAction(all_repairs(), policies, store, clock, "planner")
        ask = AwaitApproval(announcer, store, clock, lambda _, token, _expiry: ("question", token))
        execute = ExecuteRepair(functions, queues, FakeBuckets(), policies, store, clock, "executor")
        roll_back = RollBackRepair(functions, queues, FakeBuckets(), store, clock)
        looks = self.sources(*VERIFYING_SOURCES)
        verify = VerifyRepair(looks, all_repairs(), functions, policies, store, clock, lambda: look_around)
        notify = NotifyResult(
            store=store,
            memory=memory,
            announcer=announcer,
            clock=clock,
            documents=(Document("report.md", "text/markdown", lambda report: report.status),),
            write_message=lambda report, uri: (report.status, uri),
            environment="test",
            region="eu-central-1",
            executed_by="notifier",
        )
        record = RecordFailure(store, clock, "notifier")
        parse_event = ParseAlarmEvent(functions, store, finding(), looking_up())

        def coordinator(event: Any) -> Any:
            incident = parse_event(event["event"], event["execution_arn"], parse(event["started_at"]))
            return {"incident": encode(incident)}

        def collector(event: Any) -> Any:
            case = decode(Case, event["case"])
            if event["operation"] == "look_around":
                return encode(widen(case))
            return encode(collect(case, attempt=event["attempt"]))

        def executor(event: Any) -> Any:
            case = decode(Case, event["case"])
            return encode(execute(case) if event["operation"] == "apply" else roll_back(case))

        def notifier(event: Any) -> Any:
            case = decode(Case, event["case"])
            if event["operation"] == "record_failure":
                caught = event["case"].get("error") or {}
                error = WorkflowError(error=caught.get("Error", ""), cause=caught.get("Cause", ""))
                return encode(record(case, error))
            return encode(notify(case, attempt=event["attempt"]))

        return {
            "coordinator_arn": coordinator,
            "collector_arn": collector,
            "diagnoser_arn": lambda e: encode(diagnose(decode(Case, e["case"]))),
            "planner_arn": lambda e: encode(determine(decode(Case, e["case"]))),
            "approver_arn": lambda e: {"message_id": ask(decode(Case, e["case"]), e["task_token"])},
            "executor_arn": executor,
            "verifier_arn": lambda e: encode(verify(decode(Case, e["case"]))),
            "notifier_arn": notifier,
        }


@dataclass
class _Source:
    name: str
    answer: Callable[[Target], Evidence]

    def collect(self, target: Target) -> Evidence:
        return self.answer(target)


def _by_minute(name: str, moments: list[datetime], minutes: list[datetime]) -> MetricSeries:
    counted = Counter(at.replace(second=0, microsecond=0) for at in moments)
    return MetricSeries(name, 60, tuple(minutes), tuple(float(counted[m]) for m in minutes))
