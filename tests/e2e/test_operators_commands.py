"""The commands of the operations manual, typed as they stand there, with `local` for the environment."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.scenarios.stage import wait_until
from tests.e2e.deployment import ACCOUNT, ROOT, STATE_MACHINE, TOPIC, Deployment, attribute, now
from tests.e2e.shell import aws, shell

BROKEN, HEALTHY, STOPPED = "started-by-hand", "healthy", "stopped-midway"
ROLE = "lambda-auto-repair-execution-local"
REPAIRS, DIAGNOSIS = "lambda-auto-repair-repairs-local", "lambda-auto-repair-diagnosis-local"
HEALTH = "lambda-auto-repair-system-health-local"
TRAIL = "CloudTrail/lambda-auto-repair"
BUS = "lambda-auto-repair-local"
GUIDE = ROOT / "docs" / "operations.md"


def looks(day: str) -> dict[str, str]:
    """Commands that only look, by what their answers are called below. Each is one process."""
    shown = "--query 'Items[].{Function:functionName.S,Status:status.S,Time:executedAt.S,Memory:newMemory.N}'"
    since = f"""--filter-expression "executedAt > :yesterday"
        --expression-attribute-values '{{":yesterday":{{"S":"{day}T00:00:00Z"}}}}'"""
    return {
        "recent": f"dynamodb scan --table-name {REPAIRS} --limit 1000 {shown}",
        "today": f"""dynamodb query --table-name {REPAIRS} --index-name byDay
            --key-condition-expression '#day = :day' --expression-attribute-names '{{"#day":"day"}}'
            --expression-attribute-values '{{":day":{{"S":"{day}"}}}}' {shown}""",
        "since": f"dynamodb scan --table-name {REPAIRS} {since}",
        "one function": f"""dynamodb query --table-name {REPAIRS}
            --key-condition-expression "functionName = :fn"
            --expression-attribute-values '{{":fn":{{"S":"{BROKEN}"}}}}'""",
        "diagnoses": f"""dynamodb scan --table-name {DIAGNOSIS} {since}
            --projection-expression "functionName, diagnosisResult, executedAt, executedBy" """,
        "table": f"""dynamodb describe-table --table-name {DIAGNOSIS}
            --query 'Table.{{ItemCount:ItemCount,TableSizeBytes:TableSizeBytes}}'""",
        "indexes": f"""dynamodb describe-table --table-name {REPAIRS}
            --query 'Table.GlobalSecondaryIndexes[].{{IndexName:IndexName,Status:IndexStatus}}'""",
        "alarms": """cloudwatch describe-alarms --alarm-name-prefix "lambda-auto-repair"
            --query 'MetricAlarms[].{Name:AlarmName,State:StateValue,Reason:StateReason}'""",
        "alarm history": f'cloudwatch describe-alarm-history --alarm-name "{HEALTH}" --max-records 10',
        "dashboard": "cloudwatch get-dashboard --dashboard-name lambda-auto-repair-local",
        "durations": f"""cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Duration
            --dimensions Name=FunctionName,Value=lambda-auto-repair-coordinator-local
            --start-time {day}T00:00:00Z --end-time {day}T23:59:59Z
            --period 86400 --statistics Average Maximum""",
        "machine": f"""stepfunctions describe-state-machine --state-machine-arn "{STATE_MACHINE}"
            --query status""",
        "executions": f"""stepfunctions list-executions --state-machine-arn "{STATE_MACHINE}"
            --status-filter SUCCEEDED --max-items 10""",
        "subscriptions": f'sns list-subscriptions-by-topic --topic-arn "{TOPIC}"',
        "policy": f"iam get-role-policy --role-name {ROLE} --policy-name lambda-auto-repair-policy",
        "reports": """logs filter-log-events
            --log-group-name "/aws/lambda/lambda-auto-repair-coordinator-local"
            --filter-pattern "REPORT" --limit 10""",
        "changes": f"""logs filter-log-events --log-group-name "{TRAIL}"
            --filter-pattern '{{ $.eventName = "UpdateFunctionConfiguration*" }}'
            --start-time 1640995200000""",
    }


@dataclass(frozen=True)
class Started:
    """Executions that were started with the manual's command, and how they ended."""

    broken: dict[str, Any]
    healthy: dict[str, Any]


