"""Answers that AWS gives in pages.

Not by the SDK's paginators: they call the SDK's own clients, past what `incident_reads` counts and keeps.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auto_repair.adapters.aws_errors import call

# The mark of a further page: as an answer calls it, and as the request for that page does.
_MARKS = {
    "LastEvaluatedKey": "ExclusiveStartKey",
    "NextMarker": "Marker",
    "NextToken": "NextToken",
    "nextToken": "nextToken",
    "position": "position",
}


def following(page: Mapping[str, Any]) -> dict[str, Any]:
    """The argument that asks for the page after this one; empty after the last one."""
    return {asked: page[told] for told, asked in _MARKS.items() if page.get(told)}


def pages(method: Callable[..., Any], /, **arguments: Any) -> Iterator[dict[str, Any]]:
    """The pages of an answer, none asked for before it is wanted. Raises only errors of our own family."""
    page: dict[str, Any] = {}
    while True:
        page = call(method, **arguments, **following(page))
        yield page
        if not following(page):
            return
