"""The schema of report.json fits every report, and names everything that a report derives."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from auto_repair.reports import json_report
from tests.unit.reports import cases

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs/incident-report.schema.json").read_text(encoding="utf-8")
)


def document(case: str) -> Any:
    return json.loads(json_report.render(cases.ALL[case]()))


def undescribed(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """Keys of objects that the schema describes, and which it does not name."""
    whole = _followed(schema)
    schemas = [whole, *(_followed(s) for s in (*whole.get("anyOf", ()), *whole.get("allOf", ())))]
    if isinstance(value, list):
        items: dict[str, Any] = next((s["items"] for s in schemas if "items" in s), {})
        return [found for one in value for found in undescribed(one, items, f"{path}[]")]
    known = {name: s for each in schemas for name, s in each.get("properties", {}).items()}
    if not isinstance(value, dict) or not known:
        return []
    strange = [f"{path}.{name}" for name in value if name not in known]
    return strange + [
        found
        for name in value
        if name in known
        for found in undescribed(value[name], known[name], f"{path}.{name}")
    ]


def _followed(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = SCHEMA["$defs"][name] if name else schema
    return found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["format"]["const"] == json_report.FORMAT


@pytest.mark.parametrize("case", cases.ALL)
def test_every_report_fits(case: str) -> None:
    errors = Draft202012Validator(SCHEMA).iter_errors(document(case))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("case", cases.ALL)
def test_everything_described_is_described_whole(case: str) -> None:
    assert undescribed(document(case), SCHEMA) == []


def test_a_report_with_a_wrong_part_does_not_fit() -> None:
    broken = document("everything_said")
    broken["diagnosis"]["similar"][0]["similarity"] = 94
    del broken["incident"]["reading"]["zone"]
    paths = {error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(broken)}
    assert paths == {"$.diagnosis", "$.incident.reading"}
