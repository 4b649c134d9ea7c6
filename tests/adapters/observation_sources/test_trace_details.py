"""Single traces: one page of summaries, one batch of traces, and what they tell."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest

from auto_repair.adapters.observation_sources import trace_details
from auto_repair.domain.citations import Window
from auto_repair.domain.errors import AwsCallFailed, TransientError
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Observation, Scope, Symptom
from auto_repair.domain.topology import Edge, Topology
from tests.adapters.conftest import NOW, SETTINGS
from tests.adapters.topology_sources.conftest import ShapedClients, clients_answering, refusing
from tests.traces import Document, answer, denied_bucket, inferred, lambda_segments, stage, table_call

API = Resource("apigateway", "a1b2c3", title="shop")
ORDERS = Resource("lambda", "orders")
STOCK = Resource("dynamodb", "stock")
IMAGES = Resource("s3", "images")
SEEN = (Edge(API.id, ORDERS.id, "12 traced calls", seen=True), Edge(ORDERS.id, IMAGES.id, "VARIABLE"))
WINDOW = Window(NOW - timedelta(minutes=15), NOW)
FAILED = 'service("orders") AND service() { fault = true OR error = true OR throttle = true }'


def scope(
    symptom: Resource = ORDERS,
    role: MetricRole = MetricRole.AVAILABILITY,
    edges: tuple[Edge, ...] = SEEN,
    window: Window = WINDOW,
    metric: str = "Errors",
) -> Scope:
    topology = Topology((API, ORDERS, STOCK, IMAGES), edges)
    reference = Window(window.start - timedelta(hours=1), window.start)
    return Scope(Symptom(symptom.id, role, NOW, metric), topology, window, reference)


def summary(number: int, minutes: float, *, seconds: float = 1.0, **facts: Any) -> dict[str, Any]:
    flags = {"HasFault": False, "HasError": False, "HasThrottle": False, "IsPartial": False}
    at = NOW - timedelta(minutes=minutes)
    return (
        {"Id": f"1-{number}", "StartTime": at, "Duration": seconds, "ResponseTime": seconds} | flags | facts
    )


def xray(
    summaries: list[dict[str, Any]],
    documents: dict[str, tuple[Document, ...]],
    cut: Collection[str] = (),
    **page: Any,
) -> ShapedClients:
    """An account with these traces. What has no documents is left unprocessed; some are `cut`."""

    def traces(**asked: Any) -> dict[str, Any]:
        assert len(asked["TraceIds"]) <= 5
        known = [name for name in reversed(asked["TraceIds"]) if name in documents]
        unread = [name for name in asked["TraceIds"] if name not in documents]
        return {
            "Traces": [answer(name, documents[name], cut=name in cut) for name in known],
            "UnprocessedTraceIds": unread,
        }

    found = {"TraceSummaries": summaries, "TracesProcessedCount": 240, **page}
    return clients_answering({"xray.get_trace_summaries": found, "xray.batch_get_traces": traces})


def observed(clients: ShapedClients, asked: Scope | None = None) -> Observation:
    return trace_details.source(SETTINGS, clients).observe(asked or scope())


def refused_request() -> tuple[Document, ...]:
    call = denied_bucket()
    return stage(500), *lambda_segments(call), inferred(call, "AWS::S3::Bucket")


FAULTS = [summary(n, n, HasFault=True, Http={"HttpStatus": 500}) for n in range(1, 9)]


def test_failed_requests_accuse_the_bucket_that_refused_them() -> None:
    documents = {f"1-{n}": refused_request() for n in range(1, 9)}
    clients = xray(FAULTS, documents)
    found = observed(clients)
    (signature,) = found.signatures
    assert (signature.resource, signature.names, signature.count) == ("lambda:orders", "s3:images", 5)
    overview, item = found.items
    assert overview.observed == (
        "something failed in 8 traced requests, 8 answered 5xx (X-Ray went through 240, of all services)"
    )
    assert overview.query == f"xray:GetTraceSummaries {FAILED}"
    assert overview.link.startswith(
        "https://us-east-1.console.aws.amazon.com/xray/home?region=us-east-1#/traces?timeRange="
        "2026-01-31T11:45:00~2026-01-31T12:00:00&filter=service%28%22orders%22%29%20AND%20service%28%29"
    )
    assert item.id == "traces.1-1" == signature.evidence
    assert (
        "apigateway:shop → lambda:orders → s3:images; the error began at s3:images (PutObject)"
        in item.observed
    )
    assert item.observed.endswith("; so it was in 5 of 5 failed requests that were read")
    assert item.link == "https://us-east-1.console.aws.amazon.com/xray/home?region=us-east-1#/traces/1-1"
    assert found.missing == ()


def test_rare_failure_among_many_that_look_alike_is_read() -> None:
    def seen(service: str, call: str, raised: str) -> list[dict[str, Any]]:
        entity = {"Name": call, "Exceptions": [{"Name": raised, "Message": "words"}], "Remote": True}
        inner = {"Name": service, "Names": [service], "EntityPath": [{"Name": "orders"}, entity]}
        return [{"Services": [{"Name": "orders", "EntityPath": []}, inner], "ClientImpacting": False}]

    usual = [summary(n, 1, ErrorRootCauses=seen("stock", "GetItem", "NotFound")) for n in range(1, 40)]
    rare = summary(99, 8, FaultRootCauses=seen("S3", "PutObject", "ClientError"))
    clients = xray([*usual, rare], {"1-99": refused_request()})
    observed(clients)
    assert "1-99" in clients.calls[1][1]["TraceIds"]


def test_two_requests_are_made_at_most() -> None:
    clients = xray(FAULTS, {f"1-{n}": refused_request() for n in range(1, 9)}, NextToken="more")
    found = observed(clients)
    assert [name for name, _ in clients.calls] == ["xray.get_trace_summaries", "xray.batch_get_traces"]
    asked = clients.calls[0][1]
    assert (asked["StartTime"], asked["EndTime"], asked["Sampling"]) == (WINDOW.start, NOW, False)
    assert asked["FilterExpression"] == FAILED
    assert len(set(clients.calls[1][1]["TraceIds"])) == 5
    assert [gap.reason for gap in found.missing] == [
        "xray:GetTraceSummaries has more pages than one: 240 requests were looked at"
    ]


@pytest.mark.parametrize("edges", [(), (Edge(API.id, ORDERS.id, "integration"),)])
def test_nothing_is_asked_where_the_graph_saw_no_calls(edges: tuple[Edge, ...]) -> None:
    clients = xray([], {})
    assert observed(clients, scope(edges=edges)) == Observation()
    assert clients.calls == []


def test_no_more_than_six_hours_are_asked_for() -> None:
    clients = xray([], {})
    observed(clients, scope(window=Window(NOW - timedelta(hours=20), NOW)))
    assert clients.calls[0][1]["StartTime"] == NOW - timedelta(hours=6)


@pytest.mark.parametrize(
    ("symptom", "expression"),
    [
        (ORDERS, FAILED),
        (STOCK, FAILED),
        (
            API,
            FAILED + " OR " + FAILED.replace('service("orders")', 'http.url CONTAINS "a1b2c3.execute-api."'),
        ),
    ],
)
def test_requests_through_what_is_alarmed_are_asked_for(symptom: Resource, expression: str) -> None:
    clients = xray([], {})
    found = observed(clients, scope(symptom))
    assert clients.calls[0][1]["FilterExpression"] == expression
    assert [item.observed for item in found.items] == [
        "something failed in 0 traced requests (X-Ray went through 240, of all services)"
    ]
    assert clients.count("xray.batch_get_traces") == 0
    assert found.missing == ()


def test_nothing_is_asked_where_no_function_is_near() -> None:
    clients = xray([], {})
    alone = Scope(scope(STOCK).symptom, Topology((STOCK,), SEEN), WINDOW, WINDOW)
    assert observed(clients, alone) == Observation()
    assert clients.calls == []


def test_no_traces_are_said_to_be_missing() -> None:
    found = observed(xray([], {}, TracesProcessedCount=0))
    assert [gap.reason for gap in found.missing] == ["X-Ray has no traces of the window"]
    assert found.signatures == ()


def test_time_of_the_slowest_request_is_told_beside_a_usual_one() -> None:
    def took(seconds: float) -> tuple[Document, ...]:
        return stage(200, end=seconds), *lambda_segments(table_call(0.1, seconds - 0.2), end=seconds - 0.1)

    summaries = [summary(n, n, seconds=float(n)) for n in range(1, 12)]
    clients = xray(summaries, {f"1-{n}": took(float(n)) for n in range(1, 12)})
    found = observed(clients, scope(API, MetricRole.LATENCY))
    assert clients.calls[0][1]["FilterExpression"] == (
        'service("orders") OR http.url CONTAINS "a1b2c3.execute-api."'
    )
    overview, item = found.items
    assert overview.observed == "11 traced requests"
    assert item.id == "traces.slowest"
    assert item.query == "xray:BatchGetTraces 1-11"
    assert item.observed == "the slowest request took 11.00 s: 97 % dynamodb:stock"
    assert item.baseline == "one of medium length took 6.00 s: 95 % dynamodb:stock, 5 % lambda:orders"
    assert found.signatures == ()


def test_slow_requests_that_fail_tell_that_too_under_names_of_their_own() -> None:
    clients = xray(FAULTS, {f"1-{n}": refused_request() for n in range(1, 9)})
    found = observed(clients, scope(ORDERS, MetricRole.LATENCY))
    names = [item.id for item in found.items]
    assert names[:2] == ["traces", "traces.slowest"]
    assert len(set(names)) == len(names) == 3
    assert [signature.names for signature in found.signatures] == ["s3:images"]


def test_callers_mistakes_count_where_they_are_the_alarm() -> None:
    mistakes = [summary(1, 1, HasError=True, Http={"HttpStatus": 404}), summary(2, 2, HasFault=True)]
    documents = {"1-1": (stage(404), *lambda_segments(denied_bucket())), "1-2": refused_request()}
    for metric, read in (("5XXError", {"1-2"}), ("4XXError", {"1-1", "1-2"})):
        clients = xray(mistakes, documents)
        observed(clients, scope(API, metric=metric))
        assert set(clients.calls[1][1]["TraceIds"]) == read


def test_traces_that_are_not_there_or_cut_are_said() -> None:
    documents = {"1-1": refused_request(), "1-2": refused_request()}
    found = observed(xray(FAULTS[:3], documents, cut={"1-2"}))
    assert {gap.reason for gap in found.missing} == {
        "xray:BatchGetTraces gave a part of trace 1-2 only",
        "xray:BatchGetTraces gave nothing of 1 of 3 traces",
    }
    assert found.signatures[0].count == 2


REFUSALS = [("AccessDeniedException", 403, AwsCallFailed), ("ThrottledException", 429, TransientError)]


@pytest.mark.parametrize(("code", "status", "error"), REFUSALS)
def test_refused_summaries_reach_the_caller(code: str, status: int, error: type[Exception]) -> None:
    clients = clients_answering({"xray.get_trace_summaries": refusing(code, status)})
    with pytest.raises(error, match=code):
        observed(clients)


@pytest.mark.parametrize(("code", "status", "_error"), REFUSALS)
def test_refused_traces_leave_what_the_summaries_tell(code: str, status: int, _error: object) -> None:
    page = {"TraceSummaries": FAULTS, "TracesProcessedCount": 8}
    refusal = refusing(code, status)
    found = observed(clients_answering({"xray.get_trace_summaries": page, "xray.batch_get_traces": refusal}))
    assert [item.id for item in found.items] == ["traces"]
    assert found.signatures == ()
    (gap,) = found.missing
    assert code in gap.reason


def test_fastest_of_few_is_no_usual_request() -> None:
    documents: dict[str, tuple[Document, ...]] = {
        f"1-{n}": (stage(200, end=n), *lambda_segments(end=n - 0.1)) for n in range(1, 6)
    }
    few = xray([summary(n, n, seconds=float(n)) for n in range(1, 6)], documents)
    _, item = observed(few, scope(API, MetricRole.LATENCY)).items
    assert item.observed.startswith("the slowest request took 5.00 s")
    assert item.baseline == ""
