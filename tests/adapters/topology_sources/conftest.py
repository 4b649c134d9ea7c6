"""Answers given by the test, checked against AWS's own description of each call."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.topology_sources import all_sources
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from tests.adapters.conftest import NOW, REAL, SETTINGS, RecordedClients

WINDOW = Window(NOW.replace(hour=11, minute=45), NOW)
AT = "us-east-1:123456789012"
ORDERS = Resource("lambda", "orders", f"arn:aws:lambda:{AT}:function:orders")


class ShapedClients(RecordedClients):
    """Refuses requests and answers that the real service would not take or give."""

    def answer(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        meta = REAL.client(service).meta
        operation = meta.service_model.operation_model(meta.method_to_api_mapping[method])
        _check(operation.input_shape, arguments)
        reply = super().answer(service, method, arguments)
        if service != "iam":  # the SDK hands out documents decoded, which no shape tells
            _check(operation.output_shape, reply)
        return reply


def _check(shape: Any, value: Any) -> None:
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()
    unknown = set(value) - set(shape.members)
    assert not unknown, f"{shape.name} has no {unknown}"


def always(answer: Any) -> Callable[..., Any]:
    return lambda **_: answer


def refusing(code: str, status: int = 400) -> Callable[..., Any]:
    def reply(**_: Any) -> Any:
        response: Any = {
            "Error": {"Code": code, "Message": "words"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        raise ClientError(response, "Call")

    return reply


def clients_answering(answers: dict[str, Any]) -> ShapedClients:
    """`service.method` to an answer, or to a function of the arguments that gives or refuses it."""
    return ShapedClients({name: a if callable(a) else always(a) for name, a in answers.items()})


def discovered(source_name: str, clients: Clients, start: Resource) -> Topology:
    """What the source of that name finds."""
    named = {source.name: source for source in all_sources(SETTINGS, clients)}
    return named[source_name].discover(start, WINDOW)


def told(topology: Topology) -> list[str]:
    """Edges in words."""
    return [f"{edge.caller} → {edge.callee}: {edge.because}" for edge in topology.edges]
