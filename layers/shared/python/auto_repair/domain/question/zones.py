"""Which time zone a question names: an offset, a name of the tz database, a city or an abbreviation."""

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from auto_repair.domain.question.words import blank

ISO_WITH_ZONE = r"(?<!\d)\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}[\d:.]{0,10}(?:z|[+-]\d{2}:?\d{2})"
LARGEST = timedelta(hours=14)  # offset that is in use anywhere
# Hours east of Greenwich, of abbreviations that mean one zone only.
_ABBREVIATIONS = {
    "utc": 0, "gmt": 0, "z": 0, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "jst": 9,
    "kst": 9, "hkt": 8, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "edt": -4, "mdt": -6, "pdt": -7,
}  # fmt: skip
# These mean several: CST is in America and in China, PST in California and in Manila.
_SEVERAL = (
    "pst|est|mst|cst|ist|bst|ast|cdt|adt|hst|akst|akdt|acst|awst|sgt|wet|west|msk"  # codespell:ignore ist
    "|pkt|wib|sast|[ecmp]t"
)
# Words of other languages too: they are zones in capitals, or after am and pm.
_ALSO_WORDS = r"est|ist|cet|wet|west|[ecmp]t"  # codespell:ignore ist

_AFTER = r"(?:\d|[ap]\.?m\.?|uhr|o.?clock|\dh|noon|midnight|morning|evening|night|yesterday|[点點时])"
_NAMED = (
    r"(?<![a-z])(?P<offset>(?:utc|gmt)\s?[+-]\d{1,2}(?::?\d{2})?)(?![\d:])(?!\s?(?:utc|gmt))",
    r"\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m)?\s?(?P<offset>\+\d{2}:?\d{2}|-\d{4})(?![\d:])",
    r"\d{1,2}:\d{2}\s?(?P<span>-\d{2}:\d{2})(?![\d:])",
    r"(?<![\w/])(?P<key>(?:africa|america|antarctica|asia|atlantic|australia|etc|europe|indian|pacific|us)"
    r"/[a-z][\w/+-]{1,30})",
    rf"{_AFTER}[\s(,]{{0,3}}(?:in\s)?(?<![a-z])(?P<short>{'|'.join(_ABBREVIATIONS)}|{_SEVERAL})(?![a-z0-9])",
    r"(?<![a-z])(?P<short>utc|gmt)(?![a-z])",
    rf"{_AFTER}[\s(,]{{1,3}}(?:in\s)?(?P<place>(?!(?:am|pm|uhr|in)\s)[a-z]{{2,20}}(?:\s(?!time)[a-z]{{2,20}})?)"
    r"\s(?:standard\s|daylight\s|summer\s)?(?:time|zeit)(?![a-z])",
    rf"{_AFTER}[\s(,]{{1,3}}(?:heure|hora)\s(?:de\s|d.)?(?P<place>[a-z]{{2,20}})",
    r"(?P<place>ortszeit|(?:北京|中国|东京|首尔|香港|纽约|伦敦|巴黎|柏林|美东|美西|本地|当地)时间)",
)
_NO_PLACE = (
    r"\b(?:the|this|that|same|every|each|all|any|some|first|second|last|long|response|answer|run|running|real"
    r"|execution|processing|load|loading|wait|waiting|query|init|idle|start|up|down|lange|ganze|keine?)$"
)
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class NamedZone:
    """The zone, None where none is named or it is not clear which; `text` is what is left without it."""

    text: str
    zone: tzinfo | None = None
    ask_back: tuple[str, ...] = ()


def named_zone(text: str, original: str) -> NamedZone:
    """The zone in plain `text`; `original` is the question as it was typed, for its capitals."""
    zones: dict[str, tzinfo | None] = {}
    shown = re.sub(ISO_WITH_ZONE, lambda match: " " * len(match.group()), text)
    for pattern in _NAMED:
        for match in re.finditer(pattern, shown):
            kind, said = next((k, words) for k, words in match.groupdict().items() if words)
            if _is_meant(kind, match, original):
                zones[said.upper() if kind == "short" else said] = _zone(kind, said)
                text = blank(text, *match.span(kind))
                shown = blank(shown, *match.span(kind))
    unclear = [said for said, zone in zones.items() if zone is None]
    if unclear or len(set(zones.values())) > 1:
        words = unclear[0] if unclear else "” or “".join(zones)
        back = f"Which time zone is meant by “{words}”? Give the time such as 2026-01-31T10:00+01:00."
        return NamedZone(text, None, (back,))
    return NamedZone(text, next(iter(zones.values()), None))


def _is_meant(kind: str, match: re.Match[str], original: str) -> bool:
    """Whether the words name a zone at all: `est` is French too, and a response has its time."""
    said = match[kind]
    if kind == "span":  # from 10:00-11:00 is one, 10:00-05:00 may be none
        return int(said[1:3]) < int(match.group().partition(":")[0]) and int(said[1:3]) <= 12
    if kind == "place":
        return not re.search(_NO_PLACE, said)
    if kind != "short" or not re.fullmatch(_ALSO_WORDS, said) or re.match(r"[ap]\.?m", match.group()):
        return True
    return bool(re.search(rf"(?<![A-Za-z]){said.upper()}(?![A-Za-z])", original))


def _zone(kind: str, said: str) -> tzinfo | None:
    """None where the words may mean several, or none that is known."""
    if kind == "offset":
        return _offset(said.lstrip("utcgm "))
    if kind == "short":
        return _abbreviated(said)
    if said == "北京时间":
        return _BEIJING
    return None if kind == "span" else _of_the_database(said.replace(" ", "_"), by_city=kind == "place")


def _abbreviated(said: str) -> tzinfo | None:
    hours = _ABBREVIATIONS.get(said)
    if hours is None:
        return None
    return timezone(timedelta(hours=hours), said.upper()) if hours else UTC


def _offset(said: str) -> tzinfo | None:
    """Of `+9`, `+09:00` or `-0530`."""
    figures = said[1:].replace(":", "")
    hours, minutes = (figures[:-2], figures[-2:]) if len(figures) > 2 else (figures, "0")
    length = timedelta(hours=int(hours), minutes=int(minutes))
    if length > LARGEST or int(minutes) > 59:
        return None
    return timezone(-length if said[0] == "-" else length)


def _of_the_database(name: str, *, by_city: bool) -> tzinfo | None:
    """By the whole name, or a city by the end of it: `europe/berlin`, `tokyo`."""
    known = (key for key in available_timezones() if "/" in key)
    found = [k for k in known if (k.lower().rpartition("/")[2] if by_city else k.lower()) == name]
    return ZoneInfo(found[0]) if len(found) == 1 else None
