"""Gap 26: what EventBridge may deliver, and where it leaves what it may not."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.instance import Instance
from tests.local.state_machines import ACCOUNT, REGION, Machines, allow

EVENTS_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass(frozen=True)
class Rule:
    """A rule on the default bus that matches events of its own source."""

    aws: Instance
    name: str
    dead_letters: str

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self.name}"

    def put_target(self, arn: str, **fields: Any) -> None:
        target = {"Id": "target", "Arn": arn, **fields}
        target.setdefault("DeadLetterConfig", {"Arn": queue_arn(self.dead_letters)})
        self.aws.client("events").put_targets(Rule=self.name, Targets=[target])

    def send_event(self) -> None:
        entry = {"Source": self.name, "DetailType": "Test", "Detail": json.dumps({"number": 1})}
        self.aws.client("events").put_events(Entries=[entry])

    def dead_letter(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The body and the attributes of the message in the dead-letter queue."""
        message = received(self.aws, self.dead_letters)
        attributes = message["MessageAttributes"]
        return json.loads(message["Body"]), {name: value["StringValue"] for name, value in attributes.items()}


@pytest.fixture
def rule(embedded_aws: Instance) -> Iterator[Rule]:
    name = f"rule-{uuid.uuid4().hex[:8]}"
    events = embedded_aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    made = Rule(embedded_aws, name, f"dead-{name}")
    create_queue(embedded_aws, made.dead_letters, permitted=made.arn)
    yield made
    events.remove_targets(Rule=name, Ids=["target"])
    events.delete_rule(Name=name)


