"""How a question in plain words was read: what travels with the incident into its report."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# CloudWatch keeps minutes for 15 days, and the hour before the beginning is needed to compare with.
LONGEST_AGO = timedelta(days=14, hours=22)
CLOCKS = timedelta(seconds=30)  # the one who asks and AWS need not agree to the second


@dataclass(frozen=True)
class Reading:
    """What was understood, and what was assumed where the question left it open.

    `resource` is an id, `symptom` in words, `since` UTC; what was not said is empty or None. `zone` is the
    time zone in which times of day and dates were read, empty where the question names none.
    """

    resource: str = ""
    symptom: str = ""
    since: datetime | None = None
    zone: str = ""
    language: str = "en"  # of the question: de, en, es, fr, zh
    assumptions: tuple[str, ...] = ()


def out_of_reach(since: datetime, now: datetime) -> str:
    """Why nobody can look at what began then, and the fix, as the end of a sentence; empty where one can."""
    if since > now + CLOCKS:
        return f"lies in the future ({since:%Y-%m-%d %H:%M} UTC); give a time that has passed"
    if now - since > LONGEST_AGO:
        return (
            f"is more than {LONGEST_AGO.days} days ago; give a later time: CloudWatch keeps minutes for 15 "
            "days, and they are compared with those before"
        )
    return ""
