"""Pictures show what was measured, mark our changes, and say the same in words."""

import re
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.domain.evidence import Evidence, Invocation, Status
from auto_repair.reports import overview
from auto_repair.reports.charts import MOST_DOTS, Chart, small_multiples
from auto_repair.reports.plot import HEIGHT, WIDTH, Mark, TimeAxis
from tests.unit.reports import cases


def drawn(case: str) -> dict[str, Chart]:
    return {chart.name: chart for chart in overview.charts(cases.ALL[case]())}


def parse(chart: Chart) -> ET.Element:
    return ET.fromstring(chart.svg)


def count(chart: Chart, kind: str) -> int:
    return sum(element.get("class") == kind for element in parse(chart).iter())


@pytest.mark.parametrize("case", cases.ALL)
def test_every_chart_is_named_and_described(case: str) -> None:
    for chart in drawn(case).values():
        svg = parse(chart)
        assert svg.get("role") == "img"
        ids = {element.get("id"): element.text for element in svg.iter() if element.get("id")}
        assert all(ids[name] for name in str(svg.get("aria-labelledby")).split())
        assert ids[f"chart-{chart.name}-desc"] == ". ".join(chart.lines)


@pytest.mark.parametrize("case", cases.ALL)
def test_everything_drawn_lies_on_the_paper(case: str) -> None:
    for chart in drawn(case).values():
        for element in parse(chart).iter():
            for name, limit in (("x", WIDTH), ("cx", WIDTH), ("y", HEIGHT), ("cy", HEIGHT)):
                assert 0 <= float(element.get(name, 0)) <= limit


def test_only_charts_with_data() -> None:
    assert list(drawn("repaired")) == ["traffic", "memory", "duration"]
    assert list(drawn("throttled")) == ["traffic", "concurrency", "throttles"]
    assert drawn("invalid") == {}
    assert small_multiples(None, None) == ()


def test_words_compare_before_with_after() -> None:
    charts = drawn("repaired")
    assert charts["traffic"].lines == (
        "Before: 24 of 36 invocations failed",
        "After: 0 of 20 invocations failed",
    )
    assert charts["memory"].lines == ("Before: peak 128 of 128 MB", "After: peak 262 of 384 MB")
    assert charts["duration"].lines[0] == "Before: slowest 0.9 s of 30 s allowed"


def test_one_look_has_no_before() -> None:
    assert drawn("nothing_wrong")["traffic"].lines == ("0 of 36 invocations failed",)


def test_failures_differ_by_shape() -> None:
    memory = drawn("repaired")["memory"]
    assert count(memory, "cross") == 24
    assert count(memory, "ok") == 32


def test_the_change_and_the_way_back_are_marked() -> None:
    assert count(drawn("repaired")["memory"], "mark") == 1
    labels = [
        e.text
        for e in parse(drawn("climbed_and_rolled_back")["memory"]).iter()
        if e.get("class") == "mark-label"
    ]
    assert labels == ["change", "taken back"]


def test_the_memory_limit_steps_where_we_changed_it() -> None:
    svg = str(drawn("repaired")["memory"].svg)
    mark = re.search(r'class="mark" x1="([\d.]+)"', svg)
    limit = re.search(r'class="limit" d="M[\d.]+ [\d.]+H([\d.]+)V', svg)
    assert mark
    assert limit
    assert mark[1] == limit[1]


def test_metrics_stand_in_for_a_log_that_is_not_complete() -> None:
    before = cases.evidence_before(invocations=cases.evidence_before().invocations[:3])
    traffic = next(c for c in small_multiples(before, None) if c.name == "traffic")
    assert traffic.lines == ("24 of 36 invocations failed",)


def test_a_minute_that_began_before_the_change_does_not_count_as_after() -> None:
    late = cases.evidence_after(
        invocations=(),
        series=(
            cases.series("Invocations", cases.CHANGED_AT - timedelta(seconds=30), [9, 5]),
            cases.series("Errors", cases.CHANGED_AT - timedelta(seconds=30), [9, 0]),
        ),
    )
    charts = small_multiples(cases.evidence_before(invocations=()), late, [Mark(cases.CHANGED_AT, "change")])
    assert charts[0].lines[1] == "After: 0 of 5 invocations failed"


def test_very_many_runs_are_thinned_but_failures_stay() -> None:
    many = cases.runs(cases.ALARM_AT, 5000, memory=512, used=300, killed=1)
    memory = next(
        c for c in small_multiples(cases.evidence_before(invocations=many), None) if c.name == "memory"
    )
    assert count(memory, "ok") <= 2 * MOST_DOTS
    assert count(memory, "cross") == 1


def test_a_long_silence_is_cut_from_the_axis() -> None:
    moments = [cases.ALARM_AT + timedelta(seconds=s) for s in (0, 30, 60, 14400, 14430, 14460)]
    axis = TimeAxis.over(moments)
    places = [axis.x(m) for m in moments]
    assert axis.cut == (moments[2], moments[3])
    assert places == sorted(places)
    assert places[1] - places[0] > 50


moments = st.integers(0, 86_400_000).map(lambda ms: cases.ALARM_AT + timedelta(milliseconds=ms))
invocations = st.builds(
    Invocation,
    request_id=st.uuids().map(str),
    ended_at=moments,
    duration_ms=st.floats(0, 900_000),
    memory_size_mb=st.sampled_from([0, 128, 10240]),
    max_memory_used_mb=st.integers(0, 10240),
    status=st.sampled_from(list(Status)),
)


@given(st.lists(invocations, max_size=40), st.lists(invocations, max_size=40), st.lists(moments, max_size=3))
def test_any_measurements_can_be_drawn(
    before: list[Invocation], after: list[Invocation], changed: list[datetime]
) -> None:
    def look(runs: list[Invocation]) -> Evidence:
        return cases.evidence_before(invocations=tuple(runs), series=())

    for chart in small_multiples(look(before), look(after), [Mark(at, "change") for at in sorted(changed)]):
        assert "nan" not in chart.svg
        assert parse(chart).tag == "svg"


def test_duration_comes_from_metrics_where_no_log_tells_it() -> None:
    before = cases.evidence_before(
        invocations=(), series=(cases.series("Duration.max", cases.ALARM_AT, [900.0, 2999.0]),)
    )
    (chart,) = small_multiples(before, None)
    assert chart.lines == ("Slowest 3 s of 30 s allowed",)
    assert count(chart, "curve") == 1
