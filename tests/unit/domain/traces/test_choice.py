"""Which of many traced requests are read: each kind of answer, spread over time, and one to compare with."""

from typing import Any

from auto_repair.domain.traces.choice import Summary, slowest, telling_failures
from tests.builders import ago


def summary(minutes: float, seconds: float = 1.0, **facts: Any) -> Summary:
    return Summary(f"{minutes:g}", ago(minutes=minutes), seconds, **facts)


def chosen(*found: Summary, most: int = 5, by_errors: bool = False) -> list[str]:
    return [one.id for one in telling_failures(found, most, by_errors=by_errors)]


def test_newest_oldest_and_slowest_of_many_alike() -> None:
    many = [summary(n, seconds=9.0 if n == 4 else 1.0, fault=True, status=502) for n in range(1, 11)]
    assert chosen(*many) == ["1", "10", "4", "6", "2"]


def test_each_kind_of_answer_is_read() -> None:
    faults = [summary(n, fault=True, status=502) for n in range(1, 9)]
    found = chosen(*faults, summary(20, fault=True, status=504), summary(30, throttle=True, status=429))
    assert {"20", "30", "1", "8"} <= set(found)


def test_each_cause_that_xray_sees_is_read() -> None:
    """Lambda's own segment tells alike of requests that failed and of those that went well."""
    usual = [summary(n, causes=frozenset({"images HeadObject 404"})) for n in range(1, 20)]
    assert "30" in chosen(*usual, summary(30, causes=frozenset({"orders KeyError"})))


def test_oldest_that_was_served_is_there_to_compare_with() -> None:
    faults = [summary(n, fault=True, status=502) for n in range(1, 9)]
    served = [summary(n) for n in (3, 14, 9)]
    assert chosen(*faults, *served)[-1] == "14"
    assert len(chosen(*faults, *served)) == 5


def test_callers_mistakes_count_only_where_they_are_the_alarm() -> None:
    mistakes = [summary(n, error=True, status=404) for n in (1, 2)]
    fault = summary(5, fault=True, status=500)
    assert chosen(*mistakes, fault) == ["5"]
    assert set(chosen(*mistakes, fault, by_errors=True)) == {"1", "2", "5"}


def test_where_nobody_was_hurt_all_are_looked_at() -> None:
    assert chosen(summary(1), summary(2), summary(3)) == ["1", "3", "2"]
    assert chosen() == []


def test_slowest_and_the_one_in_the_middle() -> None:
    many = [summary(n, seconds=n) for n in range(1, 12)]
    assert [one.id for one in slowest(many, 5)] == ["11", "10", "9", "8", "6"]
    assert [one.id for one in slowest(many[:3], 5)] == ["3", "2", "1"]
    assert [one.id for one in slowest(many[:6], 5)] == ["6", "5", "4", "3", "2"]
