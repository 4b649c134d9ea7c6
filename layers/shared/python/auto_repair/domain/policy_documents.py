"""Resource policies as documents: when two mean the same, what one denies or allows, how two differ.

A judgement here reads one document only. What identity policies, access points, organisations or a key's
policy add to it is not seen, so that "allows" never means that a call will succeed.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# As IAM's reference writes them: a person finds every part where it is expected.
_ORDER = (
    *("Version", "Id", "Sid", "Effect", "Principal", "NotPrincipal"),
    *("Action", "NotAction", "Resource", "NotResource", "Condition", "Statement"),
)
_DEFAULT_VERSION = "2008-10-17"
_ACCOUNT = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?")
_ROLE = re.compile(r"arn:[\w-]+:(?:iam::(\d{12}):role/(?:.*/)?|sts::(\d{12}):assumed-role/)([^/]+)(?:/.*)?")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_MOST_SIDS = 4


@dataclass(frozen=True)
class Match:
    """A statement that speaks of a call. Not `certain`: a condition, or something unknown, decides."""

    statement: str  # its Sid, or its position: `statement 2`
    certain: bool
    content: str = field(default="", repr=False)  # tells a statement from one that was rewritten

    def __str__(self) -> str:
        return self.statement if self.certain else f"{self.statement} (under conditions)"


def canonical(text: str) -> str:
    """The same document with its keys in IAM's order and no white space; values stay as they are.

    Raises `ValueError` when the text is no policy document.
    """
    written = json.dumps(_ordered(_parsed(text)), separators=(",", ":"), ensure_ascii=False)
    written.encode()  # half a character, which JSON can spell, is a ValueError too
    return written


def same(one: str | None, other: str | None) -> bool:
    """Whether AWS takes both for one policy, however it has rewritten it while storing. None: no policy."""
    if one is None or other is None:
        return one is other
    try:
        return _normal_form(_parsed(one)) == _normal_form(_parsed(other))
    except ValueError:
        return one == other


def denies(document: str | None, principal_arn: str, action: str, resource_arn: str) -> tuple[Match, ...]:
    """The Deny statements that hit the call. Empty names are unknown: what depends on them is not certain.

    Raises `ValueError` when the text is no policy document.
    """
    return _matches(document, "Deny", _Call(principal_arn, action, resource_arn))


def allows(document: str | None, principal_arn: str, action: str, resource_arn: str) -> tuple[Match, ...]:
    """The Allow statements that hit the call; see `denies`."""
    return _matches(document, "Allow", _Call(principal_arn, action, resource_arn))


def role_allows(document: str | None, action: str, resource_arn: str) -> tuple[Match, ...]:
    """The Allow statements of a role's own policy, which names no caller, that hit the call; see `denies`."""
    return _matches(document, "Allow", _Call(None, action, resource_arn))


def open_to_everybody(document: str | None) -> tuple[Match, ...]:
    """The Allow statements that name no caller: whoever may reach the resource meets them."""
    statements = _statements(_parsed(document)) if document is not None else []
    return tuple(
        Match(_name(statement, position), not statement.get("Condition"), _statement_form(statement))
        for position, statement in enumerate(statements, 1)
        if statement.get("Effect") == "Allow" and _names_no_caller(statement)
    )


def unified_diff(before: str | None, after: str | None) -> str:
    """The difference line by line, three lines around each change; empty when both are written alike."""
    # Imported late: every function loads this module, and few look at a policy.
    from difflib import unified_diff as differing_lines

    return "\n".join(
        line.rstrip("\n")
        for line in differing_lines(_lines(before), _lines(after), "before", "after", lineterm="")
    )


def summary(text: str | None) -> str:
    """`none`, `2 statements (AllowApp, DenyOthers)`."""
    if text is None:
        return "none"
    try:
        statements = _statements(_parsed(text))
    except ValueError:
        return "not a policy"
    names = [_name(statement, position) for position, statement in enumerate(statements, 1)]
    shown = ", ".join(names[:_MOST_SIDS]) + (", …" if len(names) > _MOST_SIDS else "")
    return f"{len(names)} statement{'' if len(names) == 1 else 's'}" + (f" ({shown})" if shown else "")


# --- form -------------------------------------------------------------------------------------------------


def _parsed(text: str) -> Json:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(s, dict) for s in _statements(document)):
        raise ValueError("a policy document is an object whose statements are objects")
    return document


def _statements(document: Json) -> list[Any]:
    return _listed(document.get("Statement", []))


def _listed(value: Any) -> list[Any]:
    """AWS takes a single value for a list of one, and stores it either way."""
    return value if isinstance(value, list) else [value]


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _ordered(value[key]) for key in sorted(value, key=_place)}


def _place(key: str) -> tuple[int, str]:
    return (_ORDER.index(key), "") if key in _ORDER else (len(_ORDER), key)


