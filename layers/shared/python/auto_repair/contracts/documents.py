"""Between the states: JSON documents to domain types and back, with errors that name the field."""

from typing import Any, TypeVar

import msgspec

from auto_repair.domain.errors import InvalidEvent

T = TypeVar("T")


def decode(kind: type[T], document: Any) -> T:
    """Turn plain JSON data into a domain object. Raises `InvalidEvent` naming the field."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise InvalidEvent(f"{kind.__name__}: {error}") from error


def encode(value: Any) -> Any:
    """Turn a domain object into plain JSON data."""
    return msgspec.to_builtins(value)
