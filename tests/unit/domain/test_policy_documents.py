"""Documents are compared as AWS compares them, and read as IAM evaluates them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain import policy_documents
from auto_repair.domain.policy_documents import allows, canonical, denies, same, summary, unified_diff
from tests.bucket_policies import ALLOW, DENY, DENYING, FORMER, OBJECT, ROLE, SESSION, policy
from tests.builders import ACCOUNT, BUCKET

GET = "s3:GetObject"
words = st.text("abc*?:/ \"\\'äß☃", max_size=6)
values = st.one_of(words, st.lists(words, max_size=3))
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Sid": words,
        "Principal": st.one_of(st.just("*"), st.fixed_dictionaries({"AWS": values})),
        "Action": values,
        "NotAction": values,
        "Resource": values,
        "NotResource": values,
        "Condition": st.dictionaries(words, st.dictionaries(words, values, max_size=2), max_size=2),
    },
)
documents = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(statements, max_size=3)}, optional={"Id": words}
)


def turned(value: Any) -> Any:
    """The same with every object's keys in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


def said(statement: dict[str, Any], principal: str = SESSION, action: str = GET, on: str = OBJECT) -> str:
    """What `denies` makes of one statement: yes, may, no."""
    found = denies(policy({**DENY, **statement}), principal, action, on)
    return {(): "no", (True,): "yes", (False,): "may"}[tuple(match.certain for match in found)]


# Form


@given(documents)
def test_canonical_text_holds_the_same_document_however_it_was_written(document: dict[str, Any]) -> None:
    text = canonical(json.dumps(document, indent=3))
    assert json.loads(text) == document
    assert canonical(text) == text
    assert canonical(json.dumps(turned(document))) == text


@given(documents)
def test_document_is_the_same_as_itself_in_any_order(document: dict[str, Any]) -> None:
    shuffled = {**document, "Statement": list(reversed(document["Statement"]))}
    assert same(json.dumps(document), json.dumps(turned(shuffled)))
    assert unified_diff(json.dumps(document), json.dumps(turned(document))) == ""


@given(documents, statements)
def test_one_statement_more_is_another_policy_and_shows(
    document: dict[str, Any], more: dict[str, Any]
) -> None:
    longer = {**document, "Statement": [*document["Statement"], more]}
    assert not same(json.dumps(document), json.dumps(longer))
    assert unified_diff(json.dumps(document), json.dumps(longer))


def test_keys_stand_where_people_expect_them() -> None:
    text = canonical(
        '{"Statement": {"Resource": "*", "Effect": "Deny", "Sid": "A"}, "Version": "2012-10-17"}'
    )
    assert text == '{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Deny","Resource":"*"}}'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Action": GET}, {"Action": [GET]}),
        ({"Action": [GET, "s3:PutObject"]}, {"Action": ["s3:PutObject", GET]}),
        ({"Principal": "*"}, {"Principal": {"AWS": "*"}}),
        ({"Principal": {"AWS": ACCOUNT}}, {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": False}}},
            {"Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
        ),
        (
            {"Condition": {"NumericLessThan": {"s3:max-keys": 10}}},
            {"Condition": {"NumericLessThan": {"s3:max-keys": "10"}}},
        ),
        ({"Sid": ""}, {}),
    ],
)
def test_what_aws_rewrites_while_storing_is_no_difference(one: Any, other: Any) -> None:
    base = {key: value for key, value in DENY.items() if key not in (*one, *other)}
    assert same(policy({**base, **one}), policy({**base, **other}))


@pytest.mark.parametrize(
    "other",
    [
        {"Action": "s3:getobject*"},
        {"Principal": {"AWS": ROLE.replace("aws", "aws-cn")}},
        {"Principal": {"Service": ROLE}},
        {"NotAction": GET, "Action": []},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Effect": "Allow"},
    ],
)
def test_what_changes_the_meaning_is_a_difference(other: dict[str, Any]) -> None:
    assert not same(policy(DENY), policy({**DENY, **other}))


def test_no_policy_is_only_the_same_as_none() -> None:
    assert same(None, None)
    assert not same(None, policy())
    assert same("broken", "broken")
    assert not same("broken", FORMER)
    assert not same(json.dumps({"Statement": []}), policy())  # without a version it is another language


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"x"', '{"Statement": "x"}', '{"Id": "\\ud800"}', "[" * 9999]
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        canonical(text)


def test_diff_shows_statements_line_by_line() -> None:
    lines = unified_diff(DENYING, FORMER).splitlines()
    assert lines[:2] == ["--- before", "+++ after"]
    assert '-      "Sid": "DenyImages",' in lines
    assert not [line for line in lines[2:] if line.startswith("+      ")]
    assert unified_diff(None, FORMER).splitlines()[3] == "+{"
    assert unified_diff(FORMER, FORMER) == ""
    assert '+of "text"' in unified_diff("some", 'of "text"')


def test_summary_names_statements() -> None:
    assert summary(None) == "none"
    assert summary(FORMER) == "1 statement (AllowApp)"
    assert summary(policy(ALLOW, {**DENY, "Sid": ""})) == "2 statements (AllowApp, statement 2)"
    assert summary(policy(*[ALLOW] * 5)).endswith("AllowApp, …)")
    assert summary(policy()) == "0 statements"
    assert summary("{") == "not a policy"


