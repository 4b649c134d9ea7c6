"""The system deployed to an embedded AWS, and what the tests do to it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from filelock import FileLock

from local.instance import Instance
from local.scenarios import incident_watch
from local.scenarios.clients import client
from local.scenarios.image_service import ImageService, set_up
from local.scenarios.stage import create_function, wait_until
from local.scenarios.traffic import Traffic
from scripts.build import Target, build
from tests.e2e.functions import FUNCTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
ACCOUNT = "000000000000"
REGION = "us-east-1"
MANY_THREADS = Config(max_pool_connections=32)
STATE_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:lambda-auto-repair-workflow-local"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:lambda-auto-repair-notifications-local"


@dataclass
class Deployment:
    """Clients of the account's owner, and the mailbox of a person who subscribed to the topic."""

    instance: Instance
    session: boto3.Session
    image_service: ImageService
    mailbox: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def onboarded(self) -> dict[str, Any]:
        """The entries of `monitored_functions`."""
        images = self.image_service
        entry = {
            "buckets": [f"arn:aws:s3:::{images.bucket}"],
            "other_alarms": [images.alarm],
            "verification_budget_s": 600,
            "cooldown_s": 0,
        }
        functions = {f.name: f.onboarding for f in FUNCTIONS.values() if f.onboarding is not None}
        return functions | {images.function: entry}

    def client(self, service: str) -> Any:
        """A client of the account's owner; any thread may ask for it and use it."""
        if service not in self._clients:
            self._clients[service] = client(self.session, service, config=MANY_THREADS)
        return self._clients[service]

    def subscribe(self) -> None:
        """Subscribe a queue to the topic, as an operator would."""
        sqs = self.client("sqs")
        self.mailbox = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.mailbox, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=self.mailbox, Attributes={"Policy": json.dumps(policy)})
        self.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
        self._read: list[dict[str, Any]] = []

    def mail(self) -> list[dict[str, Any]]:
        """Every notification so far, oldest first."""
        sqs = self.client("sqs")
        while batch := sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self._read.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
        return sorted(self._read, key=lambda m: m["Timestamp"])

    def messages(self, function_name: str) -> list[dict[str, Any]]:
        """Every notification about that function so far, oldest first."""
        return [m for m in self.mail() if attribute(m, "functionName") == function_name]

    @contextmanager
    def traffic(
        self,
        function_name: str,
        event: dict[str, Any],
        *,
        per_second: float = 3.0,
        callers: int = 4,
        **kwargs: Any,
    ) -> Iterator[Traffic]:
        """Steady calls while the block runs."""
        with Traffic(self.session, function_name, event, per_second, callers, **kwargs) as calls:
            yield calls

    def execution(self, function_name: str, since: datetime, *, seconds: float = 150) -> str:
        """The execution that an alarm of the function started; waits for it."""
        try:
            found = wait_until(
                lambda: incident_watch.find_execution(self.session, STATE_MACHINE, function_name, since),
                seconds=seconds,
                what=f"an incident of {function_name} since {since}",
            )
        except TimeoutError as error:
            error.add_note(self._alarms_and_executions(function_name))
            raise
        return str(found)

    def _alarms_and_executions(self, function_name: str) -> str:
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        machine = self.client("stepfunctions")
        started = machine.list_executions(stateMachineArn=STATE_MACHINE, maxResults=100)["executions"]
        described = [machine.describe_execution(executionArn=e["executionArn"]) for e in started]
        lines = [
            f"{a['AlarmName']} {a['StateValue']} since {a['StateUpdatedTimestamp']}: {a['StateReason']}"
            for a in alarms
            if a["AlarmName"].endswith(f"-{function_name}")
        ]
        lines += [
            f"{e['startDate']} {e['status']}: {e.get('output', '')[:2000]}"
            for e in described
            if f'"{function_name}"' in e["input"]
        ]
        return "\n".join(lines)

    def end_of(self, execution_arn: str, *, seconds: float = 240) -> dict[str, Any]:
        """The execution's description once it has ended."""
        machine = self.client("stepfunctions")

        def ended() -> Any:
            execution = machine.describe_execution(executionArn=execution_arn)
            return execution if execution["status"] != "RUNNING" else None

        return dict(wait_until(ended, seconds=seconds, what=f"the end of {execution_arn}"))

    def start(self, document: Any) -> str:
        """Start the workflow by hand with that input; the execution."""
        machine = self.client("stepfunctions")
        started = machine.start_execution(stateMachineArn=STATE_MACHINE, input=json.dumps(document))
        return str(started["executionArn"])

    def incident(self, function_name: str, since: datetime) -> dict[str, Any]:
        """The state document with which the function's incident ended well."""
        while True:
            execution = self.end_of(self.execution(function_name, since))
            assert execution["status"] == "SUCCEEDED", execution
            document = dict(json.loads(execution["output"]))
            if not incident_watch.left_to_another(document):
                return document

    def repairs(self, function_name: str) -> list[dict[str, Any]]:
        """The function's items of the repairs table in DynamoDB's form, oldest first."""
        return incident_watch.repairs_of(self.session, "local", function_name)

    def diagnoses(self, function_name: str) -> list[dict[str, Any]]:
        """The function's items of the diagnosis table in DynamoDB's form, oldest first."""
        return incident_watch.diagnoses_of(self.session, "local", function_name)

    def configuration(self, function_name: str, qualifier: str = "$LATEST") -> dict[str, Any]:
        """What Lambda says of the function."""
        functions = self.client("lambda")
        return dict(functions.get_function_configuration(FunctionName=function_name, Qualifier=qualifier))


