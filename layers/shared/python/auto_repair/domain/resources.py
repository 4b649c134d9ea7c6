"""What an alarm, a change or a metric is about: one AWS resource, named the same way everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Resource:
    """An AWS resource. `service` is the one its ARN names; `name` is what the ARN calls it, without a path.

    An API's name is its id, an application's load balancer is `app/NAME/ID`, a rule on a bus `BUS/RULE`.
    `title` is what people call it where that differs (an API's own name).
    """

    service: str
    name: str
    arn: str = ""
    title: str = ""

    @property
    def id(self) -> str:
        """The node of the graph: `lambda:orders`, `s3:images`, `dynamodb:stock`."""
        return f"{self.service}:{self.name}"

    def __str__(self) -> str:
        return f"{self.service}:{self.title or self.name}"


def at_heart(name: str) -> Resource:
    """What an incident is about: the function of that name, or the resource whose id it is."""
    service, is_id, rest = name.partition(":")
    return Resource(service, rest) if is_id else Resource("lambda", name)


def each_once(told: Iterable[Resource]) -> tuple[Resource, ...]:
    """The resources in their order, each once. Of one that is told twice, the fuller account counts."""
    found: dict[str, Resource] = {}
    for resource in told:
        known = found.get(resource.id, resource)
        found[resource.id] = replace(
            known, arn=known.arn or resource.arn, title=known.title or resource.title
        )
    return tuple(found.values())
