"""Plain values to DynamoDB's typed attributes and back. Numbers stay exact, dataclasses become maps."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import msgspec

MAX_TEXT = 8000  # characters: an item must stay below 400 KB whatever an alarm's description holds

Attribute = dict[str, Any]


def to_attribute(value: Any, longest: int | None = MAX_TEXT) -> Attribute:
    """One value in DynamoDB's form, its texts cut at `longest`.

    Raises `TypeError` for what a table cannot hold.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value[:longest]}
        case int() | float() | Decimal():
            return {"N": _number(value)}
        case Mapping():
            return {"M": {str(key): to_attribute(item, longest) for key, item in value.items()}}
        case list() | tuple():
            return {"L": [to_attribute(item, longest) for item in value]}
    raise TypeError(f"a table cannot hold {type(value).__name__}")


def to_item(values: Mapping[str, Any], *, whole: Collection[str] = ()) -> dict[str, Attribute]:
    """An item; dataclasses, enums and times in it are made plain first. Texts in `whole` are never cut."""
    plain = msgspec.to_builtins(dict(values), builtin_types=(Decimal,))
    return {name: to_attribute(value, None if name in whole else MAX_TEXT) for name, value in plain.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The plain value; whole numbers come back as `int`, others as `float`."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            number = Decimal(value)
            return int(number) if number == number.to_integral_value() else float(number)
        case "M":
            return {name: from_attribute(item) for name, item in value.items()}
        case "L":
            return [from_attribute(item) for item in value]
        case "NULL":
            return None
    return value


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The item's plain values."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


def setting(
    values: Mapping[str, Any], *, once: Mapping[str, Any] | None = None, whole: Collection[str] = ()
) -> dict[str, Any]:
    """The arguments of an UpdateItem that sets `values`, and `once` only where nothing is set yet.

    A value of None is left out: what is there stays. Texts in `whole` are never cut.
    """
    always = to_item({name: value for name, value in values.items() if value is not None}, whole=whole)
    initial = to_item({name: value for name, value in (once or {}).items() if name not in always})
    steps = [f"#{i} = :{i}" for i in range(len(always))]
    steps += [f"#{i} = if_not_exists(#{i}, :{i})" for i in range(len(always), len(always) + len(initial))]
    every = [*always.items(), *initial.items()]
    return {
        "UpdateExpression": "SET " + ", ".join(steps),
        "ExpressionAttributeNames": {f"#{i}": name for i, (name, _) in enumerate(every)},
        "ExpressionAttributeValues": {f":{i}": value for i, (_, value) in enumerate(every)},
    }


def _number(value: int | float | Decimal) -> str:
    number = Decimal(str(value))
    if not number.is_finite():
        raise TypeError(f"a table cannot hold the number {value}")
    return str(number)
