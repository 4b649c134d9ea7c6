"""Every module in the folder is a source; together they are cheap."""

from itertools import chain
from pkgutil import iter_modules
from typing import Any

import pytest

from auto_repair.adapters import topology_sources
from auto_repair.adapters.topology_sources import all_sources
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology, join
from tests.adapters.conftest import SETTINGS, RecordedClients
from tests.adapters.topology_sources.conftest import AT, ORDERS, WINDOW, clients_answering

KNOWN = {
    "api_integrations": {"apigateway"},
    "bucket_dependencies": {"s3"},
    "event_rules": {"events", "kinesis", "sns", "sqs", "states"},
    "event_sources": {"kinesis", "lambda", "sqs"},
    "function_environment": {"lambda"},
    "function_grants": {"lambda"},
    "function_policy": {"lambda"},
    "load_balancer_targets": {"elasticloadbalancing"},
    "queue_dependencies": {"sqs"},
    "state_machine_tasks": {"states"},
    "table_dependencies": {"dynamodb"},
    "topic_subscriptions": {"sns"},
}
# The whole of an incident may read AWS 25 times.
CALLS = {"lambda": 12, "apigateway": 3}


def test_names_are_the_modules_names() -> None:
    modules = sorted(module.name for module in iter_modules(topology_sources.__path__))
    assert [source.name for source in all_sources(SETTINGS, RecordedClients({}))] == modules
    assert len(modules) == 13


@pytest.mark.parametrize("service", sorted({*chain(*KNOWN.values()), "bedrock", "ec2", "iam", "kms", "rds"}))
def test_sources_ask_nothing_about_what_they_do_not_know(service: str) -> None:
    clients = RecordedClients({})
    for source in all_sources(SETTINGS, clients):
        if source.name != "traces" and service not in KNOWN[source.name]:
            assert source.discover(Resource(service, "thing"), WINDOW) == Topology()
    assert clients.calls == []


def busy_account() -> dict[str, Any]:
    """A REST API before a function with a parameter, a queue, destinations and a role full of policies."""
    policy = (
        '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, '
        f'"Condition": {{"ArnLike": {{"AWS:SourceArn": "arn:aws:execute-api:{AT}:a1b2c3/*/*/*"}}}}}}]}}'
    )
    return {
        "xray.get_service_graph": {"Services": []},
        "lambda.get_function_configuration": {
            "FunctionName": "orders",
            "Role": "arn:aws:iam::123456789012:role/orders-role",
            "Environment": {"Variables": {"BUCKET_NAME_PARAMETER": "/shop/bucket-name"}},
        },
        "lambda.list_function_event_invoke_configs": {"FunctionEventInvokeConfigs": []},
        "lambda.list_event_source_mappings": {"EventSourceMappings": []},
        "lambda.get_policy": {"Policy": policy},
        "ssm.get_parameters": {"Parameters": []},
        "iam.list_role_policies": {"PolicyNames": ["one", "two", "three"]},
        "iam.get_role_policy": {"RoleName": "orders-role", "PolicyName": "one", "PolicyDocument": {}},
        "iam.list_attached_role_policies": {
            "AttachedPolicies": [{"PolicyName": "own", "PolicyArn": "arn:aws:iam::123456789012:policy/own"}]
        },
        "apigateway.get_rest_api": {"id": "a1b2c3", "name": "shop"},
        "apigateway.get_resources": {"items": []},
    }


@pytest.mark.parametrize("start", [ORDERS, Resource("apigateway", "a1b2c3")])
def test_calls_are_few(start: Resource) -> None:
    clients = clients_answering(busy_account())
    parts = [source.discover(start, WINDOW) for source in all_sources(SETTINGS, clients)]
    assert len(clients.calls) == CALLS[start.service]
    whole = join(parts)
    ids = [item.id for item in whole.items]
    assert len(ids) == len(set(ids))
    assert all(item.query and item.observed for item in whole.items)
    assert all(edge.because for edge in whole.edges)
