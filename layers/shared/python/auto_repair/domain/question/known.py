"""Which resources a question may be about, and what is not known of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from auto_repair.domain.resources import Resource, each_once


@dataclass(frozen=True)
class Known:
    """Resources, each once, and in sentences which of them could not be learnt, and why."""

    resources: tuple[Resource, ...] = ()
    gaps: tuple[str, ...] = ()


def together(parts: Iterable[Known]) -> Known:
    """All that the parts know, in their order. Of a resource told twice, the fuller account counts."""
    parts = tuple(parts)
    gaps = dict.fromkeys(gap for part in parts for gap in part.gaps)
    return Known(each_once(resource for part in parts for resource in part.resources), tuple(gaps))
