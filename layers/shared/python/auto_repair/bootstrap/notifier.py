"""NotifyResult, RecordFailure, and closing what a failed execution left open."""

from collections.abc import Collection

from auto_repair.adapters.sns_announcer import SnsAnnouncer
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.parts import store
from auto_repair.bootstrap.records import incident_records, memory
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import Evidence
from auto_repair.reports import html, json_report, markdown
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.messages import result_message
from auto_repair.use_cases.close_failed_execution import CloseFailedExecution
from auto_repair.use_cases.notify_result import Document, NotifyResult
from auto_repair.use_cases.reconsider import DiagnosisWithAnswers
from auto_repair.use_cases.record_failure import RecordFailure


def notify_result() -> NotifyResult:
    """NotifyResult."""

    def write(report: IncidentReport, report_uri: str) -> tuple[str, str]:
        return result_message(
            report,
            report_uri,
            notification_template=settings().notification_template,
            email_template=settings().email_template,
        )

    return NotifyResult(
        store=store(),
        memory=memory(),
        announcer=SnsAnnouncer(clients(), settings()),
        clock=utc_now,
        documents=(
            Document("report.html", "text/html; charset=utf-8", html.render),
            Document("report.md", "text/markdown; charset=utf-8", markdown.render),
            Document("report.json", "application/json", json_report.render),
        ),
        write_message=write,
        environment=settings().environment,
        region=settings().region,
        executed_by=settings().function_name,
        answered=DiagnosisWithAnswers(incident_records().answers, conclude),
    )


def conclude(evidence: Evidence, declined: Collection[str] = (), *, incident_id: str) -> Diagnosis:
    """The diagnoser's, imported late: only answers that came in the middle of an incident ask for it."""
    from auto_repair.bootstrap import diagnoser

    return diagnoser.conclude(evidence, declined, incident_id=incident_id)


def record_failure() -> RecordFailure:
    """RecordFailure."""
    return RecordFailure(store(), utc_now, settings().function_name)


def close_failed_execution() -> CloseFailedExecution:
    """Closing what a failed execution left open."""
    return CloseFailedExecution(store(), utc_now, settings().function_name)