@pytest.fixture(scope="module")
def started(deployment: Deployment) -> Started:
    """A manual start on a broken function and one on a healthy one, at the same time."""
    with deployment.traffic(BROKEN, {"mb": 200}) as calls, deployment.traffic(HEALTHY, {}):
        wait_until(lambda: calls.tally.failed >= 5, seconds=30, what="failing runs")
        arns = [start_by_hand(name) for name in (HEALTHY, BROKEN)]
        healthy, broken = (deployment.end_of(arn) for arn in arns)
    return Started(broken, healthy)


def start_by_hand(name: str) -> str:
    """The execution that the manual's command starts."""
    answer = aws(f"""stepfunctions start-execution --state-machine-arn "{STATE_MACHINE}" --input '{{
        "functionName": "{name}",
        "alarmName": "lambda-duration-alarm-{name}",
        "manual": true
      }}'""")
    return str(answer["executionArn"])


@pytest.fixture(scope="module")
def answers(deployment: Deployment, started: Started) -> Mapping[str, Any]:
    """What all the commands that only look print, with some history to look at."""
    write_trail_record(deployment)
    commands = looks(f"{datetime.now(UTC):%Y-%m-%d}")
    with ThreadPoolExecutor(2) as pool:
        printed = pool.map(lambda command: aws(" ".join(command.split())), commands.values())
        return dict(zip(commands, printed, strict=True))


def write_trail_record(deployment: Deployment) -> None:
    """What CloudTrail delivers to the audit log group on AWS; the embedded one delivers nothing."""
    logs, stream = deployment.client("logs"), f"trail-{time.time_ns()}"
    logs.create_log_stream(logGroupName=TRAIL, logStreamName=stream)
    record = {"eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionConfiguration20150331v2"}
    other = {"eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionCode20150331v2"}
    at = int(time.time() * 1000)
    events = [{"timestamp": at, "message": json.dumps(event)} for event in (record, other)]
    logs.put_log_events(logGroupName=TRAIL, logStreamName=stream, logEvents=events)


def test_a_manual_start_on_a_healthy_function_ends_as_nothing_wrong(
    deployment: Deployment, started: Started
) -> None:
    assert started.healthy["status"] == "SUCCEEDED", started.healthy
    state = json.loads(started.healthy["output"])
    assert state["incident"]["trigger"] == "manual"
    assert state["diagnosis"]["verdict"] == "NOTHING_WRONG"
    record = next(
        item for item in deployment.diagnoses(HEALTHY) if item["incidentId"]["S"] == state["incident"]["id"]
    )
    assert record["diagnosisResult"]["S"] == "NOTHING_WRONG"
    assert record["executedBy"]["S"]
    told = [m for m in deployment.messages(HEALTHY) if attribute(m, "incidentId") == state["incident"]["id"]]
    assert len(told) == 1


def test_a_manual_start_on_a_broken_function_repairs_it(started: Started) -> None:
    assert started.broken["status"] == "SUCCEEDED", started.broken
    assert json.loads(started.broken["output"])["verification"]["outcome"] == "repaired"


@pytest.mark.parametrize("name", ["today", "recent"])
def test_the_history_shows_function_status_time_and_memory(answers: Mapping[str, Any], name: str) -> None:
    (row,) = [row for row in answers[name] if row["Function"] == BROKEN]
    assert row["Status"] == "VERIFIED"
    assert int(row["Memory"]) >= 256
    assert datetime.now(UTC) - datetime.fromisoformat(row["Time"]) < timedelta(minutes=10)


def test_the_history_since_a_time_and_of_one_function(answers: Mapping[str, Any]) -> None:
    for items in (answers["since"]["Items"], answers["one function"]["Items"]):
        (item,) = [item for item in items if item["functionName"]["S"] == BROKEN]
        assert int(item["previousMemory"]["N"]) == 128
        assert item["executedBy"]["S"]
    assert {item["functionName"]["S"] for item in answers["one function"]["Items"]} == {BROKEN}


def test_diagnoses_are_projected(answers: Mapping[str, Any]) -> None:
    results = {item["functionName"]["S"]: item for item in answers["diagnoses"]["Items"]}
    assert set(results[HEALTHY]) == {"functionName", "diagnosisResult", "executedAt", "executedBy"}
    assert results[BROKEN]["diagnosisResult"]["S"]


