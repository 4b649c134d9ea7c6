"""Which resources a question may be about, and what is not known of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auto_repair.domain.resources import Resource


@dataclass(frozen=True)
class Known:
    """Resources, each once, and in sentences which of them could not be learnt, and why."""

    resources: tuple[Resource, ...] = ()
    gaps: tuple[str, ...] = ()


def together(parts: Iterable[Known]) -> Known:
    """All that the parts know, in their order. Of a resource told twice, the fuller account counts."""
    resources: dict[str, Resource] = {}
    gaps: dict[str, None] = {}
    for part in parts:
        for resource in part.resources:
            known = resources.get(resource.id, resource)
            resources[resource.id] = replace(
                known, arn=known.arn or resource.arn, title=known.title or resource.title
            )
        gaps |= dict.fromkeys(part.gaps)
    return Known(tuple(resources.values()), tuple(gaps))
