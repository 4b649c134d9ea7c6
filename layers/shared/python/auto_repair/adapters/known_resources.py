"""What questions in words may be about: onboarded functions, APIs, and everything that was measured lately.

CloudWatch lists the names of whatever sent a metric within two weeks, of all services alike and with one
permission that tells nothing but names. What was idle for longer is not known, and is found by its ARN.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from auto_repair.adapters.api_gateway import http_api, rest_api
from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.discovery import home
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.alarmed_resource import resource_of_metric
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.incident import AlarmMetric
from auto_repair.domain.naming import OURS
from auto_repair.domain.question.known import Known, together
from auto_repair.domain.question.services import NOUNS
from auto_repair.domain.resources import Resource
from auto_repair.settings import Settings

MOST_APIS = 500  # of each kind: one page
MOST_PAGES = 4  # of 500 metrics each, for one listing
AT_ONCE = 6  # requests: CloudWatch takes 25 a second of the whole account
DEADLINE_S = 7.0  # after that no request begins
GRACE_S = 3.0  # for those that are under way


@dataclass(frozen=True)
class Listing:
    """A metric that every resource of a service sends that is used, and the dimension that names it."""

    namespace: str
    metric: str
    dimension: str


MEASURED: Mapping[str, tuple[Listing, ...]] = {
    "bedrock": (Listing("AWS/Bedrock", "Invocations", "ModelId"),),
    # A table is measured by what is done to it.
    "dynamodb": (
        Listing("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName"),
        Listing("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName"),
    ),
    "ec2": (Listing("AWS/EC2", "CPUUtilization", "InstanceId"),),
    "elasticache": (Listing("AWS/ElastiCache", "CPUUtilization", "CacheClusterId"),),
    "elasticloadbalancing": (Listing("AWS/ApplicationELB", "RequestCount", "LoadBalancer"),),
    "events": (Listing("AWS/Events", "Invocations", "RuleName"),),
    "kinesis": (Listing("AWS/Kinesis", "IncomingRecords", "StreamName"),),
    "lambda": (Listing("AWS/Lambda", "Invocations", "FunctionName"),),
    "rds": (
        Listing("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier"),
        Listing("AWS/RDS", "CPUUtilization", "DBClusterIdentifier"),
    ),
    "s3": (Listing("AWS/S3", "NumberOfObjects", "BucketName"),),  # of every bucket, once a day
    "sns": (Listing("AWS/SNS", "NumberOfMessagesPublished", "TopicName"),),
    "sqs": (Listing("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),),
    "states": (Listing("AWS/States", "ExecutionsStarted", "StateMachineArn"),),
}


@dataclass(frozen=True)
class Found:
    """What one reading told, and whether that is all."""

    resources: list[Resource]
    whole: bool = True


Reading = tuple[str, Callable[[Deadline], Found]]  # what is read, in words, and how


def known_resources(
    settings: Settings,
    clients: Clients,
    services: Collection[str],
    *,
    deadline_s: float = DEADLINE_S,
    grace_s: float = GRACE_S,
) -> Iterator[Known]:
    """Onboarded functions, APIs and what is measured of the `services`; when that is not enough, the rest.

    Without services, all at once. What cannot be read in time, or not at all, is told and never raised.
    """
    first = [service for service in MEASURED if service in services or not services]
    always: list[Reading] = [
        ("onboarded functions", partial(_functions, settings, clients)),
        ("REST APIs", partial(_rest_apis, settings, clients)),
        ("HTTP APIs", partial(_http_apis, settings, clients)),
    ]
    yield _read([*always, *_measured(first, settings, clients)], deadline_s, grace_s)
    if rest := [service for service in MEASURED if service not in first]:
        yield _read(list(_measured(rest, settings, clients)), deadline_s, grace_s)


def _read(readings: Collection[Reading], deadline_s: float, grace_s: float) -> Known:
    deadline = Deadline(deadline_s)
    pool = ThreadPoolExecutor(AT_ONCE)
    futures = [(what, pool.submit(read, deadline)) for what, read in readings]
    wait([future for _, future in futures], timeout=deadline_s + grace_s)
    pool.shutdown(wait=False, cancel_futures=True)
    found: list[Resource] = []
    missed: dict[str, dict[str, None]] = {}  # by the reason, what was missed
    for what, future in futures:
        resources, why = _answer(future)
        found += resources
        if why:
            missed.setdefault(why, {})[what] = None
    gaps = tuple(f"Not all {_words(names)} are known: {why}." for why, names in missed.items())
    return together([Known(tuple(found), gaps)])


def _answer(future: "Future[Found]") -> tuple[list[Resource], str]:
    """What was found, and why that is not all."""
    if future.cancelled() or not future.done():
        return [], "there was no answer in time"
    try:
        found = future.result()
    except AutoRepairError as error:
        return [], str(error)[:300].rstrip(".")
    return found.resources, "" if found.whole else "there are more than were read"


def _words(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _measured(services: Iterable[str], settings: Settings, clients: Clients) -> Iterator[Reading]:
    for service in services:
        for listing in MEASURED[service]:
            yield f"{NOUNS[service]}s", partial(_list, settings, clients, service, listing)


def _list(settings: Settings, clients: Clients, service: str, listing: Listing, deadline: Deadline) -> Found:
    """Resources of the service that sent that metric. Our own are left out: nobody means them by chance."""
    place = home(settings)
    found: dict[str, Resource] = {}
    page: dict[str, Any] = {}
    listed = pages(
        clients.client("cloudwatch").list_metrics,
        Namespace=listing.namespace,
        MetricName=listing.metric,
        Dimensions=[{"Name": listing.dimension}],
    )
    for page in islice(listed, MOST_PAGES):
        for metric in page.get("Metrics", ()):
            dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", ())}
            resource = resource_of_metric(AlarmMetric(listing.namespace, listing.metric, dimensions), place)
            if resource and resource.service == service and not _is_ours(resource):
                found[resource.id] = resource
        if deadline.passed:
            break
    return Found(list(found.values()), whole=not following(page))


def _is_ours(resource: Resource) -> bool:
    """Whether it belongs to this system. A rule has its bus before its name."""
    return resource.name.rpartition("/")[2].startswith(OURS)


def _functions(settings: Settings, clients: Clients, deadline: Deadline) -> Found:
    prefix, found = settings.policy_prefix, []
    page: dict[str, Any] = {}
    for page in pages(
        clients.client("ssm").describe_parameters,
        ParameterFilters=[{"Key": "Path", "Option": "Recursive", "Values": [prefix]}],
        MaxResults=50,
    ):
        found += [
            Resource("lambda", p["Name"].removeprefix(f"{prefix}/").split("/")[0]) for p in page["Parameters"]
        ]
        if deadline.passed:
            break
    return Found(found, whole=not following(page))


def _rest_apis(settings: Settings, clients: Clients, _deadline: Deadline) -> Found:
    answer, place = call(clients.client("apigateway").get_rest_apis, limit=MOST_APIS), home(settings)
    return Found([rest_api(api, place) for api in answer.get("items", ())], whole=not following(answer))


def _http_apis(settings: Settings, clients: Clients, _deadline: Deadline) -> Found:
    answer, place = call(clients.client("apigatewayv2").get_apis, MaxResults=str(MOST_APIS)), home(settings)
    return Found([http_api(api, place) for api in answer.get("Items", ())], whole=not following(answer))
