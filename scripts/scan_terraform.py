"""Scans terraform/ with checkov; fails on any failed check and on any file that checkov could not read.

checkov alone ends with status 0 when it skips a file it cannot parse, and nothing in that file was checked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"
REPORT = ROOT / ".build" / "checkov" / "report.json"
OPTIONS = ["--directory", "terraform", "--framework", "terraform", "--skip-download", "--quiet", "--compact"]
# Links to the root that prod is scanned with (tests/contract/test_environments.py sees to it).
TWINS = ["terraform/shared", *(f"terraform/environments/{name}/" for name in ("dev", "local", "prod-dr"))]
SKIPPED = [option for path in TWINS for option in ("--skip-path", path)]
OUTPUTS = ["--output", "cli", "--output", "json", "--output-file-path", f"console,{REPORT}"]


def complaint(summary: Mapping[str, Any]) -> str | None:
    """What is wrong with a scan, if anything; `summary` as in checkov's JSON report."""
    if summary["failed"]:
        return f"{summary['failed']} checks failed"
    if summary["parsing_errors"]:
        return f"{summary['parsing_errors']} files could not be read and were not checked"
    if not summary["passed"]:
        return "nothing was checked"
    return None


def main() -> int:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    status = subprocess.run(
        [CHECKOV, *OPTIONS, *SKIPPED, *OUTPUTS],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(ROOT / ".tools" / "cache")},
    ).returncode
    report = json.loads(REPORT.read_text())
    summary = report.get("summary", report)  # bare when there was nothing to check
    print(f"checkov: {summary['passed']} passed, {summary['failed']} failed, {summary['skipped']} skipped")
    problem = complaint(summary)
    if problem:
        print(f"checkov: {problem}.", file=sys.stderr)
    return status or bool(problem)


if __name__ == "__main__":
    sys.exit(main())
