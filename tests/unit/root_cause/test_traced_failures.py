"""What traced requests tell weighs as one witness: beside the logs, never on top of the same line."""

from dataclasses import replace
from datetime import timedelta

from auto_repair.domain.evidence import ErrorSignature
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, ResourceSignature, Surroundings
from auto_repair.domain.topology import Edge
from auto_repair.root_cause.around import inquire, investigation_of
from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import Kind, Verdict
from tests.builders import NOW, ago, evidence, some_surroundings
from tests.traces import THROTTLED
from tests.unit.root_cause.test_around import API, BROKE, BUCKET, LAMBDA, REFUSED, broken_api, series

TRACED = replace(REFUSED, first_seen=BROKE + timedelta(seconds=40), count=4, traced=True)


def hearing(*signatures: ResourceSignature) -> Surroundings:
    """The broken API, with what logs and traces say."""
    return broken_api(signatures=signatures)


def with_table(around: Surroundings) -> Surroundings:
    """The function uses a table, too."""
    scope = around.scope
    topology = replace(
        scope.topology,
        resources=(*scope.topology.resources, Resource("dynamodb", "stock")),
        edges=(*scope.topology.edges, Edge(LAMBDA, "dynamodb:stock", "environment variable TABLE")),
    )
    return replace(around, scope=replace(scope, topology=topology))


def verdict(*signatures: ResourceSignature) -> Verdict:
    return investigate(investigation_of(hearing(*signatures)))


def strengths(found: Verdict) -> dict[str, float]:
    """What messages add to each node."""
    return {e.node: e.strength for h in found.hypotheses for e in h.evidence_for if e.kind is Kind.LOGGED}


def test_traces_accuse_the_bucket_that_no_log_tells_of() -> None:
    assert BUCKET not in {h.node for h in verdict().hypotheses}
    best = verdict(TRACED).hypotheses[0]
    assert best.node == BUCKET
    said = next(e.summary for e in best.evidence_for if e.kind is Kind.LOGGED)
    assert said == f"traced requests failed in {LAMBDA} with {TRACED.template!r} 4 times"


def test_reason_that_rests_on_a_trace_cites_that_trace() -> None:
    told = hearing(replace(TRACED, evidence="traces.1-58406520-a006"))
    best = inquire(evidence(surroundings=told))[0][0]
    cited = {reason.text: reason.evidence for reason in best.because}
    said = next(text for text in cited if text.startswith("traced requests failed"))
    assert (best.resource, cited[said]) == (BUCKET, ("traces.1-58406520-a006",))


def test_same_failure_in_log_and_traces_counts_once() -> None:
    assert strengths(verdict(REFUSED, TRACED)) == strengths(verdict(REFUSED))
    assert [log.traced for log in investigation_of(hearing(REFUSED, TRACED)).logs] == [False]


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
    given = investigation_of(hearing(TRACED), own=(own,))
    assert [(log.count, log.traced) for log in given.logs] == [(900, False)]


def test_own_errors_of_before_are_known_from_the_logs_around() -> None:
    text = "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied"
    own = ErrorSignature("ClientError", text, 25, REFUSED.first_seen, NOW, text)
    usual = replace(REFUSED, template=f"ClientError: {text}", count_before=100, sample=text)
    new = inquire(evidence(signatures=(own,), surroundings=hearing()))[0]
    chronic = inquire(evidence(signatures=(own,), surroundings=hearing(usual)))[0]
    assert new[0].resource == BUCKET
    assert chronic[0].resource == API
    assert new[0].because[0].evidence == ("logs.errors",)
    assert "25 times, 100 times before" in next(h for h in chronic if h.resource == BUCKET).because[0].text


def test_failure_that_was_traced_while_all_was_well_weighs_less() -> None:
    chronic = replace(TRACED, first_seen=BROKE - timedelta(minutes=6))
    assert strengths(verdict(chronic))[BUCKET] < 0.6 * strengths(verdict(TRACED))[BUCKET]
    # The period in which the trouble begins does not tell when.
    began = replace(TRACED, first_seen=BROKE - timedelta(seconds=30))
    assert strengths(verdict(began)) == strengths(verdict(TRACED))


def test_failure_that_was_traced_before_anything_was_slow_weighs_less() -> None:
    """Nothing fails, so availability tells nothing of when it began."""
    slow = series(API, "Latency", MetricRole.LATENCY, 80.0, 900.0)

    def told(*signatures: ResourceSignature) -> Verdict:
        around = replace(some_surroundings(), series=(slow,), signatures=signatures)
        symptom = replace(around.scope.symptom, role=MetricRole.LATENCY)
        return investigate(investigation_of(replace(around, scope=replace(around.scope, symptom=symptom))))

    chronic = told(replace(TRACED, first_seen=BROKE - timedelta(minutes=6)))
    new = told(TRACED)
    assert strengths(chronic)[BUCKET] < 0.6 * strengths(new)[BUCKET]
    said = (e.summary for h in chronic.hypotheses for e in h.evidence_for if e.kind is Kind.LOGGED)
    assert [text.endswith("4 times, also before the trouble began") for text in said] == [True]
    # What makes requests slow may begin some minutes before they are.
    cause = told(replace(TRACED, first_seen=BROKE - timedelta(minutes=3)))
    assert strengths(cause) == strengths(new)


def test_trace_tells_which_table_a_message_leaves_open() -> None:
    throttled = replace(TRACED, template=THROTTLED, sample=THROTTLED)
    (said,) = investigation_of(with_table(hearing(throttled))).logs
    (traced,) = investigation_of(with_table(hearing(replace(throttled, names="dynamodb:ledger")))).logs
    assert (said.names, traced.names) == ("dynamodb:stock", "dynamodb:ledger")


def test_resource_that_only_traces_know_is_accused_by_its_name() -> None:
    unknown = replace(TRACED, names="dynamodb:ledger", template="ResourceNotFoundException")
    assert "dynamodb:ledger" in {h.node for h in verdict(unknown).hypotheses}


def test_traces_of_an_earlier_trouble_accuse_nobody() -> None:
    over = replace(TRACED, first_seen=ago(minutes=12), last_seen=ago(minutes=11))
    assert investigation_of(hearing(over)).logs == ()


def test_log_of_an_earlier_trouble_does_not_silence_the_traces_of_this_one() -> None:
    over = replace(REFUSED, first_seen=ago(minutes=12), last_seen=ago(minutes=11))
    assert [log.traced for log in investigation_of(hearing(over, TRACED)).logs] == [True]
