"""How often one incident reads AWS until it is decided, counted request by request."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from auto_repair.adapters.incident_reads import MOST_READS
from auto_repair.bootstrap import (
    collector,
    coordinator,
    diagnoser,
    environment,
    parts,
    planner,
    records,
    surroundings,
)
from auto_repair.domain.case import Case
from auto_repair.domain.plan import Decision
from auto_repair.domain.surroundings import Surroundings
from auto_repair.domain.timestamps import iso
from auto_repair.use_cases.look_around import MOST_RESOURCES
from tests.adapters.conftest import NOW, SETTINGS
from tests.adapters.shop import (
    FUNCTION_ARN,
    RAISED,
    TIMED_OUT,
    Account,
    aliased,
    bucket_changed,
    crowd,
    log,
    shop,
    traced,
)

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lambda-auto-repair-workflow-test:one"


@dataclass
class Incident:
    """One incident on its way to the decision."""

    account: Account
    case: Case
    looked_around: bool
    reads: Counter[str]  # until the decision, by operation

    @property
    def surroundings(self) -> Surroundings:
        """What was stored of them."""
        assert self.case.evidence
        found = parts.store().load_evidence(self.case.evidence.ref).surroundings
        assert found
        return found

    def table(self) -> str:
        """Reads by operation."""
        rows = [f"{times:4} {name}" for name, times in sorted(self.reads.items())]
        return "\n".join([*rows, f"{self.reads.total():4} in all"])


def alarm(namespace: str, metric: str, dimensions: dict[str, str]) -> dict[str, Any]:
    """CloudWatch's event, as EventBridge delivers it."""
    asked = {"namespace": namespace, "name": metric, "dimensions": dimensions}
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": iso(NOW),
        "region": "us-east-1",
        "resources": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:one"],
        "detail": {
            "alarmName": "one",
            "state": {"value": "ALARM", "reason": "Threshold Crossed", "timestamp": iso(NOW)},
            "configuration": {"metrics": [{"metricStat": {"metric": asked, "period": 60, "stat": "Sum"}}]},
        },
    }


OF_FUNCTION = alarm("AWS/Lambda", "Errors", {"FunctionName": "orders"})
OF_API = alarm("AWS/ApiGateway", "5XXError", {"ApiName": "shop"})


PARTS = (environment, parts, records, surroundings, coordinator, collector, diagnoser, planner)


@pytest.fixture
def decide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Incident]]:
    """The states from the alarm to the decision, put together as they are deployed."""

    def run(account: Account, event: Any, *, environments: int = 1) -> Incident:
        deploy(account, monkeypatch)
        case = Case(coordinator.parse_alarm_event()(event, EXECUTION, NOW))
        incident = case.incident.id
        case = replace(case, evidence=collector.collect_metrics_and_logs(incident)(case))
        diagnosis = diagnoser.diagnose_issue()(case)
        if wide := diagnosis.look_around:
            if environments > 1:
                forget()
            case = replace(case, evidence=collector.widen_evidence(incident)(case))
            diagnosis = diagnoser.diagnose_issue()(case)
        case = replace(case, diagnosis=diagnosis)
        case = replace(case, plan=planner.determine_action()(case))
        return Incident(account, case, wide, account.reads)

    yield run
    forget()


