"""What a kind of change is: which calls belong to it, and what one of them did to which resource."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auto_repair.domain.changes.trail_record import TrailRecord
from auto_repair.domain.redaction import redact

MAX_SUMMARY = 300
# What CloudTrail writes instead of a value that is none of its readers' business.
HIDDEN = ("HIDDEN_DUE_TO_SECURITY_REASONS", "****", "***")


@dataclass(frozen=True)
class Effect:
    """What one call did to one resource.

    `aspect` is what it changed of it: two changes of one aspect follow upon each other. `after` is JSON text.
    `ends`: nothing of the aspect is left. `partial`: `after` holds only the settings that were given, the
    others stay as they are. `before` is only what the call itself tells of what was there.
    """

    resource: str
    aspect: str
    summary: str = ""
    after: str = ""
    before: str = ""
    ends: bool = False
    partial: bool = False


@dataclass(frozen=True)
class Kind:
    """Calls of one service that change the same sort of thing."""

    service: str
    names: tuple[str, ...]
    read: Callable[[TrailRecord], Iterable[Effect]]


def document(value: Any) -> str:
    """A policy as JSON text, word for word: to restore it exactly, nothing may be redacted in it.

    Empty for what is no JSON object.
    """
    if isinstance(value, str):
        try:
            return value if isinstance(json.loads(value), dict) else ""
        except ValueError:
            return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else ""


def policy_words(text: str) -> str:
    """What a policy document is like, in a few words: `2 statements, 1 of them denies`."""
    statements = json.loads(text).get("Statement", []) if text else []
    statements = [statements] if isinstance(statements, dict) else statements
    count = len(statements)
    denying = sum(isinstance(s, dict) and s.get("Effect") == "Deny" for s in statements)
    words = f"policy of {count} statement{'' if count == 1 else 's'}"
    return f"{words}, {denying} of them to deny" if denying else words


def settings(values: Mapping[str, Any], *keys: str, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """These keys of `values`, all of them if none is named, without secrets and without empty values."""
    dropped = set(leave_out)
    chosen = keys or tuple(key for key in values if key not in dropped)
    return {
        key: _clean(key, values[key]) for key in chosen if key in values and values[key] not in (None, "", {})
    }


def as_text(values: Mapping[str, Any]) -> str:
    """The settings as JSON text, empty if there are none."""
    return json.dumps(values, ensure_ascii=False) if values else ""


def words(values: Mapping[str, Any]) -> str:
    """The settings in a line for people."""
    told = (f"{key} {v if isinstance(v, str | int | float) else json.dumps(v)}" for key, v in values.items())
    return ", ".join(told)[:MAX_SUMMARY]


def set_to(resource: str, aspect: str, values: Mapping[str, Any], *, partial: bool = False) -> Effect:
    """The aspect now is `values`, or these settings of it now are."""
    return Effect(resource, aspect, words(values), as_text(values), partial=partial)


def _clean(name: str, value: Any) -> Any:
    match value:
        case Mapping():
            # API Gateway's patches tell apart what is set, `/variables/apiKey`, and to what.
            of = str(value.get("path", "")).rpartition("/")[2]
            return {
                str(key): _clean(of if key == "value" and of else str(key), item)
                for key, item in value.items()
            }
        case list():
            return [_clean(name, item) for item in value]
        case str() if value in HIDDEN:
            return "[hidden]"
        # What looks like a secret in an ARN is the name of a service or a resource.
        case str() if not value.startswith("arn:"):
            return redact(f"{name}={value}").removeprefix(f"{name}=")
    return value