def test_tables_and_their_time_index(answers: Mapping[str, Any]) -> None:
    assert set(answers["table"]) == {"ItemCount", "TableSizeBytes"}
    assert answers["indexes"] == [{"IndexName": "byDay", "Status": "ACTIVE"}]


def test_alarms_their_history_and_the_dashboard(answers: Mapping[str, Any]) -> None:
    (health,) = [alarm for alarm in answers["alarms"] if alarm["Name"] == HEALTH]
    assert health["State"] in ("OK", "ALARM", "INSUFFICIENT_DATA")
    assert health["Reason"]
    kinds = {item["HistoryItemType"] for item in answers["alarm history"]["AlarmHistoryItems"]}
    assert "StateUpdate" in kinds
    widgets = json.loads(answers["dashboard"]["DashboardBody"])["widgets"]
    assert {widget["type"] for widget in widgets} == {"alarm", "metric"}


def test_the_state_machine_and_its_executions(answers: Mapping[str, Any], started: Started) -> None:
    assert answers["machine"] == "ACTIVE"
    assert {execution["status"] for execution in answers["executions"]["executions"]} == {"SUCCEEDED"}
    shown = aws(
        f"""stepfunctions describe-execution --execution-arn "{started.broken["executionArn"]}" """
        "--query '{StartDate:startDate,StopDate:stopDate,Status:status}'"
    )
    assert shown["Status"] == "SUCCEEDED"
    assert shown["StopDate"] >= shown["StartDate"]


def test_the_executors_role_and_policy(answers: Mapping[str, Any]) -> None:
    assert answers["policy"]["RoleName"] == ROLE
    actions = json.dumps(answers["policy"]["PolicyDocument"])
    assert "dynamodb:UpdateItem" in actions
    assert "*:*" not in actions


def test_logs_and_metrics_of_our_functions(answers: Mapping[str, Any]) -> None:
    assert all("Max Memory Used" in event["message"] for event in answers["reports"]["events"])
    assert answers["reports"]["events"]
    changes = {json.loads(event["message"])["eventName"] for event in answers["changes"]["events"]}
    assert changes == {"UpdateFunctionConfiguration20150331v2"}
    (point,) = answers["durations"]["Datapoints"]
    assert 0 < point["Average"] <= point["Maximum"]


def test_subscriptions_of_the_topic(deployment: Deployment, answers: Mapping[str, Any]) -> None:
    protocols = [subscription["Protocol"] for subscription in answers["subscriptions"]["Subscriptions"]]
    assert "sqs" in protocols
    asked = aws(
        f'sns subscribe --topic-arn "{TOPIC}" --protocol email --notification-endpoint new-admin@example.com'
    )
    assert asked["SubscriptionArn"] == "pending confirmation"


def test_an_alarm_of_ones_own(deployment: Deployment) -> None:
    name = "lambda-duration-alarm-new-function"
    printed = aws(f"""cloudwatch put-metric-alarm --alarm-name "{name}" \
        --alarm-description "Monitor new Lambda function performance" --metric-name Duration \
        --namespace AWS/Lambda --statistic Average --period 300 --threshold 30000 \
        --comparison-operator GreaterThanThreshold \
        --dimensions Name=FunctionName,Value=new-target-function --evaluation-periods 2 \
        --alarm-actions "{TOPIC}" """)
    assert printed is None
    (alarm,) = deployment.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (30000, [TOPIC])
    deployment.client("cloudwatch").delete_alarms(AlarmNames=[name])


def test_the_key_and_its_rotation() -> None:
    found = aws('kms describe-key --key-id alias/lambda-auto-repair-local --query "KeyMetadata"')
    assert (found["KeyUsage"], found["KeyState"]) == ("ENCRYPT_DECRYPT", "Enabled")
    assert aws(f'kms get-key-rotation-status --key-id "{found["Arn"]}"')["KeyRotationEnabled"] is True


