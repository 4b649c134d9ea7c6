"""CloudWatch Logs filter patterns: terms, JSON conditions and space-delimited fields.

Matching is case sensitive, as on AWS.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

# What a matching event offers to metric filters: named fields, or the event's JSON under "$".
Fields = Mapping[str, Any]
Matcher = Callable[[str], Fields | None]
_Test = Callable[[Any], bool]


class PatternError(ValueError):
    """A pattern CloudWatch would refuse."""


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matcher:
    """A function that returns the fields of a matching message and None for others."""
    text = pattern.strip()
    if not text:
        return lambda _: {}
    if text.startswith("{") and text.endswith("}"):
        return _json_matcher(text[1:-1])
    if text.startswith("[") and text.endswith("]"):
        return _fields_matcher(text[1:-1])
    return _terms_matcher(text)


def select(fields: Fields, reference: str) -> Any:
    """The value of `$.a.b`, `$name` or a literal; None where there is none."""
    if reference.startswith("$."):
        found = _values(fields.get("$"), _steps(reference))
        return found[0] if found else None
    return fields.get(reference[1:]) if reference.startswith("$") else reference


# Terms


_TERM = re.compile(r"""([-?]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)+)%|(\S+))""")


def _terms_matcher(text: str) -> Matcher:
    required: list[_Test] = []
    excluded: list[_Test] = []
    optional: list[_Test] = []
    for sign, quoted, expression, bare in _TERM.findall(text):
        test = _search(expression) if expression else _contains(quoted.replace('\\"', '"') or bare)
        {"-": excluded, "?": optional, "": required}[sign].append(test)
    # Optional terms count only if there are no others.
    one_of = optional if not required else []

    def match(message: str) -> Fields | None:
        is_match = (
            all(test(message) for test in required)
            and not any(test(message) for test in excluded)
            and (not one_of or any(test(message) for test in one_of))
        )
        return {} if is_match else None

    return match


def _contains(term: str) -> _Test:
    return lambda message: term in message


def _search(expression: str) -> _Test:
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise PatternError(f"Invalid regular expression %{expression}%: {error}") from None
    return lambda message: compiled.search(message) is not None


# Conditions shared by JSON and space-delimited patterns


_TOKEN = re.compile(
    r"""\s*(?:(?P<word>\$(?:\.?\[[^\]]*\]|\.?[\w-]+|\.)+|\$)|(?P<operator>&&|\|\||[<>!]?=|[<>()])"""
    r"""|"(?P<string>(?:[^"\\]|\\.)*)"|%(?P<expression>(?:[^%\\]|\\.)+)%|(?P<bare>[^\s()<>=!&|"]+))"""
)
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise PatternError(f"Invalid character(s) in term '{text[at:].strip()}'")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Conditions:
    """Parses `a = 1 && (b < 2 || c IS NULL)` into a test; `operand` says what a word's values are."""

    def __init__(self, tokens: list[Token], operand: Callable[[str], Callable[[Any], list[Any]]]) -> None:
        self._tokens = tokens
        self._operand = operand
        self._at = 0

    def parse(self) -> _Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise PatternError(f"Unexpected '{self._tokens[self._at][1]}'")
        return test

    def _either(self) -> _Test:
        tests = [self._both()]
        while self._next_is("||"):
            tests.append(self._both())
        return lambda subject: any(test(subject) for test in tests)

    def _both(self) -> _Test:
        tests = [self._one()]
        while self._next_is("&&"):
            tests.append(self._one())
        return lambda subject: all(test(subject) for test in tests)

    def _one(self) -> _Test:
        if self._next_is("("):
            test = self._either()
            if not self._next_is(")"):
                raise PatternError("Missing ')'")
            return test
        values = self._operand(self._take()[1])
        kind, word = self._take()
        if kind == "operator":
            accepts = _comparison(word, *self._take())
            return lambda subject: any(accepts(value) for value in values(subject))
        if word == "IS":
            wanted = {"TRUE": True, "FALSE": False, "NULL": None}.get(self._take()[1], ...)
            return lambda subject: any(value is wanted for value in values(subject))
        if word == "NOT" and self._take()[1] == "EXISTS":
            return lambda subject: not values(subject)
        raise PatternError(f"Unexpected '{word}'")

    def _next_is(self, text: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("operator", text)
        self._at += found
        return found

    def _take(self) -> Token:
        if self._at >= len(self._tokens):
            raise PatternError("The pattern ends too early")
        self._at += 1
        return self._tokens[self._at - 1]


def _comparison(sign: str, kind: str, literal: str) -> _Test:
    if sign in _ORDER:
        limit, compare = _number(literal), _ORDER[sign]
        if limit is None:
            raise PatternError(f"'{literal}' is not a number")
        return lambda value: (number := _number(value)) is not None and compare(number, limit)
    equals = _equality(kind, literal)
    return equals if sign == "=" else lambda value: not equals(value)


def _equality(kind: str, literal: str) -> _Test:
    if kind == "expression":
        search = _search(literal)
        return lambda value: isinstance(value, str) and search(value)
    number = _number(literal) if kind != "string" else None
    if number is not None:
        return lambda value: _number(value) == number
    wanted = re.compile(fnmatch.translate(literal.replace("[", "[[]").replace("?", "[?]")))
    return lambda value: wanted.match(value if isinstance(value, str) else json.dumps(value)) is not None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


# JSON


def _json_matcher(text: str) -> Matcher:
    def operand(reference: str) -> Callable[[Any], list[Any]]:
        steps = _steps(reference)
        return lambda document: _values(document, steps)

    test = _Conditions(_tokens(text), operand).parse()

    def match(message: str) -> Fields | None:
        try:
            document = json.loads(message)
        except ValueError:
            return None
        return {"$": document} if isinstance(document, dict | list) and test(document) else None

    return match


def _steps(reference: str) -> list[str | int]:
    """`$.a.b[0].['c d']` as a, b, 0, c d; `*` stands for every element."""
    if not reference.startswith("$"):
        raise PatternError(f"Invalid selector '{reference}'")
    steps: list[str | int] = []
    for name, index, quoted in re.findall(r"""\.([\w-]+)|\[(\d+|\*)\]|\[['"](.+?)['"]\]""", reference):
        steps.append(int(index) if index.isdigit() else name or quoted or index)
    return steps


def _values(document: Any, steps: list[str | int]) -> list[Any]:
    found = [document]
    for step in steps:
        found = [value for item in found for value in _step(item, step)]
    return found


def _step(item: Any, step: str | int) -> list[Any]:
    if isinstance(item, list):
        if step == "*":
            return item
        return [item[step]] if isinstance(step, int) and step < len(item) else []
    return [item[step]] if isinstance(item, dict) and step in item else []


# Space-delimited fields


_FIELD = re.compile(r"\[([^\]]*)\]|\"([^\"]*)\"|(\S+)")


def _fields_matcher(text: str) -> Matcher:
    columns = [column.strip() for column in re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", text)]
    names = [re.split(r"[\s=!<>]", column, maxsplit=1)[0] for column in columns]
    tests = [_column_test(name, column) for name, column in zip(names, columns, strict=True)]
    gap = names.index("...") if "..." in names else None

    def match(message: str) -> Fields | None:
        words = [next(filter(None, groups), "") for groups in _FIELD.findall(message)]
        if gap is None and len(words) != len(names):
            return None
        if gap is not None and len(words) < len(names) - 1:
            return None
        aligned = words if gap is None else _spread(words, len(names), gap)
        fields = dict(zip(names, aligned, strict=True))
        return fields if all(test(fields) for test in tests) else None

    return match


def _spread(words: list[str], columns: int, gap: int) -> list[str]:
    """The words as columns, all that `...` swallows in one."""
    after = columns - gap - 1
    tail = words[len(words) - after :] if after else []
    return [*words[:gap], " ".join(words[gap : len(words) - after]), *tail]


def _column_test(name: str, column: str) -> _Test:
    if column == name:
        return lambda _: True

    def operand(field: str) -> Callable[[Any], list[Any]]:
        return lambda fields: [fields[field]] if field in fields else []

    return _Conditions(_tokens(column), operand).parse()
