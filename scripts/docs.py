"""Writes docs/failure-modes.md from the failure modes themselves.

Usage: python -m scripts.docs [--check]      --check: write nothing, fail if the page is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "shared" / "python"))

from auto_repair.domain.diagnosis import FailureMode
from auto_repair.failure_modes import all_failure_modes

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "failure-modes.md"
HEAD = """# Failure modes

What the system recognises. Made by `make docs` from `layers/shared/python/auto_repair/failure_modes/`; each
row is the first line of a file there. The runbooks in `knowledge/` say what to check and how to undo.

| Failure mode | What is seen | Repair |
|---|---|---|
"""


def page() -> str:
    """The page as it should be."""
    return HEAD + "".join(map(_row, all_failure_modes()))


def _row(mode: FailureMode) -> str:
    symptom = (sys.modules[mode.detect.__module__].__doc__ or "").strip().splitlines()[0]
    repair = f"`{mode.repair.name}`" if mode.repair else "none: people are told"
    return f"| [{mode.title}](../knowledge/{mode.name}.md) | {symptom} | {repair} |\n"


def main(arguments: list[str]) -> int:
    """The exit status: 1 when --check finds the page out of date."""
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text() == page():
            return 0
        print(f"{PAGE.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
        return 1
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
