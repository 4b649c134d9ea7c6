"""People's answers to findings, and another look at a finished incident."""

from auto_repair.adapters.sns_announcer import SnsAnnouncer
from auto_repair.bootstrap.diagnoser import conclude
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.notifier import notify_result
from auto_repair.bootstrap.parts import store
from auto_repair.bootstrap.records import incident_records, memory
from auto_repair.use_cases.look_again import LookAgain
from auto_repair.use_cases.reconsider import Reconsider


def reconsider() -> Reconsider:
    """People's answers to findings."""
    return Reconsider(incident_records(), store(), conclude, memory(), notify_result().rewrite, utc_now)


def look_again() -> LookAgain:
    """Another look at a finished incident."""
    # Imported late: people who read or answer findings need no look at the account.
    from auto_repair.bootstrap.surroundings import observing

    return LookAgain(
        records=incident_records(),
        store=store(),
        conclude=conclude,
        look_around=observing(clients()),
        rewrite=notify_result().rewrite,
        announcer=SnsAnnouncer(clients(), settings()),
        clock=utc_now,
    )
