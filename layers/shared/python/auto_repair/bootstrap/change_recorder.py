"""Keeping the journal of changes."""

from auto_repair.adapters.change_journal import ChangeJournal
from auto_repair.adapters.findings_function import FindingsFunction
from auto_repair.adapters.finished_incidents import FinishedIncidents
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.domain.naming import executor_role
from auto_repair.use_cases.record_change import RecordChange
from auto_repair.use_cases.reopen_incidents import AskForWantedLooks, ReopeningJournal


def record_change() -> RecordChange:
    """Keeping the journal of changes."""
    journal = ReopeningJournal(
        ChangeJournal(clients(), settings().changes_table, settings().retention_days),
        FinishedIncidents(clients(), settings()),
        FindingsFunction(clients(), settings().environment).take_late_change,
    )
    return RecordChange(journal, executor_role(settings().environment))


def ask_for_wanted_looks() -> AskForWantedLooks:
    """Looks that could not begin when a change became known."""
    findings = FindingsFunction(clients(), settings().environment)
    return AskForWantedLooks(FinishedIncidents(clients(), settings()), findings.take_late_change, utc_now)
