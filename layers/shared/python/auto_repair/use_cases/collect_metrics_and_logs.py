"""CollectMetricsAndLogs: ask every evidence source at once; what is missing is part of the result."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.composite_alarms import evidence_of
from auto_repair.domain.errors import AutoRepairError, ResourceMissing, TransientError
from auto_repair.domain.evidence import Evidence, MissingEvidence, Window, merge
from auto_repair.domain.incident import Incident
from auto_repair.domain.ranking import CENTRAL_SOURCES
from auto_repair.domain.target import alias_of, version_in_use
from auto_repair.ports import Clock, EvidenceSource, Functions, IncidentStore, Policies, Target
from auto_repair.use_cases.look_around import LookAround, ask, not_reached, surroundings_of

LOOK_BACK = timedelta(minutes=15)
LONGEST = timedelta(hours=3)  # an event may be years old: replayed, delayed, or wrong
DEADLINE_S = 40.0
OF_ALIAS = ("callers", "event_sources")  # asked once it is known which alias the callers use
OF_ALIAS_DEADLINE_S = 16.0
PATIENT_TRIES = 2  # retries of the state before a passing error of AWS counts as missing evidence
# Without these, whole failure modes are invisible, or a person has to be asked.
WORTH_A_RETRY = (*CENTRAL_SOURCES, "concurrency", *OF_ALIAS)


def gather(
    sources: Iterable[EvidenceSource],
    target: Target,
    *,
    deadline_s: float = DEADLINE_S,
    is_last_try: bool = True,
) -> Evidence:
    """Evidence of all sources, asked in parallel. A slow or failing source is recorded as missing.

    Raises `TransientError` of a source that is worth a retry, unless this is the last try.
    """

    def is_worth_a_retry(name: str, error: AutoRepairError) -> bool:
        return isinstance(error, TransientError) and name in WORTH_A_RETRY and not is_last_try

    parts, missing = ask(
        sources, lambda source: source.collect(target), deadline_s=deadline_s, is_fatal=is_worth_a_retry
    )
    whole = Evidence(target.function_name, target.window, alias=target.alias, missing=missing)
    return merge(whole, sorted(parts, key=lambda part: part.items[0].id if part.items else ""))


def _too_long_ago(incident: Incident, window: Window) -> tuple[MissingEvidence, ...]:
    """What lies between the beginning that a person named and the window."""
    between = not_reached(incident, window)
    if between is None:
        return ()
    reason = (
        f"{between.start:%Y-%m-%d %H:%M} to {between.end:%Y-%m-%d %H:%M} UTC was not looked at in full: "
        f"metrics and logs are read of the last {LONGEST.total_seconds() / 3600:.0f} hours"
    )
    return (MissingEvidence("window", reason, partly=True),)


@dataclass(frozen=True)
class CollectMetricsAndLogs:
    """Gathers the evidence of an incident and stores it; the workflow carries the reference."""

    sources: tuple[EvidenceSource, ...]
    functions: Functions
    policies: Policies
    store: IncidentStore
    clock: Clock
    look_around: Callable[[], LookAround]  # made when first needed: most incidents do without

    def __call__(self, case: Case, *, attempt: int = 0) -> EvidenceReference:
        """Where the evidence lies and what is missing from it. `attempt` counts the state's retries."""
        incident = case.incident
        now = self.clock()
        began = max(min(incident.started_at, now), now - LONGEST)
        window = Window(began - LOOK_BACK, now)
        evidence = self._own(incident, window, is_last_try=attempt >= PATIENT_TRIES)
        evidence = replace(evidence, missing=(*evidence.missing, *_too_long_ago(incident, window)))
        if incident.alarm:
            items, gaps = evidence_of(incident.alarm, window)
            evidence = replace(evidence, items=(*evidence.items, *items), missing=(*evidence.missing, *gaps))
        if incident.resource or not incident.has_function:
            # The alarm is on something else: what lies between it and the function belongs to the evidence.
            evidence = replace(evidence, surroundings=surroundings_of(incident, window, self.look_around()))
        ref = self.store.save_evidence(incident, "before", evidence)
        return EvidenceReference(ref, len(evidence.items), tuple(gap.source for gap in evidence.missing))

    def _own(self, incident: Incident, window: Window, *, is_last_try: bool) -> Evidence:
        """What is known of the function itself."""
        if not incident.has_function:
            return Evidence(incident.function_name, window)
        alias = incident.alias or self.policies.policy(incident.function_name).alias
        target = Target(incident.function_name, window, alias)
        first = (source for source in self.sources if source.name not in OF_ALIAS)
        seen = self._as_callers_see_it(gather(first, target, is_last_try=is_last_try))
        rest = gather(
            (source for source in self.sources if source.name in OF_ALIAS),
            replace(target, alias=seen.alias),
            deadline_s=OF_ALIAS_DEADLINE_S,
            is_last_try=is_last_try,
        )
        return merge(seen, (rest,))

    def _as_callers_see_it(self, evidence: Evidence) -> Evidence:
        """With the alias and configuration of the version that the logged runs were of."""
        version = version_in_use(evidence)
        if evidence.alias or evidence.configuration is None or version == evidence.configuration.version:
            return evidence
        try:
            live = self.functions.configuration(evidence.function_name, version)
        except ResourceMissing as error:
            # To change `$LATEST` for the callers of a version would help nobody: rather know nothing.
            gap = MissingEvidence("function_configuration", str(error))
            return replace(evidence, configuration=None, missing=(*evidence.missing, gap))
        return replace(
            evidence,
            alias=alias_of(evidence, version),
            configuration=live,
            latest=evidence.latest or evidence.configuration,
        )
