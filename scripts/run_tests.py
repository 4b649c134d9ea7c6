"""Runs every check of the project, the quick ones first, and goes no further when some have failed.

Usage: python -m scripts.run_tests [STAGE...]      without arguments: all of them
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Suites whose files know nothing of each other: two processes, each with an embedded AWS of its own.
SIDE_BY_SIDE = {"adapters", "e2e", "local", "unit"}

# Suites that wait most of their time, for alarms and timeouts: others may run beside them.
WAITING = ("local",)
SIDE_BY_SIDE_STAGES = 2 + len(WAITING)

# Suites that run with the static checks; of the others the longest comes first, the rest in its gaps.
EARLY = ("contract", "scenarios")
LONGEST = "e2e"

# Hooks that take seconds: as stages of their own they come later and say by their name what failed.
SLOW_HOOKS = ("statelint", "checkov", "terraform-validate")


@dataclass(frozen=True)
class Stage:
    """One step; `commands` run in order, with `variables` on top of the environment.

    fills_machine: it keeps two cores busy most of its time. in_gaps: it runs beside such a stage, with the
    processor time that this one leaves while it waits.
    """

    name: str
    commands: tuple[Sequence[str], ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    fills_machine: bool = False
    in_gaps: bool = False

    def passes(self, output: IO[bytes] | None = None) -> bool:
        """Run it; what it prints goes into the file, or straight to the terminal."""
        environment = {**os.environ, **self.variables}
        return all(
            subprocess.run(
                [*self._priority, *command], cwd=ROOT, env=environment, stdout=output, stderr=output
            ).returncode
            == 0
            for command in self.commands
        )

    @property
    def _priority(self) -> tuple[str, ...]:
        return ("nice", "-n", "10") if self.in_gaps else ()


def stages() -> list[Stage]:
    """All stages in their order, also for folders of tests that this script does not know."""
    suites = [*EARLY, LONGEST, "unit", "adapters"]
    found = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    others = sorted(found - {*suites, *WAITING})
    terraform = [sys.executable, "-m", "scripts.terraform", "test"]
    return [
        # The longest of those that run side by side come first.
        *(_suite(name) for name in WAITING),
        Stage("terraform", (_hook("terraform-validate"), terraform)),
        Stage("lint", (_hook("--show-diff-on-failure"),), {"SKIP": ",".join(SLOW_HOOKS)}),
        Stage("asl", (_hook("statelint"),)),
        Stage("checkov", (_hook("checkov"),)),
        *(_suite(name) for name in [*suites, *others]),
    ]


def _hook(*options: str) -> list[str]:
    return [str(BIN / "pre-commit"), "run", "--all-files", *options]


def _suite(name: str) -> Stage:
    is_wide = name in SIDE_BY_SIDE
    lanes = ("--numprocesses", "2", "--dist", "loadfile") if is_wide else ()
    command = [sys.executable, "-m", "pytest", f"tests/{name}", *lanes]
    in_gaps = name not in (*WAITING, *EARLY, LONGEST)
    return Stage(name, (command,), fills_machine=name == LONGEST, in_gaps=in_gaps)


def batches(chosen: Sequence[Stage]) -> Iterator[list[Stage]]:
    """Stages that may run beside each other."""
    for _, neighbours in groupby(chosen, key=lambda stage: stage.fills_machine or stage.in_gaps):
        yield list(neighbours)


def run(chosen: Sequence[Stage]) -> int:
    """Run the stages; the exit status is 0 only if all of them passed."""
    started = time.monotonic()
    for batch in batches(chosen):
        failed = _run_alone(*batch) if len(batch) == 1 else _run_beside_each_other(batch)
        if failed:
            print(f"\nFAILED: {failed}. Again: python -m scripts.run_tests {failed}", flush=True)
            return 1
    names = ", ".join(stage.name for stage in chosen)
    print(f"\nPASSED in {time.monotonic() - started:.0f} s: {names}.", flush=True)
    return 0


def _run_alone(stage: Stage) -> str:
    """Its name if it failed. What it prints is seen at once."""
    print(f"\n━━━ {stage.name}", flush=True)
    started = time.monotonic()
    passed = stage.passes()
    _print_result(stage, passed, started)
    return "" if passed else stage.name


def _run_beside_each_other(batch: Sequence[Stage]) -> str:
    """The names of those that failed. What one prints is seen in one piece when it has ended; one that fills
    the machine is seen at once, as it takes the longest."""
    print(f"\n━━━ side by side: {', '.join(stage.name for stage in batch)}", flush=True)
    printing = Lock()

    def run_one(stage: Stage) -> str:
        started = time.monotonic()
        with TemporaryFile() as output:
            passed = stage.passes(None if stage.fills_machine else output)
            output.seek(0)
            with printing:
                print(f"\n━━━ {stage.name}\n{output.read().decode(errors='replace')}", end="")
                _print_result(stage, passed, started)
        return "" if passed else stage.name

    with ThreadPoolExecutor(2 if batch[0].fills_machine else SIDE_BY_SIDE_STAGES) as lanes:
        return " ".join(filter(None, lanes.map(run_one, batch)))


def _print_result(stage: Stage, passed: bool, started: float) -> None:
    print(f"{'✔' if passed else '✘'} {stage.name}: {time.monotonic() - started:.0f} s", flush=True)


def main(names: Sequence[str]) -> int:
    known = {stage.name: stage for stage in stages()}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"There is no stage {', '.join(unknown)}. Stages: {', '.join(known)}.", file=sys.stderr)
        return 2
    return run([known[name] for name in names] if names else list(known.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
