"""Measures what the code of each Lambda function costs a cold start, on top of the runtime.

Usage: python -m scripts.bench_cold_starts [--runs 9]

A new interpreter for each run has what the runtime brings, then imports the handler from the built layer.
Medians; processor time is the figure to compare, since a busy machine stretches the time on the clock.
What the first call adds, mostly the AWS SDK and its clients, is measured by `scripts.bench`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from statistics import median

from local.execution.environment import BOOTSTRAP
from scripts import build

BUDGET_MS = 400
RUNS = 9
# The local runtime imports what AWS's does; the SDK lies where the runtime's own would.
START = f"""
import json, sys, time
sys.path[:1] = [{str(BOOTSTRAP.parent)!r}]
import bootstrap
sys.path[:1] = sys.argv[1:]
processor, clock = time.process_time(), time.perf_counter()
import handler
spent = [(time.process_time() - processor) * 1000, (time.perf_counter() - clock) * 1000]
print(json.dumps([*spent, sum(name.startswith("auto_repair.") for name in sys.modules)]))
"""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    print_imports(parser.parse_args().runs)
    return 0


def print_imports(runs: int = RUNS) -> None:
    """Medians of every function."""
    print(f"\nImporting each handler, on top of the runtime (budget: {BUDGET_MS} ms)")
    print(f"{'function':<18}{'processor':>12}{'clock':>12}{'our modules':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (processor, clock, modules) in measure(Path(folder), runs).items():
            print(f"{name:<18}{processor:>9.0f} ms{clock:>9.0f} ms{modules:>14.0f}")


def measure(folder: Path, runs: int) -> dict[str, tuple[float, float, float]]:
    """Function → processor and clock time of its import, ms, and how many modules of ours it loads."""
    layer, *functions = build.build(build.Target.local())
    _unpack(layer, folder / "layer")
    for package in functions:
        _unpack(package, folder / package.stem)
    names = sorted(package.stem for package in functions)
    # In turns, so that a busy moment of the machine falls on all of them alike.
    rounds = [{name: _import(folder, name) for name in names} for _ in range(runs)]
    return {name: _medians([each[name] for each in rounds]) for name in names}


def _unpack(package: Path, folder: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)


def _import(folder: Path, name: str) -> tuple[float, float, float]:
    path = [str(folder / name), str(folder / "layer" / "python"), sysconfig.get_path("purelib")]
    command = [sys.executable, "-S", "-c", START, *path]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={}).stdout
    processor, clock, modules = json.loads(told)
    return processor, clock, modules


def _medians(runs: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    processor, clock, modules = (median(figures) for figures in zip(*runs, strict=True))
    return processor, clock, modules


if __name__ == "__main__":
    sys.exit(main())
