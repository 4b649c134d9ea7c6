"""Runs every check of the project, the quick ones first, and stops at the first stage that fails.

Usage: python -m scripts.run_tests [STAGE...]      without arguments: all of them
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Suites whose files know nothing of each other: two processes, each with an embedded AWS of its own.
SIDE_BY_SIDE = {"adapters", "e2e", "local", "unit"}

# Hooks that take seconds: as stages of their own they come later and say by their name what failed.
SLOW_HOOKS = ("statelint", "checkov", "terraform-validate")


@dataclass(frozen=True)
class Stage:
    """One step; `commands` run in order, with `variables` on top of the environment."""

    name: str
    commands: tuple[Sequence[str], ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    def passes(self) -> bool:
        environment = {**os.environ, **self.variables}
        return all(
            subprocess.run(command, cwd=ROOT, env=environment).returncode == 0 for command in self.commands
        )


def stages() -> list[Stage]:
    """All stages in their order. A folder of tests this script does not know runs before the last one."""
    suites = ["unit", "contract", "scenarios", "adapters"]
    slow_suites = ["e2e"]
    found = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    others = sorted(found - {*suites, *slow_suites})
    return [
        Stage("lint", (_hook("--show-diff-on-failure"),), {"SKIP": ",".join(SLOW_HOOKS)}),
        *(_suite(name) for name in suites),
        Stage("asl", (_hook("statelint"),)),
        Stage("checkov", (_hook("checkov"),)),
        Stage(
            "terraform", (_hook("terraform-validate"), [sys.executable, "-m", "scripts.terraform", "test"])
        ),
        *(_suite(name) for name in [*others, *slow_suites]),
    ]


def _hook(*options: str) -> list[str]:
    return [str(BIN / "pre-commit"), "run", "--all-files", *options]


def _suite(name: str) -> Stage:
    lanes = ("--numprocesses", "2", "--dist", "loadfile") if name in SIDE_BY_SIDE else ()
    return Stage(name, ([sys.executable, "-m", "pytest", f"tests/{name}", *lanes],))


def run(chosen: Sequence[Stage]) -> int:
    """Run the stages; the exit status is 0 only if all of them passed."""
    started = time.monotonic()
    for number, stage in enumerate(chosen, 1):
        print(f"\n━━━ {number}/{len(chosen)} {stage.name}", flush=True)
        stage_started = time.monotonic()
        passed = stage.passes()
        print(f"{'✔' if passed else '✘'} {stage.name}: {time.monotonic() - stage_started:.0f} s", flush=True)
        if not passed:
            print(f"\nFAILED: {stage.name}. Again: python -m scripts.run_tests {stage.name}", flush=True)
            return 1
    names = ", ".join(stage.name for stage in chosen)
    print(f"\nPASSED in {time.monotonic() - started:.0f} s: {names}.", flush=True)
    return 0


def main(names: Sequence[str]) -> int:
    known = {stage.name: stage for stage in stages()}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no stage {', '.join(unknown)}. Stages: {', '.join(known)}.", file=sys.stderr)
        return 2
    return run([known[name] for name in names] if names else list(known.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
