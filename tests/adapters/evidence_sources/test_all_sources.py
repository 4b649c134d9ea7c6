"""Every module in the folder is a source; together they fit the budgets."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pkgutil import iter_modules
from typing import Any

import msgspec

from auto_repair.adapters import evidence_sources
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources import all_sources
from auto_repair.domain.evidence import Evidence, Window, merge
from auto_repair.ports import Target
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, RecordedClients

WINDOW = Window(NOW - timedelta(minutes=15), NOW)


def test_names_are_the_modules_names(settings: Settings) -> None:
    modules = sorted(module.name for module in iter_modules(evidence_sources.__path__))
    assert [source.name for source in all_sources(settings, RecordedClients({}))] == modules
    assert "lambda_logs" in modules


def busy_account() -> dict[str, Any]:
    """An aliased function behind an API, fed by a queue, with all answers on one page."""
    configuration = {"FunctionName": "orders", "MemorySize": 128, "Timeout": 3, "Version": "7"}
    mapping = {"UUID": "1", "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:jobs", "State": "Enabled"}
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}}]}
    answers: dict[str, Any] = {
        "lambda.get_function_configuration": configuration,
        "lambda.list_aliases": {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
        "lambda.list_provisioned_concurrency_configs": {"ProvisionedConcurrencyConfigs": []},
        "lambda.get_function_concurrency": {},
        "lambda.get_account_settings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        },
        "cloudwatch.get_metric_data": {"MetricDataResults": []},
        "logs.filter_log_events": {"events": []},
        "lambda.list_event_source_mappings": {"EventSourceMappings": [mapping]},
        "sqs.get_queue_url": {"QueueUrl": "https://queue"},
        "sqs.get_queue_attributes": {"Attributes": {"VisibilityTimeout": "30"}},
        "lambda.get_policy": {"Policy": json.dumps(policy)},
        "lambda.get_function_url_config": {"FunctionArn": "arn", "FunctionUrl": "https://url"},
        "cloudtrail.lookup_events": {"Events": []},
    }
    return {name: _always(answer) for name, answer in answers.items()}


def _always(answer: Any) -> Callable[..., Any]:
    return lambda **_: answer


def test_collection_stays_within_twenty_calls_and_every_item_can_be_followed(settings: Settings) -> None:
    clients = RecordedClients(busy_account())
    target = Target("orders", WINDOW, alias="live")
    parts = [source.collect(target) for source in all_sources(settings, clients)]
    assert len(clients.calls) == 18
    whole = merge(Evidence("orders", WINDOW, alias="live"), parts)
    ids = [item.id for item in whole.items]
    assert len(ids) == len(set(ids))
    assert {
        "configuration.function",
        "configuration.latest",
        "configuration.aliases",
        "configuration.concurrency",
        "configuration.event_sources",
        "configuration.callers",
        "metrics.Errors",
        "metrics.Throttles",
        "metrics.Duration.p99",
        "metrics.AccountConcurrentExecutions",
        "metrics.AliasErrors",
        "logs.invocations",
        "logs.errors",
        "changes",
    } <= set(ids)
    for item in whole.items:
        assert item.query
        assert item.observed
        assert item.link.startswith("https://us-east-1.console.aws.amazon.com/")
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Evidence) == whole


def test_links_are_the_consoles_own() -> None:
    links = ConsoleLinks("eu-central-1")
    assert links.log_events("/aws/lambda/orders", WINDOW) == (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
        "#logsV2:log-groups/log-group/$252Faws$252Flambda$252Forders"
        "/log-events$3Fstart$3D1769859900000$26end$3D1769860800000"
    )
    assert re.fullmatch(
        r"https://eu-central-1\.console\.aws\.amazon\.com/lambda/home\?\S+", links.function("orders")
    )
    assert ConsoleLinks("cn-north-1").function("o").startswith("https://cn-north-1.console.amazonaws.cn/")
    assert (
        ConsoleLinks("us-gov-west-1")
        .trail("o")
        .startswith("https://us-gov-west-1.console.amazonaws-us-gov.com/")
    )
