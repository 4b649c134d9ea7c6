"""How a question in plain words was read: what travels with the incident into its report."""

from dataclasses import dataclass
from datetime import datetime


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
