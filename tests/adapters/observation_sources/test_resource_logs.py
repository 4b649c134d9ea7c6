"""The logs around a symptom: error-like lines only, few requests, one function's trouble not another's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.adapters.observation_sources import resource_logs
from auto_repair.adapters.observation_sources.resource_logs import ERROR_LIKE, ResourceLogsSource
from auto_repair.domain.citations import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, Scope, Symptom
from auto_repair.domain.topology import Edge, Topology
from auto_repair.settings import Settings
from tests.adapters.conftest import NOW, RecordedClients

API = Resource("apigateway", "a1b2c3")
FUNCTION = Resource("lambda", "image-service")
OTHER = Resource("lambda", "resize")
BUCKET = Resource("s3", "images")
STREAM = "2026/01/31/[$LATEST]f7108dfca11d48d8ba7321a9b4fe4b02"
DENIED = (
    "could not list: An error occurred (AccessDenied) when calling the ListObjectsV2 operation: User: "
    "arn:aws:sts::123456789012:assumed-role/image-role/image-service is not authorized to perform: "
    's3:ListBucket on resource: "arn:aws:s3:::images" with an explicit deny in a resource-based policy'
)
Answer = Callable[..., dict[str, Any]]


def scope(*resources: Resource, now: datetime = NOW) -> Scope:
    window = Window(now - timedelta(minutes=15), now)
    reference = Window(now - timedelta(hours=3), window.start)
    symptom = Symptom(API.id, MetricRole.AVAILABILITY, now - timedelta(minutes=3))
    return Scope(symptom, Topology(resources), window, reference)


def event(minutes_ago: float, message: str, stream: str = STREAM) -> dict[str, Any]:
    at = round((NOW.timestamp() - 60 * minutes_ago) * 1000)
    return {"timestamp": at, "message": message, "logStreamName": stream}


def holding(logs: dict[str, list[dict[str, Any]]]) -> Answer:
    """Log groups and their events; what is not among them does not exist."""

    def answer(**asked: Any) -> dict[str, Any]:
        if asked["logGroupName"] not in logs:
            raise refusal("ResourceNotFoundException")
        events = logs[asked["logGroupName"]]
        return {"events": [e for e in events if asked["startTime"] <= e["timestamp"] <= asked["endTime"]]}

    return answer


def refusal(code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, "FilterLogEvents")


def reading(
    answers: Answer, configuration: dict[str, Any] | None = None, **options: Any
) -> tuple[ResourceLogsSource, RecordedClients]:
    clients = RecordedClients(
        {
            "logs.filter_log_events": answers,
            "lambda.get_function_configuration": lambda **asked: {
                "MemorySize": 128,
                "Timeout": 3,
                **asked,
                **(configuration or {}),
            },
        }
    )
    return ResourceLogsSource(
        clients, LambdaFunctions(clients), ConsoleLinks("us-east-1"), **options
    ), clients


def gaps(found: Observation) -> list[str]:
    assert {gap.source for gap in found.missing} <= {"resource_logs"}
    return [gap.reason for gap in found.missing]


class TestAgainstCloudWatchLogs:
    def test_printed_denial_is_found_among_other_lines(self, clients: Clients) -> None:
        # CloudWatch Logs takes no events of the distant past.
        now = datetime.now(UTC).replace(microsecond=0)
        logs = clients.client("logs")
        logs.create_log_group(logGroupName="/aws/lambda/image-service")
        logs.create_log_stream(logGroupName="/aws/lambda/image-service", logStreamName=STREAM)
        told = [(100, "Error: order 1 refused"), (9, "all is well"), (8, DENIED), (7, DENIED)]
        logs.put_log_events(
            logGroupName="/aws/lambda/image-service",
            logStreamName=STREAM,
            logEvents=[
                {"timestamp": round((now.timestamp() - 60 * ago) * 1000), "message": message}
                for ago, message in told
            ],
        )
        source = ResourceLogsSource(clients, LambdaFunctions(clients), ConsoleLinks("us-east-1"))
        found = source.observe(scope(API, FUNCTION, BUCKET, now=now))
        (signature,) = found.signatures
        assert (signature.resource, signature.names) == ("lambda:image-service", "s3:images")
        assert (signature.count, signature.count_before) == (2, 0)
        assert signature.first_seen == now - timedelta(minutes=8)
        assert found.missing == ()


class TestReadings:
    def test_window_first_then_the_reference_for_error_like_lines(self) -> None:
        source, clients = reading(
            holding({"/aws/lambda/image-service": [event(100, DENIED), event(5, DENIED)]})
        )
        found = source.observe(scope(API, FUNCTION, BUCKET))
        (signature,) = found.signatures
        assert (signature.count, signature.count_before) == (1, 1)
        assert [signature.evidence] == [item.id for item in found.items]
        (_, window), (_, reference) = clients.calls
        at = round(NOW.timestamp() * 1000)
        assert (window["startTime"], window["endTime"]) == (at - 900_000, at - 1)
        assert (reference["startTime"], reference["endTime"]) == (at - 3 * 3_600_000, at - 900_001)
        assert window["filterPattern"] == reference["filterPattern"] == ERROR_LIKE
        assert window["limit"] == reference["limit"] == 1000

    def test_pattern_is_one_that_cloudwatch_takes(self) -> None:
        assert len(ERROR_LIKE) <= 1024
        assert ERROR_LIKE.startswith('?"ERROR" ?"Error" ')
        assert '?"not authorized"' in ERROR_LIKE

    def test_quiet_function_costs_one_call(self) -> None:
        source, clients = reading(holding({"/aws/lambda/image-service": []}))
        found = source.observe(scope(FUNCTION))
        assert len(clients.calls) == 1
        (item,) = found.items
        assert (item.id, item.observed, item.baseline) == (
            "around.lambda:image-service.errors",
            "no error is logged",
            "",
        )

    def test_item_tells_what_is_new(self) -> None:
        events = [event(100, "Error: a"), event(5, "Error: a"), event(5, DENIED), event(4, DENIED)]
        source, _ = reading(holding({"/aws/lambda/image-service": events}))
        (item,) = source.observe(scope(FUNCTION, BUCKET)).items
        assert item.query == "logs:FilterLogEvents /aws/lambda/image-service, lines that look like errors"
        assert item.observed.startswith("2× AccessDenied: could not list: An error occurred (AccessDenied)")
        assert item.baseline == "in the reference: 1 of 2 were not seen"
        assert "log-events" in item.link

    def test_empty_page_is_not_the_end(self) -> None:
        def answer(**asked: Any) -> dict[str, Any]:
            if "nextToken" not in asked:
                return {"events": [], "nextToken": "t"}
            return {"events": [event(5, DENIED)]}

        source, _ = reading(answer)
        assert len(source.observe(scope(FUNCTION, BUCKET)).signatures) == 1

    def test_log_without_end_is_left_and_told(self) -> None:
        source, clients = reading(lambda **_: {"events": [], "nextToken": "t"})
        found = source.observe(scope(FUNCTION))
        (item,) = found.items
        assert len(clients.calls) == resource_logs.MAX_PAGES
        assert item.observed == "no error is logged (of a part: the log is longer than we read)"
        assert gaps(found) == [f"the log of {FUNCTION.id} was not searched to the end of the window"]

    def test_reference_without_end_is_told_too(self) -> None:
        """An error of every day looks like a new one then."""

        def answer(**asked: Any) -> dict[str, Any]:
            is_window = asked["endTime"] > round((NOW.timestamp() - 900) * 1000)
            return {"events": [event(5, DENIED)]} if is_window else {"events": [], "nextToken": "t"}

        source, _ = reading(answer)
        found = source.observe(scope(FUNCTION, BUCKET))
        (item,) = found.items
        assert item.baseline == "in the reference: not searched to its end"
        assert gaps(found) == [f"the log of {FUNCTION.id} was not searched to the end of the reference"]


class TestLogGroups:
    def test_configured_group_is_looked_up_where_the_usual_one_is_missing(self) -> None:
        mine, others = "2026/01/31/image-service[7]f710", "2026/01/31/resize[1]a1b2"
        logs = {"/shared/images": [event(5, DENIED, mine), event(5, "Error: not ours", others)]}
        source, clients = reading(holding(logs), {"LoggingConfig": {"LogGroup": "/shared/images"}})
        found = source.observe(scope(FUNCTION, BUCKET))
        assert [signature.names for signature in found.signatures] == ["s3:images"]
        assert [name for name, _ in clients.calls][:2] == [
            "logs.filter_log_events",
            "lambda.get_function_configuration",
        ]

    def test_lines_of_others_do_not_hide_those_on_a_later_page(self) -> None:
        mine, others = "2026/01/31/image-service[7]f710", "2026/01/31/resize[1]a1b2"

        def answer(**asked: Any) -> dict[str, Any]:
            if asked["logGroupName"] != "/shared/images":
                raise refusal("ResourceNotFoundException")
            if "nextToken" not in asked:
                return {"events": [event(9, "Error: not ours", others)], "nextToken": "t"}
            return {"events": [event(5, DENIED, mine)]}

        source, _ = reading(answer, {"LoggingConfig": {"LogGroup": "/shared/images"}})
        found = source.observe(scope(FUNCTION, BUCKET))
        assert [signature.names for signature in found.signatures] == ["s3:images"]

    def test_function_that_never_logged_is_told(self) -> None:
        source, _ = reading(holding({}))
        assert gaps(source.observe(scope(FUNCTION))) == [
            "the log of lambda:image-service could not be read: "
            "there is no log group /aws/lambda/image-service: it never ran, or may not log"
        ]


class TestBounds:
    def test_one_unreadable_log_does_not_hide_another(self) -> None:
        def answer(**asked: Any) -> dict[str, Any]:
            if asked["logGroupName"].endswith("resize"):
                raise refusal("AccessDeniedException")
            return holding({"/aws/lambda/image-service": [event(5, DENIED)]})(**asked)

        source, _ = reading(answer)
        found = source.observe(scope(OTHER, FUNCTION, BUCKET))
        assert len(found.signatures) == 1
        (gap,) = gaps(found)
        assert gap.startswith("the log of lambda:resize could not be read: ")
        assert "AccessDeniedException" in gap

    def test_three_functions_are_read_the_nearest_ones(self) -> None:
        functions = [Resource("lambda", f"f{i}") for i in range(5)]
        source, clients = reading(lambda **_: {"events": []})
        found = source.observe(scope(API, *functions))
        assert [asked["logGroupName"] for _, asked in clients.calls] == [
            f"/aws/lambda/f{i}" for i in range(3)
        ]
        assert gaps(found) == [f"lambda:f{i} is too far away to be read" for i in (3, 4)]

    def test_log_of_a_mere_caller_is_not_read(self) -> None:
        """The function serves the API; another one fills the bucket that it reads."""
        needs = (Edge(API.id, FUNCTION.id, "integration"), Edge(FUNCTION.id, BUCKET.id, "variable"))
        edges = (*needs, Edge(OTHER.id, BUCKET.id, "variable"))
        source, clients = reading(lambda **_: {"events": []})
        asked = scope(API, FUNCTION, BUCKET, OTHER)
        found = source.observe(replace(asked, topology=replace(asked.topology, edges=edges)))
        assert [call["logGroupName"] for _, call in clients.calls] == ["/aws/lambda/image-service"]
        assert gaps(found) == ["the log of lambda:resize was not read: what suffers does not need it"]

    def test_passed_deadline_is_told(self) -> None:
        source, clients = reading(lambda **_: {"events": []}, deadline_s=0)
        assert gaps(source.observe(scope(FUNCTION))) == [
            "the log of lambda:image-service was not read for want of time"
        ]
        assert clients.calls == []

    @pytest.mark.parametrize("resources", [(), (API, BUCKET)])
    def test_without_functions_nothing_is_read(self, resources: tuple[Resource, ...]) -> None:
        source, clients = reading(lambda **_: {"events": []})
        assert source.observe(scope(*resources)) == Observation()
        assert clients.calls == []


def test_source_is_found_and_named_after_its_module(settings: Settings) -> None:
    assert resource_logs.source(settings, RecordedClients({})).name == "resource_logs"
