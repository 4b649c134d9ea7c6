"""Incidents in which one thing of ours fails: what can fail, how it fails, and what became of everybody.

Every incident gets a function and an X-Ray trace of its own. The trace tells its calls from those of other
incidents, so that several run side by side, each with a fault that hits no other.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.config import Config

from local.faults import Call, ErrorKind, Fault, FaultControl
from local.scenarios.clients import client
from local.scenarios.incident_watch import ENDED
from local.scenarios.stage import create_function, wait_until
from local.settings import HOST
from local.trace_store import new_trace_id
from tests.e2e.deployment import ACCOUNT, REGION, STATE_MACHINE, TOPIC, Deployment, attribute

BUS = "lambda-auto-repair-local"
POLICIES = "/lambda-auto-repair/local/functions"
APPROVER = "lambda-auto-repair-approver-local"
COORDINATOR = "lambda-auto-repair-coordinator-local"
NOTIFIER = "lambda-auto-repair-notifier-local"
EXECUTOR = "lambda-auto-repair-execution-local"  # its role; the function is the executor
VERIFIER = "lambda-auto-repair-verifier-local"
WORKFLOW = "lambda-auto-repair-workflow-local"
ONBOARDED = "breaks-at-every-call"  # by Terraform; the walk's functions are onboarded alike
PREFIX = "walk"
WRITES = re.compile(r"Put|Update|Delete|TransactWrite|Publish|Set|Invoke")
# A change that names a revision is sent once, everything else three times before a call has failed.
SENT_ONCE = ("UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias")
SDK_ATTEMPTS = 3
NOT_RETRIED_BY_SDKS = ("access_denied", "conflict")
END_S = 150.0  # longer than any incident takes in which all calls of a kind fail
LOOK_EVERY_S = 1.2  # ten lanes that look more often keep the embedded AWS busier than the incidents do
PATIENT = Config(read_timeout=120, retries={"total_max_attempts": 1}, max_pool_connections=64)

Disturbance = Callable[[str, str], AbstractContextManager[Callable[[], bool]]]


@dataclass(frozen=True, eq=False)
class Scenario:
    """A function that fails in its own way. `probe` is an event that shows whether it works.

    calls: how many of them fail before the incident starts. answer: to the question that the incident asks;
    where evidence is missing, every kind may ask.
    denied: role, service and operation that fail in every incident of this kind.
    """

    name: str
    code: str
    probe: dict[str, Any]
    timeout_s: int = 1
    calls: int = 2
    policy: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Deployment, str], None] = lambda _deployment, _name: None
    alias: str | None = None
    queue: bool = False
    answer: str = "approve"
    denied: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Point:
    """One call that a state makes: the `nth` of its kind there, after `before` of its kind in all.

    subject: the table, file or function of ours that the call is on, where there are several.
    """

    state: str
    role: str
    service: str
    operation: str
    subject: str
    nth: int
    before: int

    @property
    def kind(self) -> tuple[str, ...]:
        """What calls that are alike have in common."""
        return self.state, self.role, self.service, self.operation, self.subject

    @property
    def writes(self) -> bool:
        """Whether the call leaves something behind even if its answer is lost."""
        return WRITES.match(self.operation) is not None

    def __str__(self) -> str:
        on = f" on {self.subject}" if self.subject else ""
        nth = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.state}: {self.service}:{self.operation}{on}{nth}"


def points(calls: Iterable[Call], entered: list[tuple[datetime, str]]) -> list[Point]:
    """The calls of an execution by the states that made them; `entered` says when each was entered."""
    found, here, everywhere = [], Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for call in calls:
        state = [name for at, name in entered if at.timestamp() <= call.at][-1]
        alike = (call.role, call.service, call.operation, _subject(call))
        here[(state, *alike)] += 1
        everywhere[alike] += 1
        found.append(Point(state, *alike, nth=here[(state, *alike)], before=everywhere[alike] - 1))
    return found


def _subject(call: Call) -> str:
    name = call.resource.rpartition("/")[2]
    if call.service == "s3":
        return name.rpartition(":")[2]
    if call.service == "dynamodb":
        return name.removesuffix("*")
    return call.resource.rpartition(":")[2] if call.role == WORKFLOW else ""


@dataclass(frozen=True)
class Trial:
    """One way in which a call fails. As a disturbance it hits one incident and no other."""

    control: FaultControl
    point: Point
    error: ErrorKind
    forever: bool = False

    def __str__(self) -> str:
        return f"{self.point} {self.error} {'for ever' if self.forever else 'once'}"

    @contextmanager
    def __call__(self, function_name: str, trace: str) -> Iterator[Callable[[], bool]]:
        """Let the call fail in the incident of that function; yields whether it did."""
        numbers = [self.control.add(fault) for fault in self._faults(function_name, trace)]
        try:
            yield lambda: any(self.control.hits(number) for number in numbers)
        finally:
            for number in numbers:
                self.control.remove(number)

    def _faults(self, function_name: str, trace: str) -> list[Fault]:
        point = self.point
        about = (point.subject,) if point.subject else ()
        what: dict[str, Any] = {"service": point.service, "operation": point.operation, "role": point.role}
        times = None if self.forever else self._requests()
        found = [Fault(self.error, **what, about=(*about, trace), times=times, skip=point.before, hang_s=9)]
        if self.forever and point.role == NOTIFIER:
            # It also closes executions that have failed, and does that outside of their trace.
            found.append(Fault(self.error, **what, about=(*about, function_name), times=None))
        return found

    def _requests(self) -> int:
        """How many requests fail until the call has failed for our code."""
        sent_once = self.point.operation in SENT_ONCE or self.point.role == WORKFLOW
        return 1 if sent_once or self.error in NOT_RETRIED_BY_SDKS else SDK_ATTEMPTS


@dataclass(frozen=True)
class Crash:
    """A Lambda of ours that cannot even start. It hits every incident, so nothing may run beside it."""

    deployment: Deployment
    function_name: str

    def __str__(self) -> str:
        return f"{self.function_name} does not start"

    @contextmanager
    def __call__(self, _function_name: str, _trace: str) -> Iterator[Callable[[], bool]]:
        """Break it for as long as the block runs."""
        handler = self.deployment.configuration(self.function_name)["Handler"]
        self._set("gone.handler")
        try:
            yield lambda: True
        finally:
            self._set(handler)

    def _set(self, handler: str) -> None:
        functions, name = self.deployment.client("lambda"), self.function_name
        functions.update_function_configuration(FunctionName=name, Handler=handler)
        wait_until(
            lambda: self.deployment.configuration(name)["LastUpdateStatus"] == "Successful",
            seconds=10,
            what=f"the update of {name}",
            every=0.05,
        )


@dataclass(frozen=True)
class Ending:
    """What an incident left behind. course: the states entered; happened: whether the disturbance was met."""

    disturbance: Any
    function_name: str
    execution: dict[str, Any]
    course: list[str]
    happened: bool
    before: dict[str, Any]
    after: dict[str, Any]
    repairs: list[dict[str, Any]]
    diagnoses: list[dict[str, Any]]
    next_disposition: str
    mailbox: Mailbox

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """The notifier's messages. To be asked when everything has settled: a second one may come late."""
        return self.mailbox.results(self.function_name)

    @cached_property
    def alarms(self) -> list[dict[str, Any]]:
        """Messages of the rule on failed executions. To be asked when everything has settled."""
        return self.mailbox.alarms(self.execution["name"])

    @property
    def statuses(self) -> list[str]:
        """Of the items in the repairs table."""
        return [item["status"]["S"] for item in self.repairs]

    @property
    def is_changed(self) -> bool:
        """Whether anything is not as it was before the incident."""
        return self.before != self.after


