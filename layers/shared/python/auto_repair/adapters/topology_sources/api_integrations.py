"""What an API calls: the functions, queues, tables and load balancers behind it, and its authorizers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from auto_repair.adapters.api_gateway import PAGE, Apis, is_http, items
from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.addresses import resource_named
from auto_repair.domain.arns import Home, arn_of, resource_of, resources_in
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings

MAX_PAGES = 2
# A REST API's way to a service: arn:aws:apigateway:REGION:sqs:path/123456789012/jobs, …:s3:path/images/{key}
_SQS = re.compile(r":sqs:path/\d{12}/(?P<name>[\w-]+(?:\.fifo)?)")
_S3 = re.compile(r":s3:path/(?P<name>[a-z0-9][a-z0-9.-]+)")
_TABLE = re.compile(r'"TableName"\s*:\s*"(?P<name>[\w.-]+)"')


class ApiIntegrationsSource:
    """Two to four calls: the API by id or by name (one, two for HTTP APIs), its integrations (a page of
    500 resources each, two at most), its authorizers where it has some."""

    name = "api_integrations"
    once = False

    def __init__(self, clients: Clients, apis: Apis, home: Home) -> None:
        self._clients = clients
        self._apis = apis
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """`start` may have a title only: the topology then holds the API with its id. Raises
        `ResourceMissing` when there is no such API."""
        if start.service != "apigateway":
            return Topology()
        apis = (self._apis.known(start),) if start.name else self._apis.titled(start.title)
        api = apis[0]
        found = Discovery(self.name, api, window)
        if len(apis) > 1:
            found.leaves_out(f"{len(apis)} APIs have that name; the newest, {api.name}, is looked at")
        if is_http(api):
            self._http(found, api)
        else:
            self._rest(found, api)
        return found.topology(f"apigateway:GET integrations of {api.name}")

    def _rest(self, found: Discovery, api: Resource) -> None:
        methods = self._methods(found, api.name)
        for path, method in methods:
            integration = method.get("methodIntegration", {})
            for needed in behind_rest(integration, self._home):
                found.needs(api, needed, f"integration of {path}")
            if "${stageVariables." in integration.get("uri", ""):
                found.leaves_out(f"the integration of {path} depends on stage variables")
        if any(method.get("authorizationType") == "CUSTOM" for _, method in methods):
            ask = partial(call, self._clients.client("apigateway").get_authorizers, restApiId=api.name)
            for authorizer in (found.attempt(ask) or {}).get("items", ()):
                self._authorizer(found, api, authorizer["name"], authorizer.get("authorizerUri", ""))

    def _http(self, found: Discovery, api: Resource) -> None:
        client = self._clients.client("apigatewayv2")
        left_out = partial(found.lacks_more, what="integrations")
        for integration in items(client.get_integrations, left_out, ApiId=api.name):
            for needed in behind_http(integration, self._home):
                found.needs(api, needed, f"integration {integration.get('IntegrationId', '')}".strip())
        authorizers = found.attempt(lambda: list(items(client.get_authorizers, ApiId=api.name)))
        for authorizer in authorizers or ():
            self._authorizer(found, api, authorizer["Name"], authorizer.get("AuthorizerUri", ""))

    def _methods(self, found: Discovery, api_id: str) -> list[tuple[str, Mapping[str, Any]]]:
        methods: list[tuple[str, Mapping[str, Any]]] = []
        page: dict[str, Any] = {}
        listed = pages(
            self._clients.client("apigateway").get_resources, restApiId=api_id, embed=["methods"], limit=PAGE
        )
        for page in islice(listed, MAX_PAGES):
            methods += (
                (f"{verb} {resource.get('path', '')}", method)
                for resource in page.get("items", ())
                for verb, method in resource.get("resourceMethods", {}).items()
            )
        found.lacks_more(following(page), "resources of the API")
        return methods

    def _authorizer(self, found: Discovery, api: Resource, name: str, uri: str) -> None:
        for function in resources_in(uri):
            found.needs(api, function, f"authorizer {name}")


def behind_rest(integration: Mapping[str, Any], home: Home) -> Iterator[Resource]:
    """What one integration of a REST API calls and the role it calls it under."""
    uri = integration.get("uri", "")
    yield from resources_in(f"{uri} {integration.get('integrationTarget', '')}")
    templates = " ".join(integration.get("requestTemplates", {}).values())
    for service, pattern, text in (("sqs", _SQS, uri), ("s3", _S3, uri), ("dynamodb", _TABLE, templates)):
        for match in pattern.finditer(text):
            yield Resource(service, match["name"], arn_of(service, match["name"], home))
    yield from resources_in(templates)
    yield from _known((resource_named("", uri, home), resource_of(integration.get("credentials") or "")))


def behind_http(integration: Mapping[str, Any], home: Home) -> Iterator[Resource]:
    """What one integration of an HTTP or WebSocket API calls and the role it calls it under."""
    uri = integration.get("IntegrationUri", "")
    yield from resources_in(uri)
    values = (uri, *integration.get("RequestParameters", {}).values())
    yield from _known(resource_named("", value, home) for value in values)
    yield from _known((resource_of(integration.get("CredentialsArn") or ""),))


def _known(resources: Iterable[Resource | None]) -> Iterator[Resource]:
    return (resource for resource in resources if resource)


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    place = home(settings)
    return ApiIntegrationsSource(clients, Apis(clients, place), place)
