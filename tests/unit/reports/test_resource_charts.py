"""Charts of the resources around an alarm: the path first, bounded, with gaps left as gaps."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from auto_repair.domain.surroundings import MetricRole, ResourceSeries
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.resource_charts import MOST_CHARTS, MOST_OF_ONE, MOST_POINTS, resource_charts
from tests.unit.reports import cases
from tests.unit.reports import investigations as given


def with_series(*known: ResourceSeries) -> IncidentReport:
    report = given.image_service()
    assert report.evidence_before
    around = given.surroundings(series=known)
    return replace(report, evidence_before=replace(report.evidence_before, surroundings=around))


def drawn(report: IncidentReport) -> ET.Element:
    ((chart,),) = (one.charts for one in resource_charts(report))
    return ET.fromstring(chart.svg)


def kinds(svg: ET.Element, kind: str) -> int:
    return sum(e.get("class") == kind for e in svg.iter())


def test_the_path_comes_first_from_the_cause_to_the_alarm() -> None:
    assert [one.resource for one in resource_charts(given.image_service())] == [
        given.BUCKET.id,
        given.SERVICE.id,
        given.API.id,
        given.EXPORT.id,
        given.TABLE.id,
    ]


def test_change_alarm_and_reference_are_marked() -> None:
    svg = drawn(with_series(given.SERIES[0]))
    assert [kinds(svg, kind) for kind in ("mark", "mark alarm", "reference")] == [1, 1, 1]


def test_without_a_change_only_the_alarm_is_marked() -> None:
    for measured in resource_charts(given.slow_database()):
        for chart in measured.charts:
            svg = ET.fromstring(chart.svg)
            assert (kinds(svg, "mark"), kinds(svg, "mark alarm")) == (0, 1)
            assert "change" not in dict(chart.keys)


def test_a_stretch_without_data_is_a_gap() -> None:
    whole = given.SERIES[0]
    broken = replace(
        whole, times=whole.times[:20] + whole.times[30:], values=whole.values[:20] + whole.values[30:]
    )
    assert kinds(drawn(with_series(whole)), "curve") == 1
    assert kinds(drawn(with_series(broken)), "curve") == 2


def test_words_compare_the_window_with_the_reference() -> None:
    ((chart,),) = (one.charts for one in resource_charts(with_series(given.SERIES[0])))
    assert chart.title == "Calls that went well"
    assert chart.lines[0].startswith("Now: 8.0% of calls went well in the worst 60 s")
    assert chart.lines[1].startswith("Reference: 100.0% of calls went well")


def test_charts_and_points_are_bounded_and_what_moved_is_kept() -> None:
    start = given.REFERENCE.start.timestamp()
    times = tuple(start + 2 * n for n in range(2200))
    changed = given.CHANGED_AT.timestamp()
    moved = tuple(9.0 if time > changed else 1.0 for time in times)
    names = [f"metric-{n}" for n in range(8)]
    around = given.surroundings()
    known = [
        ResourceSeries(
            r.id,
            name,
            "Average",
            MetricRole.OTHER,
            "",
            2,
            times,
            moved if name == "metric-7" else (1.0,) * len(times),
        )
        for r in around.scope.resources
        for name in names
    ]
    found = resource_charts(with_series(*known))
    charts = [chart for one in found for chart in one.charts]
    assert len(charts) == MOST_CHARTS
    assert all(len(one.charts) <= MOST_OF_ONE for one in found)
    assert all(one.charts[0].title == "metric-7 (Average)" for one in found)
    for chart in charts:
        svg = ET.fromstring(chart.svg)
        (line,) = (e for e in svg.iter() if e.get("class") == "curve")
        assert len(str(line.get("points")).split()) <= MOST_POINTS


def test_no_data_no_charts() -> None:
    assert resource_charts(with_series()) == ()
    assert resource_charts(cases.repaired()) == ()
