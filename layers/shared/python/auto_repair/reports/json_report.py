"""The report of one incident as JSON, for programs: all but the single runs, which the evidence keeps."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from auto_repair.domain.evidence import Evidence
from auto_repair.reports import overview
from auto_repair.reports.conclusion import conclude
from auto_repair.reports.escaping import DOCUMENT, SAMPLE, clean
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.timeline import timeline

FORMAT = "lambda-auto-repair/incident-report/1"
MOST_ITEMS = 1000  # of any one list

_SINGLE_RUNS = frozenset({"invocations", "history"})


def render(report: IncidentReport) -> str:
    """A JSON object; names in camelCase as in the tables, times in ISO 8601, absent parts null."""
    return json.dumps(document(report), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def document(report: IncidentReport) -> dict[str, Any]:
    """The object before it is written down."""
    known = {f.name: getattr(report, f.name) for f in fields(report)}
    derived = {
        "format": FORMAT,
        "conclusion": conclude(report),
        "standing": report.standing,
        "change": report.change,
        "differences": overview.difference(report),
        "undo_commands": report.undo_commands,
        "check_commands": report.check_commands,
        "timeline": timeline(report),
    }
    # What is said of the change is what a person acts on, so documents in it are whole.
    said = {_camel(name): _plain(value, DOCUMENT) for name, value in derived.items()}
    return said | {_camel(name): _plain(value) for name, value in known.items()}


def _plain(value: Any, longest: int = SAMPLE) -> Any:
    match value:
        case Enum():
            return value.value
        case None | bool() | int():
            return value
        case float() | Decimal():
            return _number(value)
        case str():
            return clean(value, longest)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {clean(str(key), 200): _plain(item, longest) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, longest) for item in list(value)[:MOST_ITEMS]]
    return _members(value, longest)


def _members(value: Any, longest: int) -> Any:
    if not is_dataclass(value):
        return clean(value)
    names = [f.name for f in fields(value)]
    if isinstance(value, Evidence):
        names = [name for name in names if name not in _SINGLE_RUNS]
    return {_camel(name): _plain(getattr(value, name), longest) for name in names}


def _number(value: float | Decimal) -> float | int | None:
    """JSON knows neither NaN nor infinity."""
    as_float = float(value)
    if as_float != as_float or as_float in (float("inf"), float("-inf")):
        return None
    return int(value) if value == int(value) and isinstance(value, Decimal) else as_float


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
