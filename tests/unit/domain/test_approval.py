"""Anything but a clear yes is a no, whatever kind of JSON a person sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.approval import read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_yes() -> None:
    answer = read(
        {"decision": "approve", "answeredBy": "arn:aws:iam::123456789012:user/ada", "comment": "go"}
    )
    assert answer.approved
    assert answer.answered_by == "arn:aws:iam::123456789012:user/ada"
    assert answer.comment == "go"


@pytest.mark.parametrize("decision", ["reject", "expired", " Reject "])
def test_no(decision: str) -> None:
    answer = read({"decision": decision})
    assert not answer.approved
    assert answer.decision == decision.strip().lower()
    assert answer.answered_by == "unknown"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        1,
        "approve",
        ["approve"],
        {},
        {"decision": None},
        {"decision": ["approve"]},
        {"decision": 1},
    ],
)
def test_unclear_is_no(answer: object) -> None:
    said = read(answer)
    assert not said.approved
    assert said.decision == "unclear"
    assert said.comment


@pytest.mark.parametrize("decision", ["Approve", "approve ", "APPROVE", "approved", "yes"])
def test_yes_is_spelled_as_the_workflows_choice_compares_it(decision: str) -> None:
    said = read({"decision": decision, "comment": "fine with me"})
    assert not said.approved
    assert said.decision == "unclear"
    assert "exactly approve or reject" in said.comment
    assert "fine with me" in said.comment


def test_long_answers_are_cut() -> None:
    said = read({"decision": "approve", "answeredBy": "x" * 9999, "comment": "y" * 9999})
    assert len(said.answered_by) == 256
    assert len(said.comment) == 1000


@given(JSON)
def test_every_answer_is_understood_somehow(answer: object) -> None:
    said = read(answer)
    is_yes = isinstance(answer, dict) and answer.get("decision") == "approve"
    assert said.approved is is_yes
    assert said.decision in ("approve", "reject", "expired", "unclear")
