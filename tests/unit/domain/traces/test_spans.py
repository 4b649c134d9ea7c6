"""X-Ray's documents become a tree, whatever is in them."""

import json
from typing import Any

import pytest

from auto_repair.domain.traces.spans import trace_of
from tests.traces import BEGAN, TRACE, bucket_call, denied_bucket, lambda_segments, read, stage, table_call


def test_segments_and_subsegments_are_one_tree() -> None:
    trace = read(*lambda_segments(table_call()), stage(200))
    (root,) = trace.roots
    below = [root]
    while trace.children.get(below[-1].id):
        below.append(trace.children[below[-1].id][0])
    assert [span.name for span in below] == ["shop/prod", "Lambda", "orders", "orders", "DynamoDB"]
    assert trace.complete
    assert [span.is_part for span in below] == [False, True, False, False, True]


def test_what_a_span_tells() -> None:
    trace = read(stage(502), *lambda_segments(denied_bucket()))
    (root,) = trace.roots
    assert root.asked == "POST /prod/orders"  # and not who asked
    assert (root.fault, root.error, root.status) == (True, False, 502)
    call = next(span for span in trace.spans if span.name == "S3")
    assert (call.is_call, call.failed, call.status) == (True, True, 403)
    assert [one.type for one in call.exceptions] == ["ClientError"]
    assert call.at.timestamp() == pytest.approx(BEGAN + 0.1)


def test_segment_in_progress_is_replaced_by_what_became_of_it() -> None:
    begun, ended = lambda_segments(end=None)[1], lambda_segments()[1]
    for documents in ((begun, ended), (ended, begun)):
        (span,) = read(*documents).spans
        assert span.end == BEGAN + 0.9
    assert read(begun).spans[0].end is None


def test_subsegment_sent_on_its_own_finds_its_place() -> None:
    alone = {**bucket_call(), "type": "subsegment", "trace_id": TRACE, "parent_id": "5e00000000000003"}
    trace = read(alone, *lambda_segments(parent=""))
    assert [span.name for span in trace.children["5e00000000000003"]] == ["S3"]
    assert trace.by_id[alone["id"]].is_part


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"id": "1", "name": "x"}',
        '{"id": "1", "name": "x", "start_time": "soon"}',
        '{"id": "1", "name": "x", "start_time": NaN}',
        '{"id": "1", "name": "x", "start_time": 1e300}',
        '{"id": "1", "name": "x", "start_time": 1, "http": "none"}',
        '{"id": "1", "name": "x", "start_time": 1, "cause": {"exceptions": ["boom"]}}',
        '{"id": "1", "name": "x", "start_time": 1, "subsegments": [1]}',
        "[" * 100_000,
        '{"id": "1", "name": "x", "start_time": 1, "http": {"response": {"status": 1e400}}}',
        '{"id": "1", "name": "x", "start_time": ' + "9" * 400 + "}",
    ],
)
def test_what_is_no_document_leaves_the_rest(document: str) -> None:
    good = json.dumps(lambda_segments(parent="")[0])
    trace = trace_of(TRACE, [document, good])
    assert "orders" in {span.name for span in trace.spans}
    assert not trace.complete


def test_half_a_character_can_be_stored() -> None:
    trace = trace_of(TRACE, ['{"id": "1", "name": "x\\ud800", "start_time": 1, "end_time": 2}'])
    assert [span.name for span in trace.spans] == ["x?"]


def test_documents_that_name_each_other_as_parents_end() -> None:
    def segment(id_: str, parent: str) -> dict[str, Any]:
        return {"id": id_, "parent_id": parent, "name": id_, "start_time": 1, "end_time": 2, "fault": True}

    trace = read(segment("a", "b"), segment("b", "a"))
    assert trace.roots == ()
    assert [span.id for span in trace.above(trace.by_id["a"])] == ["a", "b"]


def test_trace_without_end_is_bounded() -> None:
    many = [{"id": f"{n}", "name": "x", "start_time": 1, "end_time": 2} for n in range(3000)]
    trace = read(*many)
    assert (len(trace.spans), trace.complete) == (2000, False)
