"""What a repair answers to evidence: a proposal, or a refusal that tells the way out."""

from typing import Any

from auto_repair.domain.evidence import Evidence
from auto_repair.domain.repair import Proposal, Refusal, Repair
from tests.builders import a_context


def proposal(repair: Repair, seen: Evidence, *attempts: Any, **policy: Any) -> Proposal:
    """Fails where it refuses."""
    outcome = repair.plan(seen, a_context(*attempts, **policy))
    assert isinstance(outcome, Proposal), outcome
    return outcome


def refusal(repair: Repair, seen: Evidence, *attempts: Any, **policy: Any) -> Refusal:
    """Fails where it proposes something, or leaves people without a way out."""
    outcome = repair.plan(seen, a_context(*attempts, **policy))
    assert isinstance(outcome, Refusal), outcome
    assert outcome.way_out
    return outcome
