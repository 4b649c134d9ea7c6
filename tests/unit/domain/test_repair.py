"""A change inverts, rungs add up to one change, and both are told in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.repair import Change, Setting, SettingChange, Value, agree, since
from tests.bucket_policies import DENYING, FORMER
from tests.builders import (
    FUNCTION,
    QUEUE,
    a_change,
    a_context,
    an_attempt,
    bucket_policy,
    memory,
    reservation,
    timeout,
    visibility,
)

State = dict[tuple[str, Setting], Value]


def applied(change: Change, state: State) -> State:
    """The state after a change that finds what it expects."""
    for s in change.settings:
        assert state[(s.resource, s.setting)] == s.before
        state = state | {(s.resource, s.setting): s.after}
    return state


RESOURCES = (
    (FUNCTION, Setting.MEMORY_MB),
    (FUNCTION, Setting.TIMEOUT_S),
    (FUNCTION, Setting.RESERVED_CONCURRENCY),
    (QUEUE, Setting.VISIBILITY_TIMEOUT_S),
    (f"{QUEUE}-2", Setting.VISIBILITY_TIMEOUT_S),
)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[State, list[Change]]:
    """A state and changes that follow each other, each of some of the settings."""
    start: State = {key: draw(st.integers(0, 9999)) for key in RESOURCES}
    state, changes = start, []
    for rung in range(draw(st.integers(1, 4))):
        touched = draw(st.lists(st.sampled_from(RESOURCES), unique=True, min_size=1))
        settings = tuple(SettingChange(r, s, state[(r, s)], draw(st.integers(0, 9999))) for r, s in touched)
        change = Change(FUNCTION, settings, "live", str(rung + 1))
        changes.append(change)
        state = applied(change, state)
    return start, changes


@given(ladders())
def test_inverse_takes_a_change_back(ladder: tuple[State, list[Change]]) -> None:
    start, changes = ladder
    assert applied(changes[0].inverse(), applied(changes[0], start)) == start
    assert changes[0].inverse().inverse() == changes[0]


@given(ladders())
def test_rungs_add_up_to_one_change(ladder: tuple[State, list[Change]]) -> None:
    start, changes = ladder
    end, whole = start, changes[0]
    for change in changes:
        end = applied(change, end)
    for change in changes[1:]:
        whole = since(whole, change)
    assert applied(whole, start) == end
    assert applied(whole.inverse(), end) == start
    assert whole.alias_version == "1"


def test_first_and_last_rung_are_enough_where_all_touch_the_same() -> None:
    rungs = [a_change(memory(128, 384)), a_change(memory(384, 768)), a_change(memory(768, 1536))]
    assert since(rungs[0], rungs[2]) == a_change(memory(128, 1536))


def test_one_change_since_itself_is_itself() -> None:
    assert since(a_change(), a_change()) == a_change()


def test_rollback_restores_in_reverse_order() -> None:
    change = a_change(visibility(30, 54), timeout(3, 9))
    assert change.inverse().settings == (timeout(9, 3), visibility(54, 30))


def test_only_settings_of_a_version_need_publishing() -> None:
    assert a_change(alias="live").publishes
    assert not a_change().publishes
    assert not a_change(reservation(5, 10), alias="live").publishes


def test_change_in_words() -> None:
    assert str(a_change(memory(128, 384), alias="live")) == (
        "memory of orders: 128 MB → 384 MB; alias live moves to a new version"
    )
    assert str(visibility(30, 54)) == "visibility timeout of orders-inbox: 30 s → 54 s"
    assert str(reservation(None, 10)) == "reserved concurrency of orders: none → 10"


def test_documents_are_told_by_their_statements_and_shown_as_a_difference() -> None:
    change = bucket_policy(DENYING, FORMER)
    assert (
        str(change) == "bucket policy of images: 2 statements (AllowApp, DenyImages) → 1 statement (AllowApp)"
    )
    assert '-      "Sid": "DenyImages",' in change.diff.splitlines()
    assert change.inverse().diff != change.diff
    assert memory(128, 384).diff == ""
    assert str(bucket_policy(None, FORMER)) == "bucket policy of images: none → 1 statement (AllowApp)"


def test_documents_agree_however_they_are_written_numbers_only_when_equal() -> None:
    assert agree(Setting.BUCKET_POLICY, FORMER, canonical(FORMER))
    assert not agree(Setting.BUCKET_POLICY, FORMER, DENYING)
    assert not agree(Setting.BUCKET_POLICY, FORMER, None)
    assert agree(Setting.RESERVED_CONCURRENCY, None, None)
    assert not agree(Setting.RESERVED_CONCURRENCY, None, 0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [(Setting.BUCKET_POLICY, 7), (Setting.MEMORY_MB, "128"), (Setting.TIMEOUT_S, FORMER)],
)
def test_value_of_another_type_is_refused(setting: Setting, value: Value) -> None:
    with pytest.raises(ValueError, match=setting.value):
        SettingChange(FUNCTION, setting, value, None)
    with pytest.raises(ValueError, match=setting.value):
        SettingChange(FUNCTION, setting, None, value)


def test_documents_are_no_numbers() -> None:
    change = a_change(bucket_policy(DENYING, FORMER))
    assert (change.before(Setting.BUCKET_POLICY), change.after(Setting.BUCKET_POLICY)) == (None, None)


def test_values_by_setting() -> None:
    assert (a_change().before(Setting.MEMORY_MB), a_change().after(Setting.MEMORY_MB)) == (128, 384)
    assert a_change().after(Setting.TIMEOUT_S) is None


def test_rungs_are_what_this_incident_has_applied_oldest_first() -> None:
    first, second = an_attempt(memory(128, 384)), an_attempt(memory(384, 768))
    planned = an_attempt(memory(768, 1536), status="PLANNED")
    other = an_attempt(memory(64, 128), incident_id="another")
    assert a_context(planned, second, first, other).rungs == (first, second)