def test_backups_on_demand(deployment: Deployment) -> None:
    name = f"lambda-auto-repair-repairs-backup-{datetime.now(UTC):%Y%m%d}"
    made = aws(f"""dynamodb create-backup --table-name {REPAIRS} --backup-name "{name}" """)
    listed = aws(f"dynamodb list-backups --table-name {REPAIRS}")["BackupSummaries"]
    assert made["BackupDetails"]["BackupArn"] in [backup["BackupArn"] for backup in listed]
    deployment.client("dynamodb").delete_backup(BackupArn=made["BackupDetails"]["BackupArn"])


def documented() -> list[str]:
    """The blocks of AWS commands in our own guide, for a function of the tests.

    Without the check of a deployment, and without Terraform by hand, whose data lie elsewhere for local ones.
    """
    here = {"prod": "local", "ACCOUNT": ACCOUNT, "my-target-function": HEALTHY}
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    adapted = [re.sub("|".join(here), lambda found: here[found[0]], block) for block in blocks]
    own = re.compile(r"^(scripts/|terraform ).*$", re.MULTILINE)
    return [own.sub("", block) for block in adapted]


@contextmanager
def alarm_on_a_metric_of_its_own(deployment: Deployment, name: str) -> Iterator[None]:
    """The alarm that the guide's commands speak of."""
    cloudwatch = deployment.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Orders",
        MetricName="Backlog",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1000,
        ComparisonOperator="GreaterThanThreshold",
    )
    yield
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_every_command_of_our_own_guide_works(deployment: Deployment) -> None:
    blocks = documented()
    assert len(re.findall("^aws ", "\n".join(blocks), re.MULTILINE)) >= 12, blocks
    with alarm_on_a_metric_of_its_own(deployment, "orders-backlog"), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda block: shell(f"set -euo pipefail\n{block}"), blocks))
    (backup,) = deployment.client("dynamodb").list_backups(TableName=REPAIRS)["BackupSummaries"]
    deployment.client("dynamodb").delete_backup(BackupArn=backup["BackupArn"])
    rules = deployment.client("events").list_rules(EventBusName=BUS)["Rules"]
    assert {rule["State"] for rule in rules} == {"ENABLED"}


def test_a_stopped_execution_is_told_and_its_function_is_free_again(deployment: Deployment) -> None:
    with deployment.traffic(STOPPED, {"mb": 200}) as calls:
        wait_until(lambda: calls.tally.failed >= 5, seconds=30, what="failing runs")
        stopped = start_by_hand(STOPPED)
        wait_until(lambda: deployment.messages(STOPPED), seconds=60, what="a question")
        aws(f'stepfunctions stop-execution --execution-arn "{stopped}" --cause "not today"')
        wait_until(lambda: told_of(deployment, stopped), seconds=20, what="a message about the stop")
        wait_until(lambda: is_free(deployment), seconds=20, what="the end of the incident")

        since = now()
        fire_alarm(deployment)
        following = deployment.execution(STOPPED, since)
        wait_until(lambda: len(deployment.messages(STOPPED)) >= 2, seconds=60, what="the next question")
    assert following != stopped
    assert len(told_of(deployment, stopped)) == 1
    records = [item for item in deployment.diagnoses(STOPPED) if "workflowResult" in item]
    assert [record["workflowResult"]["S"] for record in records] == ["ABORTED"]
    assert deployment.configuration(STOPPED)["MemorySize"] == 128
    assert deployment.repairs(STOPPED)[0]["status"]["S"] == "FAILED"
    deployment.client("stepfunctions").stop_execution(executionArn=following)


def told_of(deployment: Deployment, execution: str) -> list[str]:
    """The messages by which people hear that an execution failed."""
    name = execution.rpartition(":")[2]
    return [m["Message"] for m in deployment.mail() if name in m["Message"] and "ABORTED" in m["Message"]]


def is_free(deployment: Deployment) -> bool:
    """Whether no incident holds the function."""
    key = {"id": {"S": f"function#{STOPPED}"}}
    found = deployment.client("dynamodb").get_item(
        TableName="lambda-auto-repair-incidents-local", Key=key, ConsistentRead=True
    )
    return "Item" not in found


def fire_alarm(deployment: Deployment) -> None:
    """Set the errors alarm of the function by hand."""
    deployment.client("cloudwatch").set_alarm_state(
        AlarmName=f"lambda-errors-alarm-{STOPPED}", StateValue="ALARM", StateReason="set by hand"
    )