# Meaning


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", "yes"),
        ({"AWS": "*"}, "yes"),
        ({"AWS": ROLE}, "yes"),
        ({"AWS": [f"{ROLE}-2", ROLE]}, "yes"),
        ({"AWS": ROLE.replace("role/", "role/service/")}, "yes"),  # a session's ARN has no path
        ({"AWS": SESSION}, "yes"),
        ({"AWS": f"{SESSION}-2"}, "no"),
        ({"AWS": ACCOUNT}, "yes"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "yes"),
        ({"AWS": "000000000000"}, "no"),
        ({"AWS": f"{ROLE}-2"}, "no"),
        ({"AWS": ROLE.replace(ACCOUNT, "000000000000")}, "no"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/orders-role"}, "no"),
        ({"AWS": "AROAEXAMPLEID"}, "no"),  # whose role this was is gone
        ({"Service": "lambda.amazonaws.com"}, "no"),
        ({"CanonicalUser": "0" * 64}, "may"),
    ],
)
def test_principals(principal: Any, expected: str) -> None:
    assert said({"Principal": principal}) == expected


def test_who_is_left_out_of_a_deny_may_still_be_hit() -> None:
    statement = {key: value for key, value in DENY.items() if key != "Principal"}
    for named, expected in (({"AWS": ROLE}, [False]), ({"AWS": f"{ROLE}-2"}, [True]), ("*", [])):
        found = denies(policy({**statement, "NotPrincipal": named}), SESSION, GET, OBJECT)
        assert [match.certain for match in found] == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"Action": "*"}, "yes"),
        ({"Action": "s3:*"}, "yes"),
        ({"Action": "S3:getobject"}, "yes"),
        ({"Action": "s3:Get?bject"}, "yes"),
        ({"Action": "s3:Get"}, "no"),
        ({"Action": ["s3:Put*", "s3:Get*"]}, "yes"),
        ({"Resource": "*"}, "yes"),
        ({"Resource": BUCKET}, "no"),
        ({"Resource": f"{BUCKET}/*.png"}, "yes"),
        ({"Resource": f"{BUCKET}/[c]at.png"}, "no"),
        ({"Resource": f"{BUCKET}/${{aws:username}}.png"}, "may"),
        ({"Resource": f"{BUCKET}/${{aws:username}}.jpg"}, "no"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, "may"),
        ({"Effect": "Allow"}, "no"),
    ],
)
def test_actions_resources_and_conditions(part: dict[str, Any], expected: str) -> None:
    assert said(part) == expected


def test_negated_parts_hit_what_they_do_not_name() -> None:
    without = {key: value for key, value in DENY.items() if key not in ("Action", "Resource")}
    for part, hits in (
        ({"NotAction": "s3:Put*", "Resource": "*"}, True),
        ({"NotAction": "s3:Get*", "Resource": "*"}, False),
        ({"Action": "*", "NotResource": f"{BUCKET}/public/*"}, True),
        ({"Action": "*", "NotResource": f"{BUCKET}/*"}, False),
    ):
        assert bool(denies(policy({**without, **part}), SESSION, GET, OBJECT)) is hits


def test_what_is_unknown_is_never_certain() -> None:
    assert said({}, principal="") == "may"
    assert said({}, action="") == "may"
    assert said({}, on="") == "may"
    assert said({"Principal": "*", "Action": "*", "Resource": "*"}, "", "", "") == "yes"


def test_matches_are_named_and_tell_a_statement_that_was_rewritten() -> None:
    narrowed = policy({**DENY, "Sid": "", "Condition": {"Null": {"aws:TokenIssueTime": "true"}}})
    (match,) = denies(narrowed, ROLE, GET, OBJECT)
    assert str(match) == "statement 1 (under conditions)"
    (once,), (again,) = denies(DENYING, ROLE, GET, OBJECT), denies(policy(DENY), ROLE, GET, OBJECT)
    assert once == again
    (other,) = denies(policy({**DENY, "Action": "s3:*"}), ROLE, GET, OBJECT)
    assert other != once


def test_allow_is_read_likewise() -> None:
    assert [str(match) for match in allows(DENYING, SESSION, GET, OBJECT)] == ["AllowApp"]
    assert allows(None, SESSION, GET, OBJECT) == ()


@given(documents, words, words, words)
def test_any_document_is_answered(document: dict[str, Any], who: str, action: str, on: str) -> None:
    text = json.dumps(document)
    hit = (*denies(text, who, action, on), *allows(text, who, action, on))
    assert len(hit) <= len(document["Statement"])


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_mean_what_regular_expressions_make_of_them(pattern: str, text: str) -> None:
    expression = pattern.replace("*", ".*").replace("?", ".")
    assert policy_documents._is_like(text, pattern) is bool(re.fullmatch(expression, text))


def test_stars_cost_no_time() -> None:
    assert said({"Resource": "*a" * 5000 + "b"}, on="a" * 5000) == "no"
