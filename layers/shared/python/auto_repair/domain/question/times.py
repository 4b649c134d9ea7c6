"""Since when: durations, clock times, days and parts of days in several languages."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from auto_repair.domain.question.numbers import NUMBER, in_figures, number_of
from auto_repair.domain.question.reading import out_of_reach
from auto_repair.domain.question.unreadable import Unreadable, check, day_in_figures, event_without_time
from auto_repair.domain.question.words import blank
from auto_repair.domain.question.zones import ISO_WITH_ZONE, named_zone

_UNITS = (
    (1, r"seconds?|secs?|s|sekunden?|secondes?|segundos?|秒钟?"),
    (60, r"minutes?|mins?|min|minuten?|minutos?|分钟?"),
    (3600, r"hours?|hrs?|h|stunden?|std|heures?|horas?|个?小时|个?钟头"),
    (86400, r"days?|d|tage?n?|jours?|dias?|天|日"),  # codespell:ignore tage
    (604800, r"weeks?|wochen?|semaines?|semanas?|个?星期|周"),
)
_UNIT = "|".join(f"(?:{names})" for _, names in _UNITS)
_SPAN = rf"(?P<n>{NUMBER}|an?|eine[rnm]?|une?|una?)?[\s-]{{0,2}}(?P<unit>{_UNIT})(?![a-z0-9])"
_LAST = (
    r"(?:(?:in|over|during|for|seit|in|durant|pendant|depuis|durante|desde) )?"
    r"(?:the |den |les |las |los |la |le |el |der |die )?"
    r"(?:last|past|letzten?r?|vergangenen?|dernier[es]?s?|derniere?s?|ultim[oa]s?) (?:few )?"
)
# Patterns stay text: few incidents begin with a question, and `re` keeps what it has compiled.
_DURATIONS = (
    rf"(?<![a-z]){_LAST}{_SPAN}",
    rf"(?<![a-z])(?P<n>{NUMBER})\s(?:dernier[es]{{0,2}}|ultim[oa]s)\s(?P<unit>{_UNIT})(?![a-z])",
    rf"(?<![a-z])(?:for|seit|pendant|durante|desde hace|hace|il y a|ca fait|vor)"  # codespell:ignore hace,vor
    rf"\s(?:about|around|almost|over|some|the last|the past|etwa|rund|environ|unos|unas)?\s?{_SPAN}",
    # With a bare h, `since 10h` is a time of day.
    rf"(?<![a-z])(?:since|depuis|ab)\s(?:about\s|environ\s)?(?!\d{{1,2}}\s?h(?![a-z])){_SPAN}",
    rf"(?<![a-z0-9]){_SPAN}\s(?:ago|earlier|back|lang)(?![a-z])",
    rf"(?:最近|过去|近|持续了?|已经)\s?{_SPAN}",
    rf"{_SPAN}\s?(?:之?前|以前|以来|之?内)",
)
_ISO = (
    r"(?<!\d)\d{4}-\d{2}-\d{2}"
    r"(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:\s?(?:z|utc)|[+-]\d{2}:?\d{2})?)?(?!:?\d)"
)
_MARK = r"(?P<mark>a\.?m\.?|p\.?m\.?|uhr|o.?clock|h|heures?|horas)"
# A number right after these words is a time of day, unless it counts something.
_SINCE = (
    r"(?:since|from|at|after|around|starting|between|as of|ab|seit|um|gegen|von|nach"
    r"|a partir de|depuis|des|vers|a|desde|sobre)(?: about| around| ca\.?| etwa| las?| les)?"
)
_COUNTED = (
    r"(?!\s?(?:of|%|ms|s|mb|gb|rps|requests?|calls?|errors?|times?|tries|retries|attempts?|releases?|versions?"
    r"|deploy\w{0,8}|messages?|users?|items?|mal|fois|veces)\b|[.,:]?\d|-)"
)
_CLOCKS = (
    # half past ten, quarter to ten, halb elf
    r"(?<![a-z])(?P<shift>half past|quarter past|quarter to"
    r"|halb|viertel nach|viertel vor)\s"  # codespell:ignore vor
    rf"(?P<hour>{NUMBER})(?![a-z])(?:\s?{_MARK}(?![a-z]))?",
    # 10:30, 10:30:15, 10.30 Uhr, 10h30, 3 pm, 10 Uhr, ten o'clock
    rf"(?<![\d:.])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::\d{{2}})?(?!:?\d)(?:\s?{_MARK}(?![a-z]))?",
    r"(?<![\d:.])(?P<hour>\d{1,2})h(?P<minute>\d{2})(?![\da-z])",
    rf"(?<![\d:.a-z])(?P<hour>{NUMBER})(?:\.(?P<minute>\d{{2}}))?\s?"
    r"(?P<mark>a\.?m\.?|p\.?m\.?|uhr|o.?clock)(?![a-z])",
    # since ten, since 10.30, depuis 10h, a las diez y media
    rf"(?<![a-z]){_SINCE}\s(?P<hour>{NUMBER})(?![a-z0-9])(?:\.(?P<minute>\d{{2}}))?(?:\s?{_MARK})?(?![a-z])"
    rf"(?P<and_a_half>\s(?:y media|et demie))?{_COUNTED}",
    rf"(?<![a-z]){_SINCE}\s(?P<hour>\d{{1,2}})\s?(?P<mark>h)(?![a-z0-9])",
    rf"(?P<hour>{NUMBER})\s?[点點时](?:钟|整)?(?:(?P<and_a_half>半)|(?P<minute>\d{{1,2}})分?)?",
)
_SHIFTS = {"half past": 30, "quarter past": 15, "viertel nach": 15,
           "quarter to": -15, "viertel vor": -15, "halb": -30}  # fmt: skip  # codespell:ignore vor
_DAYS = (
        (2, r"(?<![a-z])(?:day before yesterday|vorgestern|avant-hier|anteayer|antier)(?![a-z])|前天"),
        (1, r"(?<![a-z])(?:yesterday|gestern|depuis hier|hier (?=soir|matin|midi|apres|a |vers |nuit)|ayer"
            r"|(?=last night)|(?=anoche))(?![a-z])|昨[天日晚]|(?=昨)"),
        (0, r"(?<![a-z])(?:today|heute|aujourd.hui|hoy|(?=this (?:morning|afternoon|evening)|tonight)"
            r"|(?=ce matin|cet apres|ce soir|esta (?:manana|tarde|noche)))(?![a-z])|今[天日早晚]"),
        (-1, r"(?<![a-z])(?:tomorrow|demain|ubermorgen)(?![a-z])|明天|后天"),
)  # fmt: skip
_PARTS = (
        ("day", 0, r"(?<![a-z])(?:midnight|mitternacht|minuit|medianoche)(?![a-z])|午夜|零点"),
        ("morning", 6, r"(?<![a-z])(?:morning|(?:heute|gestern) (?:morgen|fruh)|vormittag|matin"
                       r"|(?:la|esta) manana)(?![a-z])|早上|早晨|上午|凌晨|今早"),
        ("afternoon", 12, r"(?<![a-z])(?:noon|midday|mittags?|midi|mediodia|afternoon|nachmittags?|apres-midi"
                          r"|(?:la|esta) tarde)(?![a-z])|中午|下午"),
        ("evening", 18, r"(?<![a-z])(?:evening|abends?|soir|tonight)(?![a-z])|晚上|傍晚|今晚|昨晚"),
        ("night", 22, r"(?<![a-z])(?:last night|at night|nachts?|nuit|(?:la|esta) noche|anoche)(?![a-z])"
                      r"|夜里|半夜|夜间"),
)  # fmt: skip
_WEEKDAYS = tuple(
    rf"(?<![a-z])(?:{latin})(?![a-z])|(?:星期|周|礼拜)[{chinese}]"
    for latin, chinese in (
        ("monday|montag|lundi|lunes", "一"), ("tuesday|dienstag|mardi|martes", "二"),
        ("wednesday|mittwoch|mercredi|miercoles", "三"), ("thursday|donnerstag|jeudi|jueves", "四"),
        ("friday|freitag|vendredi|viernes", "五"), ("saturday|samstag|samedi|sabado", "六"),
        ("sunday|sonntag|dimanche|domingo", "日天"),
    )
)  # fmt: skip
# Whole names and usual abbreviations: what was declined or decreased was not so in December.
_MONTHS = (
    "jan(?:uary?|uar|ner|v|vier)?|enero", "feb(?:ruary?|ruar|rero)?|fev(?:r|rier)?", "mar(?:ch|z|zo|s)?",
    "apr(?:il)?|avril|abril", "may|mai|mayo", "jun[ei]?|juin|junio", "jul[iy]?|juillet|julio",
    "aug(?:ust)?|aout|agosto", "sept?(?:ember|embre|iembre)?|setiembre", "o[ck]t(?:ober|obre|ubre)?",
    "nov(?:ember|embre|iembre)?", "de[cz](?:ember|embre)?|dic(?:iembre)?",
)  # fmt: skip
_DATES = tuple(
    (month, rf"(?<![\w.:])(?P<day>\d{{1,2}})(?:[snrt][tdh]|\.|er)?\s(?:of |de )?(?:{names})(?![a-z])"
        rf"|(?<![a-z])(?:{names})\s(?P<day_after>\d{{1,2}})(?:[snrt][tdh])?(?![\d:.h]|\s?(?:am|pm))"
        rf"|(?<!\d){month}月(?P<day_chinese>\d{{1,2}})[日号]")
    for month, names in enumerate(_MONTHS, start=1)
)  # fmt: skip
_THIS_WEEK = r"(?<![a-z])(?:this week|diese woche|cette semaine|esta semana)(?![a-z])|[这本]周"
_RANGE = r"\s{0,6}(?:to|and|until|till|bis|und|-|–|a|et|jusqu|y|hasta|到|至)"
_AFTERNOON = {"afternoon", "evening", "night"}


@dataclass(frozen=True)
class Since:
    """When it began, UTC; None where nobody said. `assumptions` and `ask_back` are in words.

    `zone` is the one in which a time of day or a date was read, empty where none is named.
    """

    at: datetime | None = None
    zone: str = ""
    assumptions: tuple[str, ...] = ()
    ask_back: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Clock:
    start: int
    end: int
    at: time
    sure: bool  # morning or afternoon was said, or is plain from the number


def since_when(text: str, original: str, now: datetime, zone: tzinfo = UTC) -> Since:
    """The beginning that plain `text` names, in `zone` where it says no other.

    `original` is the text as it was typed.
    """
    named = named_zone(in_figures(text), original)
    try:
        check(named.text)
        since = _read(named.text, now, named.zone or zone)
    except Unreadable as doubt:
        return Since(ask_back=(str(doubt),))
    if named.ask_back and (since.zone or since.ask_back):
        return Since(ask_back=named.ask_back)
    if since == Since() and (event := event_without_time(named.text)):
        return Since(ask_back=(f"When was that: “{event}”?",))
    if since.at and (problem := out_of_reach(since.at, now)):
        return Since(ask_back=(f"{_shown(since.at, named.zone or zone)} {problem}.",))
    if not since.zone or named.zone or re.search(ISO_WITH_ZONE, text):
        return since
    assumed = f"Times are read as {since.zone}: the question names no time zone."
    return replace(since, assumptions=(*since.assumptions, assumed))


def _read(text: str, now: datetime, zone: tzinfo) -> Since:
    local = now.astimezone(zone)
    if moments := list(dict.fromkeys(_iso(text, zone))):
        return _settled(moments[0], now, zone, ()) if len(moments) == 1 else _which(moments, zone)
    day, text = _day(text, local.date())
    length, text = _duration(text)
    part = next(((words, time(hour)) for words, hour, pattern in _PARTS if re.search(pattern, text)), None)
    clocks = _clocks(text, part[0] if part else "")
    if len({clock.at for clock in clocks}) > 1:
        return Since(ask_back=(f"Since when: {' or '.join(f'{c.at:%H:%M}' for c in clocks)}?",))
    if clocks:
        return _at_clock(clocks[0], day, local, now)
    if day or part:
        return _at_part(day, part, local, now)
    return Since(now - length) if length else Since()


def _iso(text: str, zone: tzinfo) -> list[datetime]:
    found = []
    for match in re.finditer(_ISO, text):
        written = re.sub(r"\s?utc$", "z", match.group()).replace("t", " ").upper()
        try:
            moment = datetime.fromisoformat(written)
            found.append((moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))
        except (ValueError, OverflowError):
            continue
    return found


def _day(text: str, today: date) -> tuple[date | None, str]:
    """The day that is named, and the text without a date's own numbers. Raises `Unreadable`."""
    day, text = day_in_figures(text)
    if day:
        return day, text
    for month, pattern in _DATES:
        if match := re.search(pattern, text):
            number = int(next(group for group in match.groups() if group))
            if number > 31:  # counts something
                continue
            day = _latest(month, number, today)
            if day is None:
                raise Unreadable(match.group())
            return day, text[: match.start()] + "at " + text[match.end() :]
    for days, pattern in _DAYS:
        if re.search(pattern, text):
            return today - timedelta(days=days), text
    for weekday, pattern in enumerate(_WEEKDAYS):
        if re.search(pattern, text):
            return today - timedelta(days=(today.weekday() - weekday) % 7), text
    if re.search(_THIS_WEEK, text):
        return today - timedelta(days=today.weekday()), text
    return None, text