class Walk:
    """Runs incidents on functions of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.faults = FaultControl(HOST, deployment.instance.port)
        self.mailbox = Mailbox(deployment)
        self._run = secrets.token_hex(2)
        self._names: list[str] = []
        self._lock = threading.Lock()
        self._lambda = client(deployment.session, "lambda", config=PATIENT)
        self._machine = deployment.client("stepfunctions")
        for shared in (self._lambda, self._machine, deployment.client("lambda"), deployment.client("iam")):
            _ = shared.exceptions  # made on first use, and not alike for two lanes that come at once

    @contextmanager
    def onboarding(self) -> Iterator[None]:
        """The grants that Terraform gives for onboarded functions and queues, for those of the walk."""
        iam = self.deployment.client("iam")
        functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-*"
        queues = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-*"
        operations = (*SENT_ONCE, "PutFunctionConcurrency", "DeleteFunctionConcurrency")
        granted = {
            (EXECUTOR, "functions"): ([f"lambda:{operation}" for operation in operations], functions),
            (EXECUTOR, "queues"): (["sqs:SetQueueAttributes"], queues),
            (VERIFIER, "probes"): (["lambda:InvokeFunction"], functions),
        }
        for (role, name), (actions, resource) in granted.items():
            statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=role, PolicyName=f"{PREFIX}-{name}", PolicyDocument=document)
        try:
            yield
        finally:
            for role, name in granted:
                iam.delete_role_policy(RoleName=role, PolicyName=f"{PREFIX}-{name}")
            for name in self._names:
                self._offboard(name)

    def undisturbed(self, scenario: Scenario) -> tuple[Ending, list[Point]]:
        """The incident without any fault, and all the calls of ours that are made in it."""
        mark, trace = self.faults.mark(), new_trace_id()
        ending = self.incident(scenario, lambda *_: nullcontext(lambda: True), trace=trace)
        calls = [call for call in self.faults.calls(mark) if call.trace == trace]
        return ending, points(calls, self._entered(ending.execution["executionArn"]))

    def incident(self, scenario: Scenario, disturbance: Disturbance, *, trace: str = "") -> Ending:
        """A function of that kind fails, and its incident is disturbed."""
        return self.run(scenario, self.failing(scenario), disturbance, trace=trace)

    def failing(self, scenario: Scenario) -> str:
        """The name of a new function that is onboarded and has failed."""
        with self._lock:
            name = f"{PREFIX}-{scenario.name}-{self._run}-{len(self._names):03}"
            self._names.append(name)
        create_function(self.deployment, name, scenario.code, memory_mb=128, timeout_s=scenario.timeout_s)
        if scenario.alias:
            version = self._lambda.publish_version(FunctionName=name)["Version"]
            self._lambda.create_alias(FunctionName=name, Name=scenario.alias, FunctionVersion=version)
        scenario.prepare(self.deployment, name)
        self._onboard(scenario, name)
        for _ in range(scenario.calls):
            with suppress(self._lambda.exceptions.TooManyRequestsException):
                self._lambda.invoke(
                    FunctionName=name,
                    Qualifier=scenario.alias or "$LATEST",
                    Payload=json.dumps(scenario.probe),
                )
        return name

    def run(self, scenario: Scenario, name: str, disturbance: Disturbance, *, trace: str = "") -> Ending:
        """The incident of a function that has failed; returns when it is over and somebody was told."""
        trace = trace or new_trace_id()
        before = self._live(scenario, name)
        with self._denial(scenario, trace), disturbance(name, trace) as happened:
            execution = self._execution(scenario, name, trace)
            self.mailbox.wait_for_news(name, execution["name"])
            has_happened = happened()
        return Ending(
            disturbance=disturbance,
            function_name=name,
            execution=execution,
            course=[state for _, state in self._entered(execution["executionArn"])],
            happened=has_happened,
            before=before,
            after=self._live(scenario, name),
            repairs=self.deployment.repairs(name),
            diagnoses=self.deployment.diagnoses(name),
            next_disposition=self._next_disposition(name),
            mailbox=self.mailbox,
        )

    @contextmanager
    def _denial(self, scenario: Scenario, trace: str) -> Iterator[None]:
        """What is denied in every incident of this kind."""
        if scenario.denied is None:
            yield
            return
        role, service, operation = scenario.denied
        fault = Fault("access_denied", service, operation, role, about=(trace,), times=None)
        number = self.faults.add(fault)
        try:
            yield
        finally:
            self.faults.remove(number)

    def _onboard(self, scenario: Scenario, name: str) -> None:
        """As Terraform does it, but for the alarms: the walk starts its incidents itself."""
        policy, key = self._onboarded
        queues = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"] if scenario.queue else []
        own = {"probe_payload": scenario.probe, "alias": scenario.alias, "queues": queues} | scenario.policy
        self.deployment.client("ssm").put_parameter(
            Name=f"{POLICIES}/{name}/policy", Value=json.dumps(policy | own), Type="SecureString", KeyId=key
        )
        self.deployment.client("events").put_rule(
            Name=f"lambda-auto-repair-alarm-rule-{name}",
            EventBusName=BUS,
            EventPattern=json.dumps({"source": ["aws.cloudwatch"], "resources": [name]}),
        )

    def _offboard(self, name: str) -> None:
        self.deployment.client("ssm").delete_parameter(Name=f"{POLICIES}/{name}/policy")
        self.deployment.client("events").delete_rule(
            Name=f"lambda-auto-repair-alarm-rule-{name}", EventBusName=BUS
        )

    @cached_property
    def _onboarded(self) -> tuple[dict[str, Any], str]:
        """The policy of the function that Terraform has onboarded, and the key that encrypts it."""
        name, ssm = f"{POLICIES}/{ONBOARDED}/policy", self.deployment.client("ssm")
        policy = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        named = [{"Key": "Name", "Values": [name]}]
        (described,) = ssm.describe_parameters(ParameterFilters=named)["Parameters"]
        return json.loads(policy), described["KeyId"]

    def _execution(self, scenario: Scenario, name: str, trace: str) -> dict[str, Any]:
        """The execution's description when it has ended, or when it should have."""
        arn = self._machine.start_execution(
            stateMachineArn=STATE_MACHINE,
            name=name,
            input=json.dumps({"functionName": name, "alarmName": "by hand", "manual": True}),
            traceHeader=f"Root={trace}",
        )["executionArn"]
        answered: set[str] = set()
        deadline = time.monotonic() + END_S
        while True:
            execution = dict(self._machine.describe_execution(executionArn=arn))
            if execution["status"] in ENDED or time.monotonic() > deadline:
                return execution
            asked = self.mailbox.tokens(name)
            self._answer(scenario.answer, asked - answered)
            answered |= asked
            time.sleep(LOOK_EVERY_S)

    def _answer(self, decision: str, tokens: set[str]) -> None:
        answer = json.dumps({"decision": decision, "answeredBy": "the walk"})
        for token in tokens:
            # A question that was asked again has a newer token.
            with suppress(self._machine.exceptions.TaskDoesNotExist, self._machine.exceptions.TaskTimedOut):
                self._machine.send_task_success(taskToken=token, output=answer)

    def _entered(self, execution_arn: str) -> list[tuple[datetime, str]]:
        history = self._machine.get_execution_history(executionArn=execution_arn, maxResults=1000)["events"]
        return [
            (event["timestamp"], event["stateEnteredEventDetails"]["name"])
            for event in history
            if "stateEnteredEventDetails" in event
        ]

    def _live(self, scenario: Scenario, name: str) -> dict[str, Any]:
        """What is live for callers, under the names of the repairs table, and the function's own settings."""
        used = self.deployment.configuration(name, scenario.alias or "$LATEST")
        latest = self.deployment.configuration(name)
        reserved = self._lambda.get_function_concurrency(FunctionName=name)
        own = ("MemorySize", "Timeout", "CodeSha256", "Environment")
        return {
            "memory_mb": used["MemorySize"],
            "timeout_s": used["Timeout"],
            "reserved_concurrency": reserved.get("ReservedConcurrentExecutions"),
            "visibility_timeout_s": self._visibility(name) if scenario.queue else None,
            "version": used["Version"],
            "$LATEST": [latest.get(setting) for setting in own],
        }

    def _visibility(self, name: str) -> int:
        sqs = self.deployment.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return int(answer["Attributes"]["VisibilityTimeout"])

    def _next_disposition(self, name: str) -> str:
        """What the coordinator makes of the function's next alarm."""
        event = {
            "event": {"functionName": name, "alarmName": "the next one", "manual": True},
            "execution_arn": f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{WORKFLOW}:next-{name}",
            "started_at": "2026-01-31T12:00:00.000Z",
        }
        answer = self._lambda.invoke(FunctionName=COORDINATOR, Payload=json.dumps(event))
        return str(json.load(answer["Payload"]).get("incident", {}).get("disposition"))


