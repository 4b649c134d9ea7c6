"""What questions in words may be about: onboarded functions, and the account's APIs by their names."""

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.resources import Resource
from auto_repair.settings import Settings

MOST_APIS = 500  # of each kind: one page


def known_resources(settings: Settings, clients: Clients) -> tuple[Resource, ...]:
    """Three requests, and one more for every fifty onboarded functions."""
    return (*_functions(settings, clients), *_rest_apis(settings, clients), *_http_apis(settings, clients))


def _functions(settings: Settings, clients: Clients) -> list[Resource]:
    prefix, found = settings.policy_prefix, []
    token: dict[str, str] = {}
    while True:
        page = call(
            clients.client("ssm").describe_parameters,
            ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": [prefix]}],
            MaxResults=50,
            **token,
        )
        found += [
            Resource("lambda", p["Name"].removeprefix(f"{prefix}/").split("/")[0]) for p in page["Parameters"]
        ]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _rest_apis(settings: Settings, clients: Clients) -> list[Resource]:
    answer = call(clients.client("apigateway").get_rest_apis, limit=MOST_APIS)
    return [
        Resource(
            "apigateway",
            api["id"],
            f"arn:aws:apigateway:{settings.region}::/restapis/{api['id']}",
            api["name"],
        )
        for api in answer.get("items", ())
    ]


def _http_apis(settings: Settings, clients: Clients) -> list[Resource]:
    answer = call(clients.client("apigatewayv2").get_apis, MaxResults=str(MOST_APIS))
    return [
        Resource(
            "apigateway",
            api["ApiId"],
            f"arn:aws:apigateway:{settings.region}::/apis/{api['ApiId']}",
            api["Name"],
        )
        for api in answer.get("Items", ())
    ]
