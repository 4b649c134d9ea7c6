"""Sources that read how the function is set up: settings, concurrency, event sources, callers."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources.callers import CallersSource, callers_of
from auto_repair.adapters.evidence_sources.concurrency import ConcurrencySource
from auto_repair.adapters.evidence_sources.event_sources import EventSourcesSource, event_source_from
from auto_repair.adapters.evidence_sources.function_configuration import FunctionConfigurationSource
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.domain.errors import AwsCallFailed, ResourceMissing
from auto_repair.domain.evidence import (
    Alias,
    Caller,
    Concurrency,
    EventSource,
    Evidence,
    ProvisionedConcurrency,
    Window,
)
from auto_repair.ports import Target
from tests.adapters.conftest import NOW, RecordedClients
from tests.adapters.topology_sources.conftest import refusing

WINDOW = Window(NOW - timedelta(minutes=15), NOW)
PLAIN = Target("orders", WINDOW)
ALIASED = Target("orders", WINDOW, alias="live")
LINKS = ConsoleLinks("us-east-1")
KEPT_READY = {
    "ProvisionedConcurrencyConfigs": [
        {
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:live",
            "RequestedProvisionedConcurrentExecutions": 5,
            "AvailableProvisionedConcurrentExecutions": 0,
            "AllocatedProvisionedConcurrentExecutions": 0,
            "Status": "IN_PROGRESS",
            "LastModified": "2026-01-31T11:58:00+0000",
        }
    ]
}
QUEUE = "arn:aws:sqs:us-east-1:123456789012:jobs"
KINESIS = "arn:aws:kinesis:us-east-1:123456789012:stream/s"


def observed(evidence: Evidence, item_id: str) -> str:
    return next(found.observed for found in evidence.items if found.id == item_id)


class TestFunctionConfiguration:
    def source(self, **answers: Callable[..., Any]) -> tuple[FunctionConfigurationSource, RecordedClients]:
        def configuration(FunctionName: str, Qualifier: str = "$LATEST") -> dict[str, Any]:
            versions = {"live": ("7", 128), "$LATEST": ("$LATEST", 512)}
            version, memory = versions[Qualifier]
            return {"FunctionName": FunctionName, "MemorySize": memory, "Timeout": 3, "Version": version}

        clients = RecordedClients(
            {
                "lambda.get_function_configuration": configuration,
                "lambda.list_aliases": lambda **_: {"Aliases": [{"Name": "live", "FunctionVersion": "7"}]},
                "lambda.list_provisioned_concurrency_configs": lambda **_: KEPT_READY,
                **{f"lambda.{name}": reply for name, reply in answers.items()},
            }
        )
        return FunctionConfigurationSource(LambdaFunctions(clients), LINKS), clients

    def test_callers_of_an_alias_reach_its_version_not_latest(self) -> None:
        source, clients = self.source()
        found = source.collect(ALIASED)
        assert found.configuration is not None
        assert found.latest is not None
        assert (found.configuration.version, found.configuration.memory_mb) == ("7", 128)
        assert (found.latest.version, found.latest.memory_mb) == ("$LATEST", 512)
        assert found.aliases == (Alias("live", "7"),)
        assert len(clients.calls) == 4
        assert observed(found, "configuration.function").startswith("version 7: 128 MB, timeout 3 s")
        assert observed(found, "configuration.latest").startswith("version $LATEST: 512 MB")
        assert observed(found, "configuration.aliases") == "live → version 7"
        assert found.provisioned == (ProvisionedConcurrency("live", 5),)
        told = observed(found, "configuration.provisioned_concurrency")
        assert told == "5 environments kept ready for live"

    def test_provisioned_concurrency_that_may_not_be_read_is_missing_and_nothing_else(self) -> None:
        source, _ = self.source(list_provisioned_concurrency_configs=refusing("AccessDeniedException", 403))
        found = source.collect(ALIASED)
        assert found.lacks("provisioned_concurrency")
        assert found.configuration is not None

    def test_list_that_does_not_end_is_missing_and_no_part_of_it_passes_for_the_whole(self) -> None:
        page = {"Aliases": [{"Name": "live", "FunctionVersion": "7"}], "NextMarker": "more"}
        source, clients = self.source(list_aliases=lambda **_: page)
        found = source.collect(ALIASED)
        assert (found.aliases, found.lacks("aliases")) == ((), True)
        assert found.configuration is not None
        assert found.provisioned == (ProvisionedConcurrency("live", 5),)
        assert clients.count("lambda.list_aliases") == 10

    def test_without_alias_latest_is_what_callers_reach(self) -> None:
        source, clients = self.source(list_aliases=lambda **_: {"Aliases": []})
        found = source.collect(PLAIN)
        assert found.configuration is not None
        assert (found.configuration.version, found.latest) == ("$LATEST", None)
        assert len(clients.calls) == 2

    def test_missing_function_says_so(self) -> None:
        source, _ = self.source(get_function_configuration=refusing("ResourceNotFoundException", 404))
        with pytest.raises(ResourceMissing):
            source.collect(PLAIN)


def test_concurrency() -> None:
    limits = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 990}}
    clients = RecordedClients(
        {
            "lambda.get_function_concurrency": lambda **_: {"ReservedConcurrentExecutions": 0},
            "lambda.get_account_settings": lambda **_: limits,
        }
    )
    found = ConcurrencySource(LambdaFunctions(clients), LINKS).collect(PLAIN)
    assert found.concurrency == Concurrency(0, 1000, 990)
    assert observed(found, "configuration.concurrency") == (
        "reserved concurrency 0; account limit 1000, 990 unreserved"
    )


class TestEventSources:
    def mapping(self, uuid: str, arn: str = QUEUE, **more: Any) -> dict[str, Any]:
        return {"UUID": uuid, "EventSourceArn": arn, "State": "Enabled", "BatchSize": 10, **more}

    def source(
        self, mappings: dict[str, list[Any]], **answers: Callable[..., Any]
    ) -> tuple[EventSourcesSource, RecordedClients]:
        clients = RecordedClients(
            {
                "lambda.list_event_source_mappings": lambda FunctionName, **_: {
                    "EventSourceMappings": mappings.get(FunctionName, [])
                },
                "sqs.get_queue_url": lambda **_: {"QueueUrl": "https://queue"},
                "sqs.get_queue_attributes": lambda **_: {"Attributes": {"VisibilityTimeout": "30"}},
                **answers,
            }
        )
        return EventSourcesSource(clients, SqsQueues(clients), LINKS), clients

    def test_queue_with_its_visibility_timeout(self) -> None:
        mapping = self.mapping("1", ScalingConfig={"MaximumConcurrency": 5})
        source, clients = self.source({"orders": [mapping]})
        found = source.collect(PLAIN)
        assert found.event_sources == (EventSource("sqs", QUEUE, True, 5, 30, 10),)
        assert observed(found, "configuration.event_sources") == (
            "sqs jobs, visibility timeout 30 s, at most 5 at once"
        )
        assert len(clients.calls) == 3

    def test_mappings_of_the_alias_count_once(self) -> None:
        source, _ = self.source(
            {
                "orders": [self.mapping("1")],
                "orders:live": [self.mapping("1"), self.mapping("2", QUEUE + "2")],
            }
        )
        assert [s.arn for s in source.collect(ALIASED).event_sources] == [QUEUE, QUEUE + "2"]

    def test_unreadable_queue_is_a_gap_and_the_rest_stands(self) -> None:
        source, _ = self.source(
            {
                "orders": [
                    self.mapping("1"),
                    self.mapping("2", KINESIS),
                ]
            },
            **{"sqs.get_queue_url": refusing("AccessDenied", 403)},
        )
        found = source.collect(PLAIN)
        assert [s.visibility_timeout_s for s in found.event_sources] == [None, None]
        assert found.lacks("event_sources")

    @pytest.mark.parametrize(
        ("mapping", "kind", "enabled"),
        [
            ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/t/stream/x"}, "dynamodb", True),
            (
                {"EventSourceArn": "arn:aws:kafka:us-east-1:1:cluster/c/x", "State": "Disabled"},
                "kafka",
                False,
            ),
            ({"EventSourceArn": "arn:aws:mq:us-east-1:1:broker:b", "State": "Disabling"}, "other", False),
            ({"SelfManagedEventSource": {"Endpoints": {}}, "State": "Creating"}, "kafka", True),
        ],
    )
    def test_kinds(self, mapping: dict[str, Any], kind: str, enabled: bool) -> None:
        found = event_source_from(mapping)
        assert (found.kind, found.enabled) == (kind, enabled)

    def test_nothing_polls(self) -> None:
        source, _ = self.source({})
        assert observed(source.collect(PLAIN), "configuration.event_sources") == "none"

    def test_pages(self) -> None:
        pages = {
            None: {"EventSourceMappings": [self.mapping("1")], "NextMarker": "m"},
            "m": {"EventSourceMappings": [self.mapping("2", QUEUE + "2")]},
        }
        source, _ = self.source(
            {}, **{"lambda.list_event_source_mappings": lambda **asked: pages[asked.get("Marker")]}
        )
        found = source.collect(PLAIN)
        assert len(found.event_sources) == 2
        assert found.missing == ()

    @pytest.mark.parametrize(("deadline_s", "pages"), [(15.0, 3), (0.0, 1)])
    def test_list_that_is_cut_is_told(self, deadline_s: float, pages: int) -> None:
        endless = {"EventSourceMappings": [self.mapping("1", KINESIS)], "NextMarker": "more"}
        clients = RecordedClients({"lambda.list_event_source_mappings": lambda **_: endless})
        found = EventSourcesSource(clients, SqsQueues(clients), LINKS, deadline_s).collect(PLAIN)
        assert found.is_cut("event_sources")
        assert [gap.reason for gap in found.missing] == [
            f"orders has more event source mappings than the {pages} that were read"
        ]

    def test_queues_beyond_those_that_are_asked_are_told(self) -> None:
        kinds = [KINESIS, *(f"{QUEUE}-{n}" for n in range(7))]
        source, clients = self.source({"orders": [self.mapping(arn, arn) for arn in kinds]})
        found = source.collect(PLAIN)
        assert [s.visibility_timeout_s for s in found.event_sources] == [None, *[30] * 5, None, None]
        assert [gap.reason for gap in found.missing] == [
            "2 queues were not asked for their visibility timeout"
        ]
        assert clients.count("sqs.get_queue_attributes") == 5


def statement(principal: Any, arn: str = "", effect: str = "Allow") -> dict[str, Any]:
    condition = {"Condition": {"ArnLike": {"AWS:SourceArn": arn}}} if arn else {}
    return {"Effect": effect, "Principal": principal, "Action": "lambda:InvokeFunction", **condition}


API = "arn:aws:execute-api:us-east-1:123456789012:abc/*/GET/orders"


class TestCallers:
    def test_policy_tells_who_waits(self) -> None:
        found = list(
            callers_of(
                [
                    statement({"Service": "apigateway.amazonaws.com"}, API),
                    statement({"Service": "apigateway.amazonaws.com"}, API),
                    statement({"Service": "elasticloadbalancing.amazonaws.com"}),
                    statement({"AWS": "arn:aws:iam::000000000000:root"}),
                    statement({"Service": "s3.amazonaws.com"}),
                    statement({"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}),
                    statement("*"),
                    statement({"Service": "cognito-idp.amazonaws.com"}, effect="Deny"),
                ]
            )
        )
        assert found == [
            Caller("apigateway.amazonaws.com", 29, API),
            Caller("elasticloadbalancing.amazonaws.com", None),
            Caller("arn:aws:iam::000000000000:root", None),
        ]

    def source(self, **answers: Callable[..., Any]) -> tuple[CallersSource, RecordedClients]:
        missing = refusing("ResourceNotFoundException", 404)
        replies = {"get_policy": missing, "get_function_url_config": missing, **answers}
        clients = RecordedClients({f"lambda.{name}": reply for name, reply in replies.items()})
        return CallersSource(clients, LINKS), clients

    def test_function_without_policy_or_url(self) -> None:
        source, clients = self.source()
        found = source.collect(PLAIN)
        assert found.callers == ()
        assert observed(found, "configuration.callers") == "no synchronous caller is named"
        assert len(clients.calls) == 2

    def test_alias_has_a_policy_and_url_of_its_own(self) -> None:
        policy = {"Statement": [statement({"Service": "apigateway.amazonaws.com"}, API)]}
        source, clients = self.source(
            get_policy=lambda **_: {"Policy": json.dumps(policy)},
            get_function_url_config=lambda **_: {"FunctionArn": "arn:x:live", "FunctionUrl": "https://x"},
        )
        found = source.collect(ALIASED)
        assert found.callers == (
            Caller("apigateway.amazonaws.com", 29, API),
            Caller("function URL", None, "arn:x:live"),
        )
        assert all(asked == {"FunctionName": "orders", "Qualifier": "live"} for _, asked in clients.calls)
        assert observed(found, "configuration.callers") == "apigateway.amazonaws.com waits 29 s; function URL"

    def test_denied_policy_is_not_taken_for_none(self) -> None:
        source, _ = self.source(get_policy=refusing("AccessDeniedException", 403))
        with pytest.raises(AwsCallFailed):
            source.collect(PLAIN)
