"""DiagnoseIssue, and the same diagnosis for those who come back to an incident later."""

import os
from collections.abc import Collection
from dataclasses import replace

from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.parts import store
from auto_repair.bootstrap.records import memory
from auto_repair.domain.diagnosis import Diagnosis
from auto_repair.domain.evidence import Evidence
from auto_repair.failure_modes import all_failure_modes
from auto_repair.use_cases.diagnose_issue import DiagnoseIssue


def diagnose_issue() -> DiagnoseIssue:
    """DiagnoseIssue."""
    ours = DiagnoseIssue(all_failure_modes(), store(), memory(), utc_now, settings().function_name)
    if not os.environ.get("ADVISOR_MODEL_ID"):
        return ours
    # Imported late: only with a model, which is off by default.
    from auto_repair.adapters.bedrock_advisor import AdvisorSettings, BedrockAdvisor
    from auto_repair.adapters.runbook_search import KnowledgeBase, RunbooksOfLayer

    limits, runbooks = AdvisorSettings.from_environment(), RunbooksOfLayer()
    bases = [KnowledgeBase(clients(), limits.knowledge_base_id)] if limits.knowledge_base_id else []
    return replace(ours, advisor=BedrockAdvisor(clients(), limits, (runbooks, *bases)), runbooks=runbooks)


def conclude(evidence: Evidence, declined: Collection[str] = (), *, incident_id: str) -> Diagnosis:
    """From evidence to a diagnosis, as DiagnoseIssue comes to it."""
    return diagnose_issue().conclude(evidence, declined, incident_id=incident_id)
