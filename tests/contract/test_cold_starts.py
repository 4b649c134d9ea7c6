"""A cold start loads what the function runs, and nothing that only another function needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python"
HANDLERS = sorted((ROOT / "lambdas").glob("*/handler.py"))

# Dear ones: each is loaded where a call needs it, so that every other call does without.
LATE = {"boto3", "botocore.session", "lunr", "auto_repair.root_cause", "auto_repair.adapters.bedrock_advisor"}
# Who writes to people.
REPORTING = {"approver", "notifier", "findings"}

LOADED = (
    "import json, sys; sys.path[:1] = sys.argv[1:]; import handler; print(json.dumps(sorted(sys.modules)))"
)


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_loads_only_its_own(path: Path) -> None:
    command = [sys.executable, "-c", LOADED, str(path.parent), str(PACKAGE)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    loaded, name = set(json.loads(told)), path.parent.name
    assert not loaded & LATE
    assert name in REPORTING or "auto_repair.reports" not in loaded
    assert {module for module in loaded if module.startswith("auto_repair.bootstrap.")} <= own_parts(name)


def own_parts(name: str) -> set[str]:
    """What a function may load of the bootstrap: its own module and the shared ones."""
    functions = {path.parent.name for path in HANDLERS} - {name}
    # Answers to findings write the report again and come to a new diagnosis.
    if name == "findings":
        functions -= {"notifier", "diagnoser"}
    modules = {path.stem for path in (PACKAGE / "auto_repair" / "bootstrap").glob("*.py")}
    return {f"auto_repair.bootstrap.{module}" for module in modules - functions}
