"""From CloudWatch's answer to the sentence in the report: what is measured is also forecast."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources.concurrency import ConcurrencySource
from auto_repair.adapters.evidence_sources.lambda_logs import LambdaLogsSource
from auto_repair.adapters.evidence_sources.lambda_metrics import LambdaMetricsSource
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.citations import Window
from auto_repair.domain.evidence import Evidence, merge
from auto_repair.domain.outlook import outlook
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import Surroundings, complete
from auto_repair.ports import Target
from tests.adapters.conftest import NOW, RecordedClients
from tests.adapters.observation_sources.test_service_metrics import Point, cloudwatch, reading, scope

WINDOW = Window(NOW - timedelta(minutes=30), NOW)


def rising(first: float, step: float, n: int = 30) -> list[Point]:
    """One value a minute, the last one of the minute that has just ended."""
    return [(NOW - timedelta(minutes=n - i), first + step * i) for i in range(n)]


def every_five_minutes(value: float) -> list[Point]:
    """As DynamoDB tells what is provisioned."""
    return [(NOW - timedelta(minutes=5 * i), value) for i in range(6, 0, -1)]


@pytest.mark.parametrize(
    ("resource", "data", "told"),
    [
        (
            Resource("dynamodb", "stock"),
            {
                "ConsumedReadCapacityUnits Sum": rising(60 * 60, 60),
                "ProvisionedReadCapacityUnits Average": every_five_minutes(100),
            },
            "consumed read capacity of dynamodb:stock reaches the 100 units provisioned in about 10 minutes",
        ),
        (
            Resource("dynamodb", "stock"),
            {
                "ConsumedWriteCapacityUnits Sum": rising(60 * 60, 60),
                "ProvisionedWriteCapacityUnits Average": every_five_minutes(100),
            },
            "consumed write capacity of dynamodb:stock reaches the 100 units provisioned in about 10 minutes",
        ),
        (
            Resource("rds", "shop"),
            {"FreeStorageSpace Minimum": rising(60e9, -1e9)},
            "free storage of rds:shop reaches zero in about 30 minutes",
        ),
        (
            Resource("lambda", "orders"),
            {"IteratorAge Maximum": rising(1380 * 60e3, 60e3)},
            "the age of the oldest record of lambda:orders reaches 24 hours in about 30 minutes",
        ),
        (
            Resource("kinesis", "clicks"),
            {"GetRecords.IteratorAgeMilliseconds Maximum": rising(1380 * 60e3, 60e3)},
            "the age of the oldest record of kinesis:clicks reaches 24 hours in about 30 minutes",
        ),
        (
            Resource("sqs", "jobs"),
            {"ApproximateAgeOfOldestMessage Maximum": rising(5700 * 60, 60)},
            "the age of the oldest message of sqs:jobs reaches 4 days in about 30 minutes",
        ),
        (
            Resource("elasticache", "sessions"),
            {"DatabaseMemoryUsagePercentage Average": rising(60, 0.5)},
            "memory in use of elasticache:sessions reaches 100 % in about 50 minutes",
        ),
        (
            Resource("ec2", "i-0123456789abcdef0"),
            {"CPUCreditBalance Minimum": rising(100, -2)},
            "the CPU credit balance of ec2:i-0123456789abcdef0 reaches zero in about 20 minutes",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_limit_that_is_neared(resource: Resource, data: dict[str, list[Point]], told: str) -> None:
    (sentence,) = sentences(resource, data)
    assert sentence.startswith(told)


def sentences(resource: Resource, data: dict[str, list[Point]]) -> Sequence[str]:
    """What the report says of these metrics of one resource."""
    source, _ = reading(data)
    asked = scope(resource, window=WINDOW, reference=Window(NOW - timedelta(hours=3), WINDOW.start))
    around = complete(Surroundings(asked), (source.observe(asked),))
    return [s.text for s in outlook(Evidence("checkout", WINDOW, surroundings=around))]


def test_concurrency_against_the_reservation_and_the_account() -> None:
    answers = {
        "cloudwatch.get_metric_data": cloudwatch({"ConcurrentExecutions Maximum": rising(20, 1)}),
        "lambda.get_function_concurrency": lambda **_: {"ReservedConcurrentExecutions": 60},
        "lambda.get_account_settings": lambda **_: {
            "AccountLimit": {"ConcurrentExecutions": 70, "UnreservedConcurrentExecutions": 10}
        },
    }
    clients, links = RecordedClients(answers), ConsoleLinks("us-east-1")
    sources = (
        LambdaMetricsSource(clients, links),
        ConcurrencySource(LambdaFunctions(clients), links),
    )
    target = Target("orders", WINDOW)
    parts = [source.collect(target) for source in sources]
    own, everyone = (s.text for s in outlook(merge(parts[0], parts[1:])))
    assert own.startswith("concurrency of lambda:orders reaches the 60 reserved in about 10 minutes")
    assert everyone.startswith("concurrency of the account reaches the 70 allowed in about 20 minutes")


def test_a_leak_against_the_memory_that_the_log_tells() -> None:
    """Two processes that died of it, and one that lives: 4 MB more with each run."""

    def life(stream: str, first_minute: int, runs: int) -> list[dict[str, Any]]:
        return [
            {
                "timestamp": int((NOW - timedelta(minutes=first_minute - n)).timestamp() * 1000),
                "logStreamName": stream,
                "message": f"REPORT RequestId: {stream}-{n}\tDuration: 10.00 ms\tBilled Duration: 10 ms\t"
                f"Memory Size: 128 MB\tMax Memory Used: {40 + 4 * n} MB\t",
            }
            for n in range(runs)
        ]

    lines = [*life("one", 29, 14), *life("two", 28, 14), *life("three", 14, 14)]
    answers = {
        "lambda.get_function_configuration": lambda **_: {
            "FunctionName": "orders",
            "MemorySize": 128,
            "Timeout": 3,
        },
        "logs.filter_log_events": lambda **asked: {
            "events": [e for e in lines if asked["startTime"] <= e["timestamp"] <= asked["endTime"]]
        },
    }
    clients = RecordedClients(answers)
    source = LambdaLogsSource(clients, LambdaFunctions(clients), ConsoleLinks("us-east-1"))
    (statement,) = outlook(source.collect(Target("orders", WINDOW)))
    assert statement.text.startswith(
        "memory of an execution environment of lambda:orders reaches 128 MB in about 8 minutes"
    )
