"""The report of one incident as JSON, for programs: all but the single runs, which the evidence keeps.

One object; names in camelCase as in the tables, times in ISO 8601, what is absent null, lists bounded. Its
JSON Schema is docs/incident-report.schema.json.

- `format`: `FORMAT`. Within one number keys are added, and neither renamed nor taken away.
- `conclusion`, `standing`, `change`, `differences`, `undoCommands`, `checkCommands`, `wayBackCommands`,
  `timeline`: what the page says, documents in them whole.
- `investigation`: null where nobody looked around, else
  - `symptom` {resource, name, role, at, metric, text}: what alarmed;
  - `rootCause`: null, or {id, resource, name, since, actor, action, difference} of the change behind it;
  - `hypotheses`: [{id, title, confidence, resource, name, path, since, because, against, whyNot}], the
    likeliest first. `id` is what people accept or decline; `whyNot` is empty for the root cause;
  - `inquiry`: null, or {outcome, probability, reasons, text, lookedAt, leads}: what the look around came to,
    why it names no cause, and leads in the form of hypotheses, which are no causes;
  - `impactPath`: null, or {text, stations: [{resource, service, name, part, wrong, since}], links: [{source,
    target, because, isSeen, isOnPath}], hidden}. `part` is cause, between, alarm or beside;
  - `impact`: null, or {cause, since, failedCalls, affected: [{resource, basis, isEntry, since, calls, failed,
    usual, slow, because, text}], spared}.
- `outlook`: [{resource, quantity, subject, limit, forecast, assumption, text}], the most urgent first.
- `risks`, `prevention`: what a repair may cost, and what keeps the cause from coming back.
- `incident`, `status`, `diagnosis`, `plan`, `evidenceBefore` …: the records that all of it rests on, with
  - `incident.reading`: null, or how a question in words was read {resource, symptom, since, zone, language,
    assumptions};
  - `diagnosis.similar`: past incidents that looked like this one, the likest first;
  - `diagnosis.counsel`: null, or what a model said and what of it was dropped;
  - `answers`, `reopenings`: what people said of findings, and what late evidence changed since;
  - `firstDiagnosis`: the workflow's own of `diagnosedAt`, null where it is the one that still holds.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from auto_repair.domain.diagnosis import Hypothesis
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.impact import Affected
from auto_repair.domain.outlook import Statement
from auto_repair.domain.surroundings import ResourceSeries
from auto_repair.reports import overview
from auto_repair.reports.conclusion import conclude
from auto_repair.reports.consequences import risks, why_not
from auto_repair.reports.culprit import culprit, difference
from auto_repair.reports.escaping import DOCUMENT, SAMPLE, clean
from auto_repair.reports.impact_path import ImpactPath, impact_path
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.inquiry import inquiry
from auto_repair.reports.timeline import timeline

FORMAT = "lambda-auto-repair/incident-report/1"
MOST_ITEMS = 1000  # of any one list
MOST_SERIES = 60  # of the surroundings

_SINGLE_RUNS = frozenset({"invocations", "history"})


def render(report: IncidentReport) -> str:
    """The object as text that ends with a line feed."""
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
        "way_back_commands": report.way_back_commands,
        "timeline": timeline(report),
        "investigation": _investigation(report),
        "outlook": [_with_text(statement) for statement in report.outlook],
        "risks": risks(report),
    }
    # What is said of the change is what a person acts on, so documents in it are whole.
    said = {_camel(name): _plain(value, DOCUMENT) for name, value in derived.items()}
    return said | {_camel(name): _plain(value) for name, value in known.items()}


def _investigation(report: IncidentReport) -> dict[str, Any] | None:
    around, found = report.surroundings, report.impact
    if around is None:
        return None
    symptom, path = around.scope.symptom, impact_path(report)
    return {
        "symptom": _members(symptom, SAMPLE) | {"name": report.named(symptom.resource)},
        "rootCause": _root_cause(report),
        "hypotheses": [_hypothesis(h, report) for h in report.diagnosis.hypotheses]
        if report.diagnosis
        else [],
        "inquiry": _inquiry(report),
        "impactPath": _with_text(path) if path else None,
        "impact": {
            **_members(found, SAMPLE),
            "since": found.since,
            "failedCalls": found.failed_calls,
            "affected": [_with_text(one) for one in found.affected],
        }
        if found
        else None,
    }


def _inquiry(report: IncidentReport) -> dict[str, Any] | None:
    """What the look around came to, and its leads; in words where it named no cause."""
    held = report.diagnosis.inquiry if report.diagnosis else None
    if held is None:
        return None
    told = inquiry(report)
    return {
        "outcome": held.outcome.value,
        "probability": _number(held.probability),
        "reasons": _plain(held.reasons),
        "text": told.outcome if told else "",
        "lookedAt": _plain(told.looked_at) if told else [],
        "leads": [_hypothesis(lead, report) for lead in held.leads],
    }


def _root_cause(report: IncidentReport) -> dict[str, Any] | None:
    cause, change = report.cause, culprit(report.cause, report.surroundings)
    if cause is None:
        return None
    return {
        "id": cause.id,
        "resource": report.place_of_cause,
        "name": report.named(report.place_of_cause),
        "since": change.at if change else cause.since,
        "actor": change.actor if change else "",
        "action": change.action if change else "",
        "difference": difference(change) if change else "",
    }


def _hypothesis(hypothesis: Hypothesis, report: IncidentReport) -> dict[str, Any]:
    is_other = report.cause is not None and hypothesis is not report.cause
    return {
        "id": hypothesis.id,
        "name": report.named(hypothesis.resource),
        "whyNot": why_not(hypothesis, report.cause) if report.cause and is_other else "",
    } | _members(hypothesis, SAMPLE)


def _with_text(value: ImpactPath | Affected | Statement) -> dict[str, Any]:
    """Its members, and what it says in words."""
    return {**_members(value, SAMPLE), "text": value.text}


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
            return [_plain(item, longest) for item in list(value)[: _most(value)]]
    return _members(value, longest) if is_dataclass(value) else clean(value)


def _most(values: Any) -> int:
    """How many are written down: a series holds hundreds of points."""
    return MOST_SERIES if any(isinstance(v, ResourceSeries) for v in list(values)[:1]) else MOST_ITEMS


def _members(value: Any, longest: int) -> dict[str, Any]:
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
