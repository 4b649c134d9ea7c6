"""CollectMetricsAndLogs: ask every evidence source at once; what is missing is part of the result."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta

from auto_repair.domain.case import Case, EvidenceReference
from auto_repair.domain.errors import AutoRepairError, ResourceMissing, TransientError
from auto_repair.domain.evidence import Evidence, MissingEvidence, Window, merge
from auto_repair.domain.ranking import CENTRAL_SOURCES
from auto_repair.domain.target import alias_of, version_in_use
from auto_repair.ports import Clock, EvidenceSource, Functions, IncidentStore, Policies, Target

LOOK_BACK = timedelta(minutes=15)
LONGEST = timedelta(hours=3)  # an event may be years old: replayed, delayed, or wrong
DEADLINE_S = 40.0
PATIENT_TRIES = 2  # retries of the state before a passing error of AWS counts as missing evidence
WORTH_A_RETRY = (*CENTRAL_SOURCES, "concurrency")  # without these, whole failure modes are invisible


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
    whole = Evidence(target.function_name, target.window, alias=target.alias)
    sources = tuple(sources)
    pool = ThreadPoolExecutor(max_workers=max(1, len(sources)))
    futures = {pool.submit(source.collect, target): source.name for source in sources}
    done, late = wait(futures, timeout=deadline_s)
    pool.shutdown(wait=False, cancel_futures=True)
    parts = [_part_or_gap(future, futures[future], whole, is_last_try) for future in done]
    parts += [_gap(whole, futures[future], f"no answer within {deadline_s:.0f} s") for future in late]
    return merge(whole, sorted(parts, key=lambda part: part.items[0].id if part.items else ""))


def _part_or_gap(future: "Future[Evidence]", name: str, whole: Evidence, is_last_try: bool) -> Evidence:
    try:
        return future.result()
    except AutoRepairError as error:
        if isinstance(error, TransientError) and name in WORTH_A_RETRY and not is_last_try:
            raise
        return _gap(whole, name, str(error))


def _gap(whole: Evidence, name: str, reason: str) -> Evidence:
    return Evidence(whole.function_name, whole.window, missing=(MissingEvidence(name, reason[:400]),))


@dataclass(frozen=True)
class CollectMetricsAndLogs:
    """Gathers the evidence of an incident and stores it; the workflow carries the reference."""

    sources: tuple[EvidenceSource, ...]
    functions: Functions
    policies: Policies
    store: IncidentStore
    clock: Clock

    def __call__(self, case: Case, *, attempt: int = 0) -> EvidenceReference:
        """Where the evidence lies and what is missing from it. `attempt` counts the state's retries."""
        incident = case.incident
        now = self.clock()
        began = max(min(incident.started_at, now), now - LONGEST)
        window = Window(began - LOOK_BACK, now)
        alias = incident.alias or self.policies.policy(incident.function_name).alias
        target = Target(incident.function_name, window, alias)
        evidence = gather(self.sources, target, is_last_try=attempt >= PATIENT_TRIES)
        evidence = self._as_callers_see_it(evidence)
        ref = self.store.save_evidence(incident, "before", evidence)
        return EvidenceReference(ref, len(evidence.items), tuple(gap.source for gap in evidence.missing))

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
