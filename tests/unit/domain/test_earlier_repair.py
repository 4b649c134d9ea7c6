"""What an earlier incident repaired is over only where everything that could speak against it was read."""

from datetime import timedelta
from typing import Any

import pytest

from auto_repair.domain.earlier_repair import Settled, settled
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.repair import Attempt
from auto_repair.domain.timestamps import iso
from tests.builders import (
    NOW,
    a_change,
    a_configuration,
    a_gap,
    a_hypothesis,
    a_kill,
    a_run,
    a_series,
    a_signature,
    a_window,
    ago,
    an_alarm,
    an_attempt,
    an_error,
    an_incident,
    evidence,
    in_turn,
    memory,
    timeout,
)

LIVE_AT = ago(minutes=10)
KILLS = in_turn([a_kill()] * 3, until=ago(minutes=12))
WELL = in_turn([a_run(200, memory_size_mb=384)] * 5, until=ago(minutes=2))


def the_repair(*settings: Any, **facts: Any) -> Attempt:
    defaults = {"incident_id": "earlier", "status": "VERIFIED", "changed_at": iso(LIVE_AT)}
    return an_attempt(*settings, **(defaults | {"executed_at": iso(ago(minutes=11))} | facts))


def seen(**facts: Any) -> Evidence:
    """Kills up to twelve minutes ago, and nothing but good runs since the repair."""
    defaults: dict[str, Any] = {
        "window": a_window(30),
        "configuration": a_configuration(memory_mb=384),
        "invocations": (*KILLS, *WELL),
        "series": (
            a_series("Invocations", *[1] * 13, start=ago(minutes=14)),
            a_series("Errors", 2, 1, start=ago(minutes=14)),
        ),
        "signatures": (a_signature("Runtime.ExitError", last_seen=ago(minutes=12)),),
    }
    return evidence(**(defaults | facts))


def ended(
    around: Evidence | None = None, *attempts: Attempt, cause: Any = None, **incident: Any
) -> Settled | None:
    told = an_incident(**({"alarm": None, "since": ago(minutes=30)} | incident))
    known = attempts or (the_repair(),)
    return settled(cause or a_hypothesis(), told, around or seen(), known, least_runs=3)


def test_failures_that_ended_with_the_repair_are_over() -> None:
    assert ended() == Settled(the_repair(), clean_runs=5)


def test_all_rungs_of_the_earlier_incident_are_one_change() -> None:
    first = the_repair(memory(128, 192), status="EXECUTED", executed_at=iso(ago(minutes=15)))
    found = ended(None, the_repair(memory(192, 384)), first)
    assert found
    assert found.repair.change == a_change(memory(128, 384))


def test_a_run_that_began_before_the_repair_is_no_failure_since() -> None:
    late = a_kill(ended_at=LIVE_AT + timedelta(seconds=1), duration_ms=3000)
    assert ended(seen(invocations=(*KILLS, late, *WELL)))


@pytest.mark.parametrize(
    "around",
    [
        seen(invocations=(*KILLS, *WELL, a_kill(384, ended_at=ago(minutes=1)))),
        seen(invocations=(*KILLS, *WELL, a_kill(128, ended_at=ago(minutes=1)))),
        seen(invocations=(*KILLS, *WELL, an_error(ended_at=ago(minutes=1)))),
        seen(signatures=(a_signature("AccessDenied", last_seen=ago(minutes=1)),)),
        seen(series=(*seen().series[:1], a_series("Errors", 1, start=ago(minutes=3)))),
        seen(series=(*seen().series, a_series("Throttles", 1, start=ago(minutes=3)))),
        seen(series=(*seen().series, a_series("Duration.p99", 2990, start=ago(minutes=3)))),
    ],
    ids=["same again", "old memory", "other error", "error line", "errors", "throttles", "slow"],
)
def test_a_failure_since_the_repair_is_never_hidden(around: Evidence) -> None:
    assert ended(around) is None


@pytest.mark.parametrize(
    "around",
    [
        seen(missing=(a_gap("lambda_logs"),)),
        seen(missing=(a_gap("lambda_metrics"),)),
        seen(missing=(a_gap("function_configuration"),), configuration=None),
        seen(configuration=a_configuration(memory_mb=128)),
        seen(invocations=(*KILLS, *WELL[:2])),
        seen(series=(a_series("Invocations", 3, start=ago(minutes=14)),)),
        seen(configuration=None),
    ],
    ids=["logs", "metrics", "configuration", "put back", "few runs", "metrics end before", "not read"],
)
def test_what_is_not_known_for_sure_is_left_to_the_ordinary_way(around: Evidence) -> None:
    assert ended(around) is None


@pytest.mark.parametrize(
    "attempts",
    [
        (the_repair(status="INCONCLUSIVE"),),
        (the_repair(status="ROLLED_BACK"),),
        (the_repair(status="REFUSED"),),
        (the_repair(changed_at=""),),
        (the_repair(incident_id="incident-1"),),
        (the_repair(timeout(1, 3), repair="raise_timeout"),),
        (the_repair(status="ROLLED_BACK", incident_id="last"), the_repair()),
    ],
    ids=["no proof", "taken back", "refused", "no time", "its own", "another kind", "another one since"],
)
def test_only_the_last_repair_of_the_kind_counts_and_only_if_it_held(attempts: tuple[Attempt, ...]) -> None:
    assert ended(None, *attempts) is None


@pytest.mark.parametrize(
    "told",
    [
        {"alarm": an_alarm(changed_at=ago(minutes=5))},
        {"since": LIVE_AT},
        {"resource": "apigateway:a1b2c3"},
        {"cause": a_hypothesis(resource="s3:images")},
    ],
    ids=["alarm", "person", "about another resource", "cause in another resource"],
)
def test_trouble_that_is_told_of_later_or_elsewhere_is_looked_into(told: dict[str, Any]) -> None:
    assert ended(**told) is None


def test_an_alarm_from_before_the_repair_is_about_what_was_repaired() -> None:
    assert ended(alarm=an_alarm(changed_at=NOW - timedelta(minutes=11)))