def deploy(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our functions in that account, freshly started."""
    forget()
    ours = {
        "clients": lambda: account,
        "settings": lambda: replace(SETTINGS, changes_table="changes"),
        "utc_now": lambda: NOW,
    }
    for part in PARTS:
        for name, value in ours.items():
            if hasattr(part, name):
                monkeypatch.setattr(part, name, value)


def forget() -> None:
    """As if every environment were new."""
    for part in PARTS:
        for made in vars(part).values():
            if hasattr(made, "cache_clear"):
                made.cache_clear()


BUDGET = 25
# As docs/architecture.md tells them.
USUAL, ALIASED, SHOP, SHOP_COLD, SHOP_API = 22, 24, 43, 48, 44
SHOP_CHANGED, SHOP_WITHOUT_JOURNAL = 45, 56
BESIDES = 10  # what is not the collector's: our own records, and what other functions read
# Asked again by another of our functions, or because it may have changed since.
ASKED_AGAIN = {"lambda.get_function_configuration", "ssm.get_parameter", "s3.get_object", "dynamodb.query"}
OF_ALIAS = alarm("AWS/Lambda", "Errors", {"FunctionName": "orders", "Resource": "orders:live"})


@pytest.mark.parametrize(
    ("account", "event", "reads"), [(shop, OF_FUNCTION, USUAL), (aliased, OF_ALIAS, ALIASED)]
)
def test_usual_incident_is_decided_within_the_budget(
    decide: Callable[..., Incident], account: Callable[..., Account], event: Any, reads: int
) -> None:
    incident = decide(account(log(TIMED_OUT, 3000)), event)
    assert incident.case.plan
    assert incident.case.plan.failure_mode == "timeout_too_low"
    assert incident.case.plan.decision is Decision.ASK
    assert not incident.looked_around
    assert incident.reads.total() <= reads <= BUDGET, incident.table()
    assert incident.account.repeated <= ASKED_AGAIN


@pytest.mark.parametrize(
    ("event", "environments", "reads"),
    [(OF_FUNCTION, 1, SHOP), (OF_FUNCTION, 2, SHOP_COLD), (OF_API, 1, SHOP_API)],
)
def test_looking_around_reads_what_is_told(
    decide: Callable[..., Incident], event: Any, environments: int, reads: int
) -> None:
    """Where the second look is another environment's work, it asks a few things again."""
    incident = decide(shop(log(RAISED, 100)), event, environments=environments)
    assert {"lambda:orders", "sqs:jobs", "dynamodb:stock", "s3:invoices", "apigateway:a1b2c3"} <= {
        resource.id for resource in incident.surroundings.scope.resources
    }
    assert incident.reads.total() <= reads, incident.table()
    if environments == 1:
        assert incident.account.repeated <= {*ASKED_AGAIN, "apigateway.get_resources"}


@pytest.mark.parametrize(
    ("answer", "reads"), [(bucket_changed, SHOP_CHANGED), ({"Items": []}, SHOP_WITHOUT_JOURNAL)]
)
def test_cloudtrail_is_asked_for_what_the_journal_leaves_open(
    decide: Callable[..., Incident], answer: Any, reads: int
) -> None:
    """What was there before one change, or all that happened."""
    incident = decide(shop(log(RAISED, 100), **{"dynamodb.query": answer}), OF_FUNCTION)
    asked = {
        value["AttributeValue"]
        for name, request in incident.account.calls
        for value in request.get("LookupAttributes", ())
        if name == "cloudtrail.lookup_events"
    }
    around = asked - {"orders", FUNCTION_ARN}
    assert (around == {"invoices"}) is (reads == SHOP_CHANGED), around
    assert around
    assert incident.reads.total() <= reads, incident.table()


@pytest.mark.parametrize(("question", "reads"), [("why is the queue jobs growing?", 4), ("jobs grows", 18)])
def test_question_lists_only_what_it_speaks_of(
    monkeypatch: pytest.MonkeyPatch, question: str, reads: int
) -> None:
    def measured(Namespace: str, MetricName: str, Dimensions: Any) -> Any:
        names = [{"Name": "QueueName", "Value": "jobs"}] if Namespace == "AWS/SQS" else []
        return {"Metrics": [{"Namespace": Namespace, "MetricName": MetricName, "Dimensions": names}]}

    answers = {"cloudwatch.list_metrics": measured, "ssm.describe_parameters": {"Parameters": []}}
    account = shop(log(RAISED, 100), **answers, **{"apigatewayv2.get_apis": {"Items": []}})
    deploy(account, monkeypatch)
    incident = coordinator.parse_alarm_event()({"question": question}, EXECUTION, NOW)
    forget()
    assert incident.resource == "sqs:jobs"
    listing = {"cloudwatch.list_metrics", "ssm.describe_parameters"}
    listing |= {"apigateway.get_rest_apis", "apigatewayv2.get_apis"}
    assert sum(times for name, times in account.reads.items() if name in listing) == reads


def test_single_traces_take_two_reads_more(decide: Callable[..., Incident]) -> None:
    untraced = decide(shop(log(RAISED, 100)), OF_FUNCTION)
    incident = decide(traced(log(RAISED, 100)), OF_FUNCTION)
    more = incident.reads - untraced.reads
    assert more == Counter({"xray.get_trace_summaries": 1, "xray.batch_get_traces": 1}), incident.table()
    (told,) = (s for s in incident.surroundings.signatures if s.traced)
    assert (told.resource, told.names, told.count) == ("lambda:orders", "dynamodb:stock", 5)


def test_crowd_is_cut_off_and_what_was_left_out_is_said(decide: Callable[..., Incident]) -> None:
    incident = decide(crowd(log(RAISED, 100)), OF_FUNCTION)
    assert incident.reads.total() <= MOST_READS + BESIDES, incident.table()
    around = incident.surroundings
    assert around.scope.resources[0].id == "lambda:orders"
    assert len(around.scope.resources) == MOST_RESOURCES
    said = {gap.source for gap in around.missing if f"{MOST_READS} reads are the limit" in gap.reason}
    assert said
    assert not said & {"change_journal", "resource_logs", "service_metrics"}
    assert any("resources farther away were not looked at" in gap.reason for gap in around.missing)