def _latest(month: int, day: int, today: date) -> date | None:
    """The last such day up to today; None for a day that no calendar has."""
    for year in range(today.year, today.year - 5, -1):  # 29 February comes every fourth year
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    return None


def _clocks(text: str, part: str) -> list[_Clock]:
    found: list[_Clock] = []
    for pattern in _CLOCKS:
        for match in re.finditer(pattern, text):
            clock = _clock(match, part)
            if clock and not any(clock.start < c.end and c.start < clock.end for c in found):
                found.append(clock)
    found.sort(key=lambda c: c.start)
    # Of `from 10:00 to 11:00` the beginning counts.
    return [
        c for i, c in enumerate(found) if i == 0 or not re.match(_RANGE, text[found[i - 1].end : c.start])
    ]


def _clock(match: re.Match[str], part: str) -> _Clock | None:
    groups = match.groupdict()
    hour = number_of(groups["hour"])
    minute = number_of(groups.get("minute") or "0")
    minute = 30 if groups.get("and_a_half") else minute
    if hour is None or minute is None or hour != int(hour) or not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    mark = (groups.get("mark") or "").replace(".", "")
    if (mark == "pm" or (not mark and part in _AFTERNOON)) and hour < 12:
        hour += 12
    if mark == "am" and hour == 12:
        hour = 0
    minutes = int(hour) * 60 + int(minute) + _SHIFTS.get(groups.get("shift") or "", 0)
    at = time(minutes // 60 % 24, minutes % 60)
    written = ":" in match.group() or mark in ("am", "pm", "uhr") or bool(part)
    return _Clock(match.start(), match.end(), at, sure=written or hour > 12)


def _at_clock(clock: _Clock, day: date | None, local: datetime, now: datetime) -> Since:
    on = day or local.date()
    moment = datetime.combine(on, clock.at, local.tzinfo)
    if day is None and moment > local:
        moment -= timedelta(days=1)
    unsure = () if clock.sure and day else (f"the last {clock.at:%H:%M} before now",)
    return _settled(moment.astimezone(UTC), now, local.tzinfo or UTC, unsure)


def _at_part(day: date | None, part: tuple[str, time] | None, local: datetime, now: datetime) -> Since:
    at = part[1] if part else time(0)
    moment = datetime.combine(day or local.date(), at, local.tzinfo)
    if day is None and moment > local:
        moment -= timedelta(days=1)
    because = f"the beginning of the {part[0] if part else 'day'}"
    return _settled(moment.astimezone(UTC), now, local.tzinfo or UTC, (because,))


def _settled(moment: datetime, now: datetime, zone: tzinfo, because: tuple[str, ...]) -> Since:
    shown = _shown(moment, zone)
    if moment > now:
        return Since(ask_back=(f"{shown} is still to come. Since when has it been wrong?",))
    assumptions = tuple(f"“Since” is taken as {shown}, {reason}." for reason in because)
    return Since(moment, f"{moment.astimezone(zone):%Z}", assumptions)


def _which(moments: list[datetime], zone: tzinfo) -> Since:
    return Since(ask_back=(f"Since when: {' or '.join(_shown(m, zone) for m in moments[:3])}?",))


def _shown(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _duration(text: str) -> tuple[timedelta | None, str]:
    """How long it has been going on, and the text without it: its number is no time of day."""
    for pattern in _DURATIONS:
        if match := re.search(pattern, text):
            seconds = next(s for s, names in _UNITS if re.fullmatch(names, match["unit"]))
            number = number_of(match["n"] or "1") if (match["n"] or "1")[0].isdigit() else 1
            rest = blank(text, match.start(), match.end())
            return (timedelta(seconds=seconds * number) if number else None), rest
    return None, text
