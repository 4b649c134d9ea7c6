"""Putting together who depends on whom, and walking along it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.citations import EvidenceItem, MissingEvidence
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Edge, Topology, join

WINDOW = Window(datetime(2026, 1, 31, 11, 45, tzinfo=UTC), datetime(2026, 1, 31, 12, tzinfo=UTC))
API = Resource("apigateway", "a1b2c3", title="shop")
FUNCTION = Resource("lambda", "orders")
BUCKET = Resource("s3", "images", "arn:aws:s3:::images")
ROLE = Resource("iam", "orders-role")
SHOP = Topology(
    (API, FUNCTION, BUCKET, ROLE),
    (
        Edge(API.id, FUNCTION.id, "integration"),
        Edge(FUNCTION.id, BUCKET.id, "environment variable BUCKET"),
        Edge(FUNCTION.id, ROLE.id, "its execution role"),
    ),
)


def test_neighbours() -> None:
    assert SHOP.callees("lambda:orders") == ("s3:images", "iam:orders-role")
    assert SHOP.callers("lambda:orders") == ("apigateway:a1b2c3",)
    assert SHOP.upstream("s3:images") == ("lambda:orders", "apigateway:a1b2c3")
    assert SHOP.resource("s3:images") == BUCKET
    assert SHOP.resource("s3:other") is None


def test_the_fuller_account_of_a_resource_counts_whoever_gives_it() -> None:
    bare, told = Resource("s3", "images"), Resource("s3", "images", "arn:aws:s3:::images", "Images")
    for parts in ((bare, told), (told, bare)):
        assert join(Topology((part,)) for part in parts).resources == (told,)


def test_what_was_seen_outweighs_what_was_read() -> None:
    read = Edge("a", "b", "environment variable TABLE")
    seen = Edge("a", "b", "12 traced calls", seen=True)
    for parts in ((read, seen), (seen, read)):
        assert join(Topology(edges=(part,)) for part in parts).edges == (seen,)


def test_evidence_and_gaps_of_all_parts_are_kept() -> None:
    item = EvidenceItem("topology.traces.lambda:orders", "traces", "xray", WINDOW, "nothing")
    gap = MissingEvidence("traces", "refused")
    whole = join((Topology(items=(item,)), Topology(missing=(gap,)), SHOP))
    assert (whole.items, whole.missing, whole.edges) == ((item,), (gap,), SHOP.edges)
    assert join(()) == Topology()


def test_around_keeps_the_nearest_and_the_edges_between_them() -> None:
    near = SHOP.around("apigateway:a1b2c3", 2)
    assert near.resources == (API, FUNCTION)
    assert near.edges == SHOP.edges[:1]
    assert SHOP.around("s3:images", 10).resources[0] == BUCKET
    assert set(SHOP.around("s3:images", 10).resources) == set(SHOP.resources)
    assert SHOP.around("s3:other", 10).resources == ()


NODES = st.sampled_from("abcdefg")
GRAPHS = st.lists(st.tuples(NODES, NODES), max_size=20).map(
    lambda pairs: Topology(
        tuple(Resource("lambda", name) for name in "abcdefg"),
        tuple(Edge(f"lambda:{a}", f"lambda:{b}", "test") for a, b in pairs),
    )
)


@given(GRAPHS, NODES, st.integers(1, 9))
def test_walks_end_on_any_graph(graph: Topology, start: str, most: int) -> None:
    start_id = f"lambda:{start}"
    near = graph.around(start_id, most)
    names = [resource.id for resource in near.resources]
    assert names[0] == start_id
    assert len(names) == len(set(names)) <= most
    assert all(edge.caller in names and edge.callee in names for edge in near.edges)
    above = graph.upstream(start_id)
    assert start_id not in above
    assert len(above) == len(set(above))
    assert set(graph.callers(start_id)) - {start_id} <= set(above)


@given(GRAPHS)
def test_joining_a_part_twice_changes_nothing(graph: Topology) -> None:
    once = join((graph,))
    assert join((once, once)) == once
    assert {(e.caller, e.callee) for e in once.edges} == {(e.caller, e.callee) for e in graph.edges}