def _lines(text: str | None) -> list[str]:
    if text is None:
        return []
    try:
        return json.dumps(_ordered(_parsed(text)), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return text.splitlines()


def _normal_form(document: Json) -> str:
    rest = {key: value for key, value in document.items() if key not in ("Version", "Statement")}
    statements = sorted(map(_statement_form, _statements(document)))
    return _text({**rest, "Version": document.get("Version", _DEFAULT_VERSION), "Statement": statements})


def _statement_form(statement: Json) -> str:
    return _text({key: _element(key, value) for key, value in statement.items() if value not in ("", {})})


def _element(key: str, value: Any) -> Any:
    if key in ("Principal", "NotPrincipal"):
        by_kind = value if isinstance(value, dict) else {"AWS": value}
        return {kind: sorted(map(_account, _texts(named))) for kind, named in by_kind.items()}
    if key == "Condition" and isinstance(value, dict):
        return {test: _condition(keys) for test, keys in value.items()}
    return sorted(_texts(value))


def _condition(keys: Any) -> Any:
    return {key: sorted(_texts(values)) for key, values in keys.items()} if isinstance(keys, dict) else keys


def _texts(value: Any) -> list[str]:
    """AWS stores numbers and truth values of conditions as texts."""
    return [item if isinstance(item, str) else _text(item) for item in _listed(value)]


def _account(principal: str) -> str:
    """AWS writes an account's id as the ARN of its root."""
    found = _ACCOUNT.fullmatch(principal)
    return found[1] if found else principal


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _name(statement: Json, position: int) -> str:
    sid = statement.get("Sid")
    return sid if isinstance(sid, str) and sid else f"statement {position}"


# --- meaning ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Call:
    """Who asks for what; a part that is empty is not known. principal: None for whoever has the policy."""

    principal: str | None
    action: str
    resource: str


def _matches(document: str | None, effect: str, call: _Call) -> tuple[Match, ...]:
    if document is None:
        return ()
    found = []
    for position, statement in enumerate(_statements(_parsed(document)), 1):
        hits = _hits(statement, call)
        if statement.get("Effect") == effect and False not in hits:
            found.append(Match(_name(statement, position), None not in hits, _statement_form(statement)))
    return tuple(found)


def _hits(statement: Json, call: _Call) -> tuple[bool | None, ...]:
    """What each part of the statement says of the call: yes, no, or None: it depends."""
    return (
        call.principal is None or _principal_hits(statement, call.principal),
        _part_hits(statement, "Action", call.action.lower(), lower=True),
        _part_hits(statement, "Resource", call.resource),
        None if statement.get("Condition") else True,
    )


def _part_hits(statement: Json, part: str, asked: str, *, lower: bool = False) -> bool | None:
    negated = f"Not{part}" in statement
    patterns = _texts(statement.get(f"Not{part}" if negated else part, []))
    said = _any(_pattern_hits(p.lower() if lower else p, asked) for p in patterns)
    return _opposite(said) if negated else said


def _pattern_hits(pattern: str, asked: str) -> bool | None:
    if set(pattern) == {"*"}:
        return True
    if not asked:
        return None
    loose = _VARIABLE.sub("*", pattern)
    if not _is_like(asked, loose):
        return False
    return True if loose == pattern else None  # nobody knows here what the variable stands for


def _principal_hits(statement: Json, principal: str) -> bool | None:
    negated = "NotPrincipal" in statement
    named = statement.get("NotPrincipal" if negated else "Principal", {})
    by_kind = named if isinstance(named, dict) else {"AWS": named}
    said = _any(
        _one_principal_hits(kind, text, principal)
        for kind, texts in by_kind.items()
        for text in _texts(texts)
    )
    if not negated:
        return said
    # Who is named may still be hit: AWS wants the session, the role and the account named, all three.
    return None if said and "*" not in _texts(by_kind.get("AWS", [])) else _opposite(said)


def _names_no_caller(statement: Json) -> bool:
    if "NotPrincipal" in statement:
        return True
    named = statement.get("Principal", {})
    return "*" in _texts(named.get("AWS", []) if isinstance(named, dict) else named)


def _one_principal_hits(kind: str, text: str, principal: str) -> bool | None:
    if kind == "CanonicalUser":
        return None  # an account by an id that says nothing
    if kind != "AWS":
        return False  # a service, or a federated identity
    if text == "*" or text == principal:
        return True
    if not principal:
        return None
    named, asking = _ROLE.fullmatch(text), _ROLE.fullmatch(principal)
    if account := _ACCOUNT.fullmatch(text):
        return f"::{account[1]}:" in principal
    if not named or not asking:
        return False
    is_one_session = ":assumed-role/" in text and ":assumed-role/" in principal
    same_role = (named[1] or named[2], named[3]) == (asking[1] or asking[2], asking[3])
    return same_role and not is_one_session


def _any(said: Iterable[bool | None]) -> bool | None:
    answers = list(said)
    return True if True in answers else None if None in answers else False


def _opposite(said: bool | None) -> bool | None:
    return None if said is None else not said


def _is_like(text: str, pattern: str) -> bool:
    """`*` stands for any characters, `?` for one. In linear steps for each star, whatever the pattern."""
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(c == "*" for c in pattern[place:])
