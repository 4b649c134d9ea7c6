"""A person is asked once per question, with everything that the answer needs."""

from datetime import timedelta

import pytest

from auto_repair.domain.case import Case
from auto_repair.domain.errors import InvalidEvent
from auto_repair.domain.plan import Decision
from auto_repair.domain.timestamps import iso
from auto_repair.use_cases.await_approval import AwaitApproval
from tests.builders import NOW, a_case, a_plan, an_incident
from tests.fakes import FakeAnnouncer, FakeClock, FakeStore

ASKING = a_case(plan=a_plan(decision=Decision.ASK, approval_expiry_s=3600))


def test_question_goes_out_and_is_on_record() -> None:
    announcer, store = FakeAnnouncer(), FakeStore()
    ask = AwaitApproval(
        announcer, store, FakeClock(), lambda _, token, expiry: ("question", f"{token} {iso(expiry)}")
    )
    assert ask(ASKING, "a-token")
    ((_, body),) = announcer.messages.values()
    expiry = iso(NOW + timedelta(hours=1, milliseconds=1))
    assert body == f"a-token {expiry}"
    (facts,) = store.repairs.values()
    assert facts["approvalExpiresAt"] == expiry
    assert facts["askedAt"]


def test_repeat_with_the_same_token_asks_once_and_a_new_token_asks_again() -> None:
    announcer = FakeAnnouncer()
    ask = AwaitApproval(announcer, FakeStore(), FakeClock(), lambda *_: ("question", "body"))
    for token in ("a-token", "a-token", "another-token"):
        ask(ASKING, token)
    assert len(announcer.messages) == 2


def test_nothing_to_ask_about() -> None:
    ask = AwaitApproval(FakeAnnouncer(), FakeStore(), FakeClock(), lambda *_: ("question", "body"))
    with pytest.raises(InvalidEvent, match="no change to ask about"):
        ask(Case(an_incident()), "a-token")
