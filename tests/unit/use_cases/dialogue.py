"""A finished incident, and the desk at which people talk about it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from auto_repair.contracts.finding_requests import FindingRequest, Operation
from auto_repair.domain.answers import Answer
from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.diagnosis import FailureMode, Finding, Reason
from auto_repair.domain.errors import ResourceMissing
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident
from auto_repair.domain.incident_record import IncidentRecord
from auto_repair.domain.plan import Decision
from auto_repair.domain.surroundings import Observation
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue
from auto_repair.use_cases.look_again import LookAgain
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.notify_result import CASE_FILE, Document, NotifyResult
from auto_repair.use_cases.reconsider import DiagnosisWithAnswers, Reconsider
from tests.builders import NOW, a_kill, a_plan, a_run, an_incident, evidence, in_turn
from tests.fakes import FakeAnnouncer, FakeClock, FakeMemory, FakeObservations, FakeStore, FakeTopology

SICK = evidence(invocations=in_turn([a_kill(), a_run()]))
SORT_KEY = "2026-01-31T12:00:00.000123Z"


def mode(name: str, confidence: float) -> FailureMode:
    """A failure mode that always matches."""
    finding = Finding(confidence, (Reason(f"because of {name}"),))
    return FailureMode(name, name.capitalize(), lambda _: finding)


def noticing(name: str, confidence: float) -> FailureMode:
    """A failure mode that matches once changes around the function are known."""

    def detect(seen: Evidence) -> Finding | None:
        around = seen.surroundings
        return Finding(confidence, (Reason("a policy"),)) if around and around.changes else None

    return FailureMode(name, name.capitalize(), detect)


MODES = (mode("cause", 0.9), mode("guess", 0.3), noticing("policy", 0.95))


@dataclass
class FakeRecords:
    """The tables as people come back to them. `meanwhile` happens right after an answer was written."""

    store: FakeStore
    incident: Incident
    status: str = "ADVISED"
    said: dict[str, Answer] = field(default_factory=dict)
    log: list[Answer] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def find(self, incident_id: str) -> IncidentRecord:
        if incident_id != self.incident.id:
            raise ResourceMissing(f"there is no incident {incident_id!r}")
        known = Incident(
            incident_id,
            self.incident.function_name,
            self.incident.opened_at,
            execution_arn=self.incident.execution_arn,
        )
        item = self.store.diagnoses.get((incident_id, known.execution_arn), {})
        record = IncidentRecord(known, self.status, item | {"executedAt": SORT_KEY}, self.answers(known))
        if self.said and self.meanwhile:
            self.meanwhile.pop()()
        return record

    def newest(self, function_name: str) -> list[dict[str, str]]:
        known = function_name == self.incident.function_name
        return [{"incidentId": self.incident.id}] if known else []

    def answers(self, _incident: Incident) -> tuple[Answer, ...]:
        return tuple(sorted(self.said.values(), key=lambda answer: (answer.at, answer.finding)))

    def answer(self, _incident: Incident, answer: Answer) -> None:
        known = self.said.get(answer.finding)
        if known is None or replace(known, at="") != replace(answer, at=""):
            self.said[answer.finding] = answer
            self.log.append(answer)

    def load_case(self, incident: Incident, name: str) -> str | None:
        return self.store.documents.get(f"s3://reports/{incident.id}/{name}")


@dataclass
class Desk:
    """One incident from its diagnosis on, and everything that can be asked of it."""

    incident: Incident = field(default_factory=an_incident)
    modes: tuple[FailureMode, ...] = MODES
    store: FakeStore = field(default_factory=FakeStore)
    announcer: FakeAnnouncer = field(default_factory=FakeAnnouncer)
    memory: FakeMemory = field(default_factory=FakeMemory)
    topology: FakeTopology = field(default_factory=FakeTopology)
    observations: FakeObservations = field(default_factory=FakeObservations)

    def __post_init__(self) -> None:
        self.reports: list[IncidentReport] = []
        self.clock = FakeClock(NOW + timedelta(minutes=5))
        self.diagnose = DiagnoseIssue(self.modes, self.store, self.memory, self.clock, "diagnoser")
        self.records = FakeRecords(self.store, self.incident)
        self.notify = NotifyResult(
            store=self.store,
            memory=self.memory,
            announcer=self.announcer,
            clock=self.clock,
            documents=(Document("report.md", "text/markdown", self._render),),
            write_message=lambda report, uri: (report.status, uri),
            environment="test",
            region="eu-central-1",
            executed_by="notifier",
            answered=DiagnosisWithAnswers(self.records.answers, self.diagnose.conclude),
        )
        self.case = self.diagnosed()

    def diagnosed(self) -> Case:
        """The incident has been diagnosed."""
        case = Case(self.incident, EvidenceReference(self.store.save_evidence(self.incident, "before", SICK)))
        diagnosis = self.diagnose(case)
        decision = Decision.ADVISE if diagnosis.root_cause else Decision.NOTHING
        return replace(case, diagnosis=diagnosis, plan=a_plan(decision=decision, change=None))

    def finish(self) -> None:
        """The incident ends and is reported."""
        self.notify(self.case)

    def _render(self, report: IncidentReport) -> str:
        self.reports.append(report)
        return _render(report)

    def reconsider(self) -> Reconsider:
        return Reconsider(
            self.records,
            self.store,
            self.diagnose.conclude,
            self.memory,
            self.notify.rewrite,
            self.clock,
        )

    def look_again(self) -> LookAgain:
        return LookAgain(
            self.records,
            self.store,
            self.diagnose.conclude,
            LookAround((self.topology,), (self.observations,)),
            self.notify.rewrite,
            self.announcer,
            self.clock,
        )

    def later(self, **seen: object) -> None:
        """What can be observed around the function by now."""
        self.observations.observation = Observation(**seen)  # type: ignore[arg-type]

    @property
    def page(self) -> str:
        """The report at the incident's address."""
        return self.store.documents[f"s3://reports/{self.incident.id}/report.md"]

    @property
    def kept_case(self) -> str:
        """The text of the case beside the report."""
        return self.store.documents[f"s3://reports/{self.incident.id}/{CASE_FILE}"]


def asking(operation: Operation, finding: str = "", by: str = "", **more: str) -> FindingRequest:
    """A request about the incident of the desk."""
    return FindingRequest(operation, more.pop("incident_id", "incident-1"), finding=finding, by=by, **more)


def _render(report: IncidentReport) -> str:
    diagnosis = report.diagnosis
    ids = [h.id for h in diagnosis.hypotheses] if diagnosis else []
    return f"{report.status} {ids} {diagnosis.summary if diagnosis else ''}"