def create_queue(aws: Instance, name: str, permitted: str | None = None) -> str:
    """A queue that `permitted`, the ARN of a rule, may send to."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(name),
        "Condition": {"ArnEquals": {"aws:SourceArn": permitted}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy} if permitted else {})
    return queue_arn(name)


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def received(aws: Instance, queue: str) -> dict[str, Any]:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    message: dict[str, Any] = answer["Messages"][0]
    return message


def test_a_queue_that_permits_the_rule_receives_the_event(embedded_aws: Instance, rule: Rule) -> None:
    rule.put_target(create_queue(embedded_aws, f"open-{rule.name}", permitted=rule.arn))
    rule.send_event()
    assert json.loads(received(embedded_aws, f"open-{rule.name}")["Body"])["detail"] == {"number": 1}


def test_what_a_queue_does_not_permit_is_dead_lettered(embedded_aws: Instance, rule: Rule) -> None:
    target = create_queue(embedded_aws, f"closed-{rule.name}")
    rule.put_target(target)
    rule.send_event()
    event, attributes = rule.dead_letter()
    assert (event["source"], event["detail"]) == (rule.name, {"number": 1})
    assert attributes.pop("ERROR_MESSAGE").endswith(f"sqs:SendMessage on resource: {target}")
    assert attributes == {"RULE_ARN": rule.arn, "TARGET_ARN": target, "ERROR_CODE": "NO_PERMISSIONS"}
    found = embedded_aws.client("cloudwatch").list_metrics(
        Namespace="AWS/Events", Dimensions=[{"Name": "RuleName", "Value": rule.name}]
    )
    names = {metric["MetricName"] for metric in found["Metrics"]}
    assert names == {"Invocations", "FailedInvocations", "InvocationsSentToDLQ"}


def test_a_topic_must_permit_eventbridge_by_name(embedded_aws: Instance, rule: Rule) -> None:
    topic = embedded_aws.client("sns").create_topic(Name=f"topic-{rule.name}")["TopicArn"]
    rule.put_target(topic)
    rule.send_event()
    assert rule.dead_letter()[1]["ERROR_CODE"] == "NO_PERMISSIONS"


def test_a_missing_function_is_no_resource(rule: Rule) -> None:
    rule.put_target(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:missing")
    rule.send_event()
    assert rule.dead_letter()[1]["ERROR_CODE"] == "NO_RESOURCE"


@dataclass(frozen=True)
class Machine:
    arn: str
    machines: Machines


@pytest.fixture
def machine(embedded_aws: Instance) -> Machine:
    machines = Machines(embedded_aws, embedded_aws.client("stepfunctions"))
    return Machine(machines.create({"Pass": {"Type": "Pass", "End": True}}), machines)


def events_role(aws: Instance, *statements: dict[str, Any]) -> str:
    iam, name = aws.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(EVENTS_TRUST))
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy)
    arn: str = role["Role"]["Arn"]
    return arn


def test_a_state_machine_starts_under_the_targets_role(
    embedded_aws: Instance, rule: Rule, machine: Machine
) -> None:
    role = events_role(embedded_aws, allow("states:StartExecution", machine.arn))
    rule.put_target(machine.arn, RoleArn=role)
    rule.send_event()
    time.sleep(0.1)
    (execution,) = machine.machines.sfn.list_executions(stateMachineArn=machine.arn)["executions"]
    given = json.loads(machine.machines.finished(execution["executionArn"])["input"])
    assert given["detail"] == {"number": 1}
    assert execution["name"].startswith(f"{given['id']}_")


def test_a_role_without_permission_dead_letters(embedded_aws: Instance, rule: Rule, machine: Machine) -> None:
    rule.put_target(machine.arn, RoleArn=events_role(embedded_aws))
    rule.send_event()
    attributes = rule.dead_letter()[1]
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "is not authorized to perform: states:StartExecution" in attributes["ERROR_MESSAGE"]


def test_a_role_that_does_not_trust_eventbridge_dead_letters(rule: Rule, machine: Machine) -> None:
    rule.put_target(machine.arn, RoleArn=machine.machines.role(allow("*", "*")))
    rule.send_event()
    assert rule.dead_letter()[1]["ERROR_CODE"] == "FAILED_TO_ASSUME_ROLE"


def test_a_state_machine_target_needs_a_role(embedded_aws: Instance, rule: Rule, machine: Machine) -> None:
    events = embedded_aws.client("events")
    with pytest.raises(events.exceptions.ClientError, match="RoleArn is required for target arn:aws:states:"):
        rule.put_target(machine.arn)


def test_another_bus_is_reached_under_the_targets_role(embedded_aws: Instance, rule: Rule) -> None:
    events = embedded_aws.client("events")
    bus = events.create_event_bus(Name=f"bus-{rule.name}")["EventBusArn"]
    rule.put_target(bus, RoleArn=events_role(embedded_aws))
    rule.send_event()
    assert rule.dead_letter()[1]["ERROR_CODE"] == "NO_PERMISSIONS"

    onward = f"onward-{rule.name}"
    events.put_rule(
        Name=onward, EventBusName=f"bus-{rule.name}", EventPattern=json.dumps({"source": [rule.name]})
    )
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/bus-{rule.name}/{onward}"
    queue = create_queue(embedded_aws, onward, permitted=arn)
    events.put_targets(Rule=onward, EventBusName=f"bus-{rule.name}", Targets=[{"Id": "queue", "Arn": queue}])
    rule.put_target(bus, RoleArn=events_role(embedded_aws, allow("events:PutEvents", bus)))
    rule.send_event()
    assert json.loads(received(embedded_aws, onward)["Body"])["detail"] == {"number": 1}


def test_bad_entries_are_refused_one_by_one(embedded_aws: Instance) -> None:
    events = embedded_aws.client("events")
    good = {"Source": "test", "DetailType": "Test", "Detail": "{}"}
    answer = events.put_events(Entries=[{**good, "Detail": "no JSON"}, good, {**good, "Detail": "[1]"}])
    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "MalformedDetail",
        None,
        "MalformedDetail",
    ]
    with pytest.raises(events.exceptions.ClientError, match="Total size of the entries"):
        events.put_events(Entries=[{**good, "Detail": json.dumps({"text": "x" * 300_000})}])
