"""CollectMetricsAndLogs and LookAround."""

from functools import cache

from auto_repair.adapters.incident_reads import IncidentReads
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.bootstrap.environment import clients, utc_now
from auto_repair.bootstrap.parts import policies, store
from auto_repair.bootstrap.surroundings import evidence_sources, observing
from auto_repair.use_cases.collect_metrics_and_logs import CollectMetricsAndLogs
from auto_repair.use_cases.look_around import WidenEvidence


@cache
def reads() -> IncidentReads:
    """What both states read of the account."""
    return IncidentReads(clients())


def collect_metrics_and_logs(incident_id: str) -> CollectMetricsAndLogs:
    """CollectMetricsAndLogs."""
    account = reads()
    account.begin(incident_id)
    return CollectMetricsAndLogs(
        evidence_sources(account),
        LambdaFunctions(account),
        policies(),
        store(),
        utc_now,
        lambda: observing(account),
    )


def widen_evidence(incident_id: str) -> WidenEvidence:
    """LookAround."""
    account = reads()
    account.begin(incident_id)
    return WidenEvidence(observing(account), store())
