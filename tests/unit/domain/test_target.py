"""Which version callers reach, and through which alias."""

from auto_repair.domain.evidence import Alias
from auto_repair.domain.target import alias_of, version_in_use
from tests.builders import (
    a_kill,
    a_run,
    evidence,
    in_turn,
)


def test_version_that_fails_is_the_one_in_use() -> None:
    runs = [a_run(version="5")] * 9 + [a_kill(version="6")] * 2 + [a_kill(version="5")]
    assert version_in_use(evidence(invocations=in_turn(runs))) == "6"


def test_version_of_most_runs_is_in_use_while_none_fails() -> None:
    assert version_in_use(evidence(invocations=(a_run(version="5"),))) == "5"
    assert version_in_use(evidence()) == "$LATEST"


def test_alias_named_by_alarm_or_policy_comes_first() -> None:
    aliases = (Alias("blue", "5"), Alias("live", "5"))
    assert alias_of(evidence(alias="live", aliases=aliases), "5") == "live"
    assert alias_of(evidence(aliases=aliases), "5") == "blue"
    assert alias_of(evidence(aliases=aliases), "4") is None