def now() -> datetime:
    """The present, a second early: emulated services round down."""
    return datetime.now(UTC) - timedelta(seconds=1)


def deploy(instance: Instance) -> Deployment:
    """Create the broken functions, apply Terraform, subscribe the mailbox."""
    os.environ.update(instance.environment)
    session = boto3.Session()
    deployment = Deployment(instance, session, set_up(session))
    for function in FUNCTIONS.values():
        create_function(
            deployment.session,
            function.name,
            function.source,
            memory_mb=function.memory_mb,
            timeout_s=function.timeout_s,
        )
    _prepare(deployment)
    apply(instance, deployment.onboarded)
    deployment.subscribe()
    return deployment


def _prepare(deployment: Deployment) -> None:
    functions, sqs = deployment.client("lambda"), deployment.client("sqs")
    version = functions.publish_version(FunctionName="behind-an-alias")["Version"]
    functions.create_alias(FunctionName="behind-an-alias", Name="live", FunctionVersion=version)
    for name in ("approve-me", "reject-me", "nobody-answers"):
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    queue = sqs.create_queue(QueueName="fed-by-a-queue", Attributes={"VisibilityTimeout": "24"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow_polling(deployment, "fed-by-a-queue-role", arn)
    functions.create_event_source_mapping(FunctionName="fed-by-a-queue", EventSourceArn=arn, BatchSize=1)


def allow_polling(deployment: Deployment, role: str, queue_arn: str) -> None:
    """What a function's role needs so that Lambda may poll the queue for it."""
    actions = [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
    ]
    statement = {"Effect": "Allow", "Action": actions, "Resource": queue_arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    deployment.client("iam").put_role_policy(
        RoleName=role, PolicyName="queue", PolicyDocument=json.dumps(document)
    )


def apply(instance: Instance, entries: dict[str, Any]) -> str:
    """`terraform apply ENV=local` with these functions onboarded; returns what Terraform printed."""
    file = instance.folder / "onboarding.tfvars.json"
    file.write_text(json.dumps({"monitored_functions": entries}))
    command = [sys.executable, "-m", "scripts.terraform", "apply", "local"]
    command += ["--extra-vars", str(file), "--state", str(instance.folder)]
    begun = time.monotonic()
    with FileLock(ROOT / ".build" / "e2e-build.lock"):  # several test processes share the checkout's builds
        build(Target.local())
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, (
        f"after {time.monotonic() - begun:.0f} s:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    )
    return done.stdout


def attribute(message: dict[str, Any], name: str) -> str:
    """An attribute of a notification, empty if it has none of that name."""
    return str(message.get("MessageAttributes", {}).get(name, {}).get("Value", ""))
