"""The one place where use cases meet adapters. What is made here is kept while the environment is warm."""

import os
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.function_policies import FunctionPolicies
from auto_repair.adapters.incident_records import IncidentRecords
from auto_repair.adapters.incident_store import AwsIncidentStore
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.domain.case import Case
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.naming import executor_role
from auto_repair.domain.resources import Resource
from auto_repair.ports import EvidenceSource, IncidentMemory
from auto_repair.settings import Settings
from auto_repair.use_cases.await_approval import AwaitApproval
from auto_repair.use_cases.close_failed_execution import CloseFailedExecution
from auto_repair.use_cases.collect_metrics_and_logs import CollectMetricsAndLogs
from auto_repair.use_cases.determine_action import DetermineAction
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue
from auto_repair.use_cases.execute_repair import ExecuteRepair
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_again import LookAgain
from auto_repair.use_cases.look_around import LookAround, WidenEvidence
from auto_repair.use_cases.notify_result import Document, NotifyResult
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent
from auto_repair.use_cases.reconsider import DiagnosisWithAnswers, Reconsider
from auto_repair.use_cases.record_change import RecordChange
from auto_repair.use_cases.record_failure import RecordFailure
from auto_repair.use_cases.reopen_incidents import ReopeningJournal
from auto_repair.use_cases.roll_back_repair import RollBackRepair
from auto_repair.use_cases.verify_repair import VerifyRepair

# What can have changed since the repair; callers and event sources are taken from the first look.
VERIFYING_OBSERVATIONS = ("resource_logs", "service_metrics")
VERIFYING_SOURCES = ("function_configuration", "concurrency", "lambda_metrics", "lambda_logs")


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


@cache
def settings() -> Settings:
    """The environment, read once."""
    return Settings.from_environment()


@cache
def clients() -> Clients:
    """AWS clients of our own region."""
    return Clients(settings().region)


@cache
def functions() -> LambdaFunctions:
    """Lambda."""
    return LambdaFunctions(clients())


@cache
def policies() -> FunctionPolicies:
    """The owners' settings."""
    return FunctionPolicies(clients(), settings())


@cache
def store() -> AwsIncidentStore:
    """Memory."""
    return AwsIncidentStore(clients(), settings(), utc_now)


@cache
def evidence_sources() -> tuple[EvidenceSource, ...]:
    """Every evidence source."""
    # Imported late: only two functions collect evidence.
    from auto_repair.adapters.evidence_sources import all_sources

    return all_sources(settings(), clients())


@cache
def look_around() -> LookAround:
    """Topology only; the collector observes as well."""
    from auto_repair.adapters.topology_sources import all_sources

    return LookAround(all_sources(settings(), clients()))


def parse_alarm_event() -> ParseAlarmEvent:
    """ParseAlarmEvent."""

    def known() -> tuple[Resource, ...]:
        from auto_repair.adapters.known_resources import known_resources

        return known_resources(settings(), clients())

    return ParseAlarmEvent(functions(), store(), FindTarget(look_around, policies(), known))


def observing() -> LookAround:
    """Topology and observations."""
    from auto_repair.adapters.observation_sources import all_sources

    return replace(look_around(), observation_sources=all_sources(settings(), clients()))


def collect_metrics_and_logs() -> CollectMetricsAndLogs:
    """CollectMetricsAndLogs."""
    return CollectMetricsAndLogs(evidence_sources(), functions(), policies(), store(), utc_now, observing)


def widen_evidence() -> WidenEvidence:
    """LookAround."""
    return WidenEvidence(observing(), store())


def diagnose_issue() -> DiagnoseIssue:
    """DiagnoseIssue."""
    from auto_repair.failure_modes import all_failure_modes

    ours = DiagnoseIssue(all_failure_modes(), store(), memory(), settings().function_name)
    if not os.environ.get("ADVISOR_MODEL_ID"):
        return ours
    from auto_repair.adapters.bedrock_advisor import AdvisorSettings, BedrockAdvisor
    from auto_repair.adapters.runbook_search import KnowledgeBase, RunbooksOfLayer

    limits, runbooks = AdvisorSettings.from_environment(), RunbooksOfLayer()
    bases = [KnowledgeBase(clients(), limits.knowledge_base_id)] if limits.knowledge_base_id else []
    return replace(ours, advisor=BedrockAdvisor(clients(), limits, (runbooks, *bases)), runbooks=runbooks)