class Mailbox:
    """A queue that is subscribed to the topic, as a person would be."""

    def __init__(self, deployment: Deployment) -> None:
        self._sqs = deployment.client("sqs")
        self._lock = threading.Lock()
        self._read: list[dict[str, Any]] = []
        self._next_look = 0.0
        name = f"{PREFIX}-mailbox-{secrets.token_hex(3)}"
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        deployment.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)

    def results(self, function_name: str) -> list[dict[str, Any]]:
        """What the notifier has told about the function's incident."""
        return [m for m in self._of(function_name) if attribute(m, "stage") == "result"]

    def alarms(self, execution_name: str) -> list[dict[str, Any]]:
        """What the rule on failed executions has told."""
        line = f'"Execution: {execution_name}"'
        return [m for m in self._messages() if not attribute(m, "stage") and line in m["Message"]]

    def tokens(self, function_name: str) -> set[str]:
        """Of the questions about the function."""
        asked = (m["Message"] for m in self._of(function_name) if attribute(m, "stage") != "result")
        return {token for text in asked for token in re.findall(r"--task-token '?([^\s']+)", text)}

    def wait_for_news(self, function_name: str, execution_name: str) -> None:
        """Until somebody was told, or should have been."""
        with suppress(TimeoutError):
            wait_until(
                lambda: self.results(function_name) or self.alarms(execution_name),
                seconds=10,
                what="news",
                every=LOOK_EVERY_S,
            )

    def _of(self, function_name: str) -> list[dict[str, Any]]:
        return [m for m in self._messages() if attribute(m, "functionName") == function_name]

    def _messages(self) -> list[dict[str, Any]]:
        """Every message so far. All lanes share what one of them has just read."""
        with self._lock:
            if time.monotonic() >= self._next_look:
                while batch := self._receive():
                    self._read += [json.loads(message["Body"]) for message in batch]
                self._next_look = time.monotonic() + LOOK_EVERY_S
            return list(self._read)

    def _receive(self) -> list[dict[str, Any]]:
        batch = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        if batch:
            handles = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(batch)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=handles)
        return list(batch)
