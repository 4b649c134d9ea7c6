"""Alarms that do not say what they are about: a composite one, and one on a metric of its owner's own."""

import json
from datetime import datetime
from typing import Any

from local.scenarios.stage import wait_until
from tests.e2e.deployment import STATE_MACHINE, Deployment, now

NAME = "joined"  # its entry names both alarms in other_alarms
COMPOSITE, OWN = "joined-is-broken", "joined-backlog"
CHILD = "joined-errors"


def put_alarm(deployment: Deployment, name: str, **metric: Any) -> None:
    """An alarm that fires as soon as the metric is above zero for a period."""
    deployment.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **metric,
    )


def started(deployment: Deployment, alarm: str, since: datetime) -> str:
    """The first execution that the alarm's own event started since then; waits for it."""
    machine = deployment.client("stepfunctions")

    def found() -> str | None:
        executions = machine.list_executions(stateMachineArn=STATE_MACHINE)["executions"]
        for execution in reversed(executions):
            arn = str(execution["executionArn"])
            if execution["startDate"] < since:
                continue
            event = json.loads(machine.describe_execution(executionArn=arn)["input"])
            if event.get("detail", {}).get("alarmName") == alarm:
                return arn
        return None

    return str(wait_until(found, seconds=90, what=f"an execution that {alarm} starts"))


def test_a_composite_alarm_and_its_child_are_one_incident_and_one_repair(deployment: Deployment) -> None:
    dimensions = [{"Name": "FunctionName", "Value": NAME}]
    put_alarm(deployment, CHILD, Namespace="AWS/Lambda", MetricName="Errors", Dimensions=dimensions)
    deployment.client("cloudwatch").put_composite_alarm(AlarmName=COMPOSITE, AlarmRule=f'ALARM("{CHILD}")')
    since = now()
    with deployment.traffic(NAME, {"mb": 200}):
        executions = {alarm: started(deployment, alarm, since) for alarm in (CHILD, COMPOSITE)}
        ends = {alarm: deployment.end_of(arn) for alarm, arn in executions.items()}
    assert {end["status"] for end in ends.values()} == {"SUCCEEDED"}
    incidents = {alarm: json.loads(end["output"])["incident"] for alarm, end in ends.items()}
    assert {incident["function_name"] for incident in incidents.values()} == {NAME}
    assert sorted(incident["disposition"] for incident in incidents.values()) == ["joined", "opened"]
    (child,) = incidents[COMPOSITE]["alarm"]["children"]
    assert (child["name"], child["about"]) == (CHILD, NAME)
    assert [item["status"]["S"] for item in deployment.repairs(NAME)].count("VERIFIED") == 1
    assert deployment.configuration(NAME)["MemorySize"] >= 256


def test_a_tag_says_what_an_alarm_on_a_metric_of_ones_own_is_about(deployment: Deployment) -> None:
    tags = [{"Key": "auto-repair:target", "Value": "healthy"}]
    put_alarm(deployment, OWN, Namespace="Shop", MetricName="Backlog", Tags=tags)
    since = now()
    deployment.client("cloudwatch").set_alarm_state(
        AlarmName=OWN, StateValue="ALARM", StateReason="set by hand"
    )
    end = deployment.end_of(started(deployment, OWN, since))
    assert end["status"] == "SUCCEEDED", end
    state = json.loads(end["output"])
    assert (state["incident"]["function_name"], state["incident"]["disposition"]) == ("healthy", "opened")
    assert state["plan"]["decision"] == "nothing"
