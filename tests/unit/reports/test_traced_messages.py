"""A report says of traced failures that they come from traces: no log tells them, and before is not known."""

import re
from dataclasses import replace

import pytest

from auto_repair.reports import html, markdown
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.timeline import timeline
from auto_repair.root_cause.around import inquire
from tests.unit.reports import cases, investigations

TRACED = replace(
    investigations.REFUSED,
    count=4,
    traced=True,
    template="ClientError: Access Denied",
    sample="Access Denied",
    evidence="traces.1-58406520",
)
FAILED = investigations.item(
    9,
    "trace_details",
    TRACED.evidence,
    "xray:BatchGetTraces 1-58406520",
    "GET /random took the way apigateway:image-api → lambda:image-service → s3:images",
)


@pytest.fixture
def report() -> IncidentReport:
    case = cases.ALL["image_service"]()
    assert case.evidence_before
    around = investigations.surroundings(signatures=(TRACED,), items=(FAILED,))
    return replace(case, evidence_before=replace(case.evidence_before, surroundings=around))


def test_what_a_trace_speaks_for_leads_to_that_trace(report: IncidentReport) -> None:
    assert report.evidence_before
    assert report.diagnosis
    causes, inquiry = inquire(report.evidence_before)
    page = html.render(
        replace(report, diagnosis=replace(report.diagnosis, hypotheses=causes, inquiry=inquiry))
    )
    (row,) = re.findall(r'id="(around-\d+)"><td[^>]*><code>traces.1-58406520</code>', page)
    assert f'href="#{row}">traces.1-58406520</a>' in page


def test_markdown(report: IncidentReport) -> None:
    rows = [line for line in markdown.render(report).splitlines() if "Access Denied" in line]
    assert any("| 4 | not known |" in row and "traces of requests through" in row for row in rows), rows


def test_html(report: IncidentReport) -> None:
    page = html.render(report)
    assert "in traces of requests through lambda:image-service" in page
    assert "in the log of" not in page
    assert "not known" in page


def test_timeline(report: IncidentReport) -> None:
    told = {entry.what: entry.detail for entry in timeline(report)}
    assert (
        told["First in traces of requests through lambda:image-service"] == "4 × ClientError: Access Denied"
    )
    assert not any(what.startswith("New in the log of") for what in told)
