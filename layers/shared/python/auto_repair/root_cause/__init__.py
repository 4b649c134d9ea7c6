"""Root cause, not just symptom: which node of a call graph an alarm is owed to, with evidence.

Pure standard library: no AWS, no clock, no environment. `investigate` is the whole interface; the types
it takes and gives are in `model`.
"""

from auto_repair.root_cause.engine import investigate
from auto_repair.root_cause.model import (
    Alarm,
    Change,
    Column,
    Evidence,
    Frame,
    Graph,
    Hypothesis,
    InvalidInvestigation,
    Investigation,
    Kind,
    LogSignature,
    Outcome,
    Role,
    Step,
    Verdict,
)

__all__ = [
    "Alarm",
    "Change",
    "Column",
    "Evidence",
    "Frame",
    "Graph",
    "Hypothesis",
    "InvalidInvestigation",
    "Investigation",
    "Kind",
    "LogSignature",
    "Outcome",
    "Role",
    "Step",
    "Verdict",
    "investigate",
]
