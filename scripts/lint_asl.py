"""Lints state machine definitions with their placeholders filled in: statelint wants the ARNs they stand for.

Usage: python -m scripts.lint_asl FILE...
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def rendered(definition: str) -> str:
    """The definition with an ARN for every `${name}`."""
    return PLACEHOLDER.sub(r"arn:aws:lambda:us-east-1:123456789012:function:\1", definition)


def is_clean(path: Path) -> bool:
    """Whether statelint has nothing to say; it prints what it finds."""
    with tempfile.NamedTemporaryFile("w", suffix=".asl.json", encoding="utf-8") as file:
        file.write(rendered(path.read_text(encoding="utf-8")))
        file.flush()
        statelint = Path(sys.executable).with_name("statelint")
        found = subprocess.run([statelint, file.name], capture_output=True, text=True)
    print(f"{path}: {'clean' if found.returncode == 0 else found.stdout + found.stderr}")
    return found.returncode == 0


def main(paths: list[str]) -> int:
    if not paths:
        print("No definition was given.", file=sys.stderr)
        return 2
    verdicts = [is_clean(Path(path)) for path in paths]  # all of them, whatever the first one says
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
