"""What looks like a time and cannot be understood as one: it is asked back, never dropped."""

import re
from datetime import date, datetime

YEARS = range(1970, 2100)
_FIX = "Since when has it been wrong? Give a time such as 2026-01-31T10:00Z."
_SINCE = r"(?<![a-z])(?:since|seit|depuis|desde)(?: about| around| dem| den| le| el| las?)?\s"
_UNITS = (
    r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|sekunden|minuten|stunden|tagen?|wochen|heures|jours"
    r"|semaines|minutos|horas|dias|semanas|h|d)"
)
_ISO_LIKE = (
    r"(?<![\w.-])\d{4}-\d{1,2}-\d{1,2}(?:[t ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
    r"(?:z|[+-]\d{2}:?\d{2})?(?![\d-])"
)
_CLOCK_LIKE = (
    r"(?<![\w:.+-])(?P<hour>\d{1,3}):(?P<minute>\d{2})(?!:?\d)",
    r"(?<![\d:.a-z])(?P<hour>\d{1,4})\s?(?:uhr|[ap]\.?m\.?|o.?clock)(?![a-z])",
    rf"{_SINCE}(?P<hour>\d{{1,4}})\s?h(?![a-z0-9])",
    rf"{_SINCE}(?P<hour>\d{{1,8}})(?![\w:.,/%-])(?!\s?[^\W\d_])",
)
_NEVER = (
    rf"{_SINCE}(?:\d{{5,}}|0)\s?{_UNITS}(?![a-z])",
    rf"(?<![a-z])(?:for|last|past|hace|vor|il y a)\s(?:\d{{5,}}|0)\s?"  # codespell:ignore hace,vor
    rf"{_UNITS}(?![a-z])",
    rf"(?<![\d.,])(?:\d{{5,}}|0)\s?{_UNITS}\sago(?![a-z])",
    r"(?<![a-z])(?:since|from|starting)\snext\s[a-z]{2,20}",
    rf"{_SINCE}\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2}}(?!\d)",
    rf"{_SINCE}\d{{1,2}}/\d{{1,2}}(?![\d/])",
)
_DATE = (
    r"(?<![\w./-])(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?![\w/])",
    r"(?<![\w./-])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?![\w/])",
    r"(?<![\w./-])(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})(?![\w/])",
)
_EVENTS = (
    r"deploy\w{0,8}|release|update|upgrade|change|migration|roll-?out|restart|reboot|launch|merge|outage"
    r"|neustart|umstellung|aktualisierung|deploiement|mise a jour|redemarrage|despliegue|actualizacion"
)
_AFTER_AN_EVENT = (
    r"(?<![a-z])(?:since|after|seit|nach|depuis|apres|desde)\s(?:(?:the|our|my|that|de[rm]|le|la|el)\s|l.)?"
    rf"(?:last\s|latest\s|new\s|letzten\s)?(?:{_EVENTS})(?![a-z])",
    r"(?:部署|发布|上线|升级|更新)(?:以来|以后|之后|后)",
)


class Unreadable(ValueError):
    """Words that look like a time and are none; the message is the question back."""

    def __init__(self, words: str) -> None:
        super().__init__(f"“{words.strip()}” cannot be understood as a time. {_FIX}")


class Ambiguous(Unreadable):
    """A date that may mean two days."""

    def __init__(self, words: str, days: list[date]) -> None:
        ValueError.__init__(self, f"Which day is “{words}”: {' or '.join(map(str, days))}?")


def check(text: str) -> None:
    """Raises `Unreadable`, naming words of plain `text` that are written like a time and are none."""
    for match in re.finditer(_ISO_LIKE, text):
        if not _is_iso(match.group()):
            raise Unreadable(match.group())
    for pattern in _CLOCK_LIKE:
        for match in re.finditer(pattern, text):
            if int(match["hour"]) > 24 or int(match.groupdict().get("minute") or 0) > 59:
                raise Unreadable(match.group())
    for pattern in _NEVER:
        if found := re.search(pattern, text):
            raise Unreadable(found.group())


def day_in_figures(text: str) -> tuple[date | None, str]:
    """The day that `31/01/2026` or `31.01.2026` means, and the text without it.

    Raises `Unreadable` for a day that no calendar has, `Ambiguous` where month and day may be either.
    """
    for pattern in _DATE:
        if match := re.search(pattern, text):
            year, month, day = (int(match[name]) for name in ("year", "month", "day"))
            orders = [(month, day)] + ([(day, month)] if re.match(r"\d+/\d+/\d{4}", match.group()) else [])
            days = sorted({found for order in orders if (found := _date(year, *order))})
            if not days:
                raise Unreadable(match.group())
            if len(days) > 1:
                raise Ambiguous(match.group(), days)
            return days[0], f"{text[: match.start()]}at {text[match.end() :]}"
    return None, text


def event_without_time(text: str) -> str:
    """What somebody names instead of a time, such as `since the deploy`; empty where nobody does."""
    return next((found.group() for p in _AFTER_AN_EVENT if (found := re.search(p, text))), "")


def _is_iso(words: str) -> bool:
    try:
        datetime.fromisoformat(words.upper())
    except ValueError:
        return False
    return True


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None
