"""API Gateway's APIs, by id and by the name that people and metrics call them by."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.arns import Home
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.resources import Resource

MAX_PAGES = 2
PAGE = 500  # API Gateway's most for REST APIs


class Apis:
    """REST APIs first, then HTTP and WebSocket APIs. Needs apigateway:GET on both."""

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._rest_api = partial(rest_api, home=home)
        self._http_api = partial(http_api, home=home)

    def known(self, api: Resource) -> Resource:
        """The API with id, title and ARN, for one or two calls. Where several have the name, the newest.
        Raises `ResourceMissing`."""
        if not api.name:
            return self.titled(api.title)[0]
        if api.title and api.arn:
            return api
        return self._http_of(api.name) if is_http(api) else self._either(api.name)

    def titled(self, title: str) -> tuple[Resource, ...]:
        """The APIs of that name, newest first; names are not unique. Raises `ResourceMissing` for none."""
        found = _newest_first(self._all_rest(), "name", title, self._rest_api) or _newest_first(
            items(self._clients.client("apigatewayv2").get_apis), "Name", title, self._http_api
        )
        if not found:
            raise ResourceMissing(f"no API is called {title!r}")
        return found

    def _either(self, api_id: str) -> Resource:
        try:
            return self._rest_api(call(self._clients.client("apigateway").get_rest_api, restApiId=api_id))
        except ResourceMissing:
            return self._http_of(api_id)

    def _http_of(self, api_id: str) -> Resource:
        return self._http_api(call(self._clients.client("apigatewayv2").get_api, ApiId=api_id))

    def _all_rest(self) -> list[Mapping[str, Any]]:
        listed = pages(self._clients.client("apigateway").get_rest_apis, limit=PAGE)
        return [api for page in islice(listed, MAX_PAGES) for api in page.get("items", ())]


def rest_api(answer: Mapping[str, Any], home: Home) -> Resource:
    """A REST API as API Gateway describes it."""
    return _api("restapis", answer["id"], answer["name"], home)


def http_api(answer: Mapping[str, Any], home: Home) -> Resource:
    """An HTTP or WebSocket API as API Gateway describes it."""
    return _api("apis", answer["ApiId"], answer["Name"], home)


def _api(kind: str, api_id: str, title: str, home: Home) -> Resource:
    # API Gateway's ARNs have no account.
    return Resource(
        "apigateway", api_id, f"arn:{home.partition}:apigateway:{home.region}::/{kind}/{api_id}", title
    )


def is_http(api: Resource) -> bool:
    """Whether the API is known to be an HTTP or WebSocket API."""
    return "::/apis/" in api.arn


def items(
    method: Callable[..., Any], left_out: Callable[[object], None] = lambda _marker: None, **arguments: Any
) -> Iterator[Mapping[str, Any]]:
    """What a list of HTTP APIs or their parts holds, on two pages at most. `left_out` hears of a third."""
    page: dict[str, Any] = {}
    for page in islice(pages(method, **arguments), MAX_PAGES):
        yield from page.get("Items", ())
    if more := following(page):
        left_out(more)


def _newest_first(
    apis: Iterable[Mapping[str, Any]],
    key: str,
    title: str,
    resource: Callable[[Mapping[str, Any]], Resource],
) -> tuple[Resource, ...]:
    created = f"{'C' if key == 'Name' else 'c'}reatedDate"
    named = [api for api in apis if title in (api[key], _in_metrics(api[key]))]
    return tuple(map(resource, sorted(named, key=lambda api: api[created], reverse=True)))


def _in_metrics(name: str) -> str:
    """How CloudWatch's dimension writes an API's name."""
    return name.encode("ascii", "ignore").decode()
