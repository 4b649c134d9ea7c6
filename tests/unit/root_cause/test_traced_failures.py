"""What traced requests tell weighs as one witness: beside the logs, never on top of the same line."""

from dataclasses import replace
from datetime import timedelta

from auto_repair.domain.surroundings import MetricRole, ResourceSignature, Surroundings
from auto_repair.root_cause.around import investigation_of
from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import Kind, Verdict
from tests.builders import NOW, ago, some_surroundings
from tests.unit.root_cause.test_around import API, BROKE, BUCKET, LAMBDA, REFUSED, series

TRACED = replace(REFUSED, first_seen=BROKE + timedelta(seconds=40), count=4, traced=True)


def broken_api(*signatures: ResourceSignature) -> Surroundings:
    """Its API fails; the function catches what it meets, so that its own metrics are as ever."""
    observed = (
        series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 0.1),
        series(API, "Count", MetricRole.REQUESTS, 60, 61),
        series(LAMBDA, "Errors / Invocations", MetricRole.AVAILABILITY, 1.0, 1.0),
        series(LAMBDA, "Invocations", MetricRole.REQUESTS, 60, 61),
    )
    return replace(some_surroundings(), series=observed, signatures=signatures)


def verdict(*signatures: ResourceSignature) -> Verdict:
    return investigate(investigation_of(broken_api(*signatures)))


def strengths(found: Verdict) -> dict[str, float]:
    """What messages add to each node."""
    return {e.node: e.strength for h in found.hypotheses for e in h.evidence_for if e.kind is Kind.LOGGED}


def test_traces_accuse_the_bucket_that_no_log_tells_of() -> None:
    assert BUCKET not in {h.node for h in verdict().hypotheses}
    best = verdict(TRACED).hypotheses[0]
    assert best.node == BUCKET
    said = next(e.summary for e in best.evidence_for if e.kind is Kind.LOGGED)
    assert said == f"traced requests failed in {LAMBDA} with {TRACED.template!r} 4 times"


def test_same_failure_in_log_and_traces_counts_once() -> None:
    assert strengths(verdict(REFUSED, TRACED)) == strengths(verdict(REFUSED))
    assert [log.traced for log in investigation_of(broken_api(REFUSED, TRACED)).logs] == [False]


def test_log_that_knows_it_was_always_so_outweighs_the_traces() -> None:
    usual = replace(REFUSED, count=25, count_before=100)
    assert strengths(verdict(usual, TRACED)) == strengths(verdict(usual))
    assert strengths(verdict(usual))[BUCKET] < strengths(verdict(TRACED))[BUCKET] / 3


def test_function_that_only_says_it_failed_is_no_reason_to_be_silent_on_whom_it_called() -> None:
    raised = ResourceSignature(LAMBDA, "RuntimeError: no picture", BROKE, NOW, count=25)
    assert set(strengths(verdict(raised, TRACED))) >= {BUCKET}
    assert verdict(raised, TRACED).hypotheses[0].node == BUCKET


def test_own_log_counts_as_a_log_too() -> None:
    own = replace(REFUSED, count=900)
    given = investigation_of(broken_api(TRACED), own=(own,))
    assert [(log.count, log.traced) for log in given.logs] == [(900, False)]


def test_resource_that_only_traces_know_is_accused_by_its_name() -> None:
    unknown = replace(TRACED, names="dynamodb:ledger", template="ResourceNotFoundException")
    assert "dynamodb:ledger" in {h.node for h in verdict(unknown).hypotheses}


def test_traces_of_an_earlier_trouble_accuse_nobody() -> None:
    over = replace(TRACED, first_seen=ago(minutes=12), last_seen=ago(minutes=11))
    assert investigation_of(broken_api(over)).logs == ()