def determine_action() -> DetermineAction:
    """DetermineAction."""
    from auto_repair.repairs import all_repairs

    return DetermineAction(all_repairs(), policies(), store(), utc_now, settings().function_name)


def await_approval() -> AwaitApproval:
    """AwaitApproval."""
    from auto_repair.adapters.sns_announcer import SnsAnnouncer
    from auto_repair.reports.messages import approval_request

    def write(case: Case, task_token: str, expires_at: datetime) -> tuple[str, str]:
        if case.plan is None:
            raise ValueError("nothing to ask about")
        return approval_request(
            case.incident, case.plan, case.diagnosis, task_token, expires_at, settings().region
        )

    return AwaitApproval(SnsAnnouncer(clients(), settings()), store(), utc_now, write)


def execute_repair() -> ExecuteRepair:
    """ExecuteRepair."""
    from auto_repair.adapters.buckets import S3Buckets
    from auto_repair.adapters.sqs_queues import SqsQueues

    return ExecuteRepair(
        functions(),
        SqsQueues(clients()),
        S3Buckets(clients()),
        store(),
        utc_now,
        settings().function_name,
    )


def roll_back_repair() -> RollBackRepair:
    """RollBackRepair."""
    from auto_repair.adapters.buckets import S3Buckets
    from auto_repair.adapters.sqs_queues import SqsQueues

    return RollBackRepair(functions(), SqsQueues(clients()), S3Buckets(clients()), store(), utc_now)


def observing_again() -> LookAround:
    """What can have changed around a function since the repair."""
    around = observing()
    sources = tuple(s for s in around.observation_sources if s.name in VERIFYING_OBSERVATIONS)
    return replace(around, observation_sources=sources)


def verify_repair() -> VerifyRepair:
    """VerifyRepair."""
    from auto_repair.repairs import all_repairs

    sources = tuple(source for source in evidence_sources() if source.name in VERIFYING_SOURCES)
    return VerifyRepair(sources, all_repairs(), functions(), policies(), store(), utc_now, observing_again)


def notify_result() -> NotifyResult:
    """NotifyResult."""
    from auto_repair.adapters.sns_announcer import SnsAnnouncer
    from auto_repair.reports import html, json_report, markdown
    from auto_repair.reports.incident_report import IncidentReport
    from auto_repair.reports.messages import result_message

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
        diagnosis_of=DiagnosisWithAnswers(incident_records().answers, conclude),
    )


def conclude(evidence: Evidence, declined: Collection[str] = (), *, incident_id: str) -> Diagnosis:
    """From evidence to a diagnosis, as DiagnoseIssue comes to it; made only when it is needed."""
    return diagnose_issue().conclude(evidence, declined, incident_id=incident_id)


@cache
def memory() -> IncidentMemory:
    """Finished incidents, to compare new ones with."""
    from auto_repair.adapters.incident_memory import DiagnosisTableMemory

    return DiagnosisTableMemory(clients(), settings())


@cache
def incident_records() -> IncidentRecords:
    """Incidents as they were written down."""
    return IncidentRecords(clients(), settings())


def reconsider() -> Reconsider:
    """People's answers to findings."""
    return Reconsider(incident_records(), store(), conclude, memory(), notify_result().rewrite, utc_now)


def look_again() -> LookAgain:
    """Another look at a finished incident."""
    from auto_repair.adapters.sns_announcer import SnsAnnouncer

    return LookAgain(
        records=incident_records(),
        store=store(),
        conclude=conclude,
        look_around=observing(),
        rewrite=notify_result().rewrite,
        announcer=SnsAnnouncer(clients(), settings()),
        clock=utc_now,
    )


def record_failure() -> RecordFailure:
    """RecordFailure."""
    return RecordFailure(store(), utc_now, settings().function_name)


def close_failed_execution() -> CloseFailedExecution:
    """Closing what a failed execution left open."""
    return CloseFailedExecution(store(), settings().function_name)


def record_change() -> RecordChange:
    """Keeping the journal of changes."""
    from auto_repair.adapters.change_journal import ChangeJournal
    from auto_repair.adapters.findings_function import FindingsFunction

    journal = ReopeningJournal(
        ChangeJournal(clients(), settings().changes_table, settings().retention_days),
        incident_records(),
        FindingsFunction(clients(), settings().environment).look_again,
    )
    return RecordChange(journal, executor_role(settings().environment))
