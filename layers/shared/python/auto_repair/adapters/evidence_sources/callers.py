"""Who may invoke the function and wait for the answer: its resource policy and its function URL."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.evidence import Caller, Evidence, EvidenceItem
from auto_repair.ports import EvidenceSource, Target
from auto_repair.settings import Settings

API_GATEWAY_WAITS_S = 29  # the default of REST APIs; HTTP APIs wait 30 s
_WAITS_S = {"apigateway.amazonaws.com": API_GATEWAY_WAITS_S}
# These services hand their events to Lambda's own queue and do not wait.
_ASYNCHRONOUS = frozenset(
    {
        "cloudformation.amazonaws.com",
        "codecommit.amazonaws.com",
        "codepipeline.amazonaws.com",
        "config.amazonaws.com",
        "events.amazonaws.com",
        "iot.amazonaws.com",
        "lambda.alarms.cloudwatch.amazonaws.com",
        "logs.amazonaws.com",
        "s3.amazonaws.com",
        "scheduler.amazonaws.com",
        "secretsmanager.amazonaws.com",
        "ses.amazonaws.com",
        "sns.amazonaws.com",
    }
)


class CallersSource:
    """Two calls."""

    name = "callers"

    def __init__(self, clients: Clients, links: ConsoleLinks) -> None:
        self._clients = clients
        self._links = links

    def collect(self, target: Target) -> Evidence:
        """Callers of the alias where one is named, else of the function itself."""
        named = {"FunctionName": target.function_name} | ({"Qualifier": target.alias} if target.alias else {})
        callers = (*self._policy(named), *self._url(named))
        item = EvidenceItem(
            id="configuration.callers",
            source=self.name,
            query=f"lambda:GetPolicy, lambda:GetFunctionUrlConfig {':'.join(named.values())}",
            window=target.window,
            observed="; ".join(map(_shown, callers)) or "no synchronous caller is named",
            link=self._links.function(target.function_name),
        )
        return Evidence(target.function_name, target.window, callers=callers, items=(item,))

    def _policy(self, named: Mapping[str, str]) -> tuple[Caller, ...]:
        try:
            answer = call(self._clients.client("lambda").get_policy, **named)
        except ResourceMissing:  # no policy
            return ()
        return tuple(callers_of(json.loads(answer["Policy"]).get("Statement", ())))

    def _url(self, named: Mapping[str, str]) -> tuple[Caller, ...]:
        try:
            answer = call(self._clients.client("lambda").get_function_url_config, **named)
        except ResourceMissing:  # no URL
            return ()
        return (Caller("function URL", None, answer["FunctionArn"]),)


def callers_of(statements: Iterable[Mapping[str, Any]]) -> Iterator[Caller]:
    """The synchronous callers that a resource policy allows, each once."""
    seen = set()
    for statement in statements:
        if statement.get("Effect") != "Allow":
            continue
        for principal in _principals(statement.get("Principal", {})):
            caller = Caller(principal, _WAITS_S.get(principal), _source_arn(statement))
            # A function URL needs a statement for everybody; the URL itself is told apart.
            if principal not in (*_ASYNCHRONOUS, "*") and caller not in seen:
                seen.add(caller)
                yield caller


def _principals(principal: Any) -> list[str]:
    if isinstance(principal, str):
        return [principal]
    values: list[str] = []
    for kind in ("Service", "AWS"):
        value = principal.get(kind, ())
        values += [value] if isinstance(value, str) else value
    return values


def _source_arn(statement: Mapping[str, Any]) -> str:
    for test in statement.get("Condition", {}).values():
        for key, value in test.items():
            if key.lower() == "aws:sourcearn":
                return value if isinstance(value, str) else str(value[0])
    return ""


def _shown(caller: Caller) -> str:
    return f"{caller.principal} waits {caller.waits_s} s" if caller.waits_s else caller.principal


def source(settings: Settings, clients: Clients) -> EvidenceSource:
    """The source, ready for use."""
    return CallersSource(clients, ConsoleLinks(settings.region))
