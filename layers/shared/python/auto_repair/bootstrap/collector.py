"""CollectMetricsAndLogs and LookAround."""

from auto_repair.bootstrap.environment import utc_now
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.bootstrap.surroundings import evidence_sources, observing
from auto_repair.use_cases.collect_metrics_and_logs import CollectMetricsAndLogs
from auto_repair.use_cases.look_around import WidenEvidence


def collect_metrics_and_logs() -> CollectMetricsAndLogs:
    """CollectMetricsAndLogs."""
    return CollectMetricsAndLogs(evidence_sources(), functions(), policies(), store(), utc_now, observing)


def widen_evidence() -> WidenEvidence:
    """LookAround."""
    return WidenEvidence(observing(), store())
