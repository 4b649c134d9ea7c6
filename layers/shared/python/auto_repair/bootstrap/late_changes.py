"""What a change that becomes known late leads to."""

from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.findings import look_again
from auto_repair.bootstrap.parts import store
from auto_repair.bootstrap.records import incident_records
from auto_repair.use_cases.take_late_change import TakeLateChange


def take_late_change() -> TakeLateChange:
    """Another look at a finished incident, or a word to the person who was asked for approval."""
    # Imported late: people who read or answer findings need none of it.
    from auto_repair.adapters.change_journal import ChangeJournal
    from auto_repair.adapters.second_looks import SecondLooks
    from auto_repair.bootstrap.diagnoser import conclude
    from auto_repair.use_cases.warn_approver import WarnApprover

    again = look_again()
    return TakeLateChange(
        records=incident_records(),
        looks=SecondLooks(clients(), settings().diagnosis_table),
        store=store(),
        look_again=again,
        warn=WarnApprover(
            store(),
            conclude,
            again.look_around,
            ChangeJournal(clients(), settings().changes_table, settings().retention_days),
            again.announcer,
            utc_now,
        ),
        clock=utc_now,
    )
