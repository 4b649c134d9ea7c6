"""Measures what budgets exist for: cold starts, layer size, and the time of every state.

Imports every handler (`scripts.bench_cold_starts`), then runs one incident twice on a fresh embedded AWS:
cold, then with warm functions. Prints figures beside their budgets; nothing here fails a build.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from local.instance import Instance
from local.scenarios import all_scenarios, incident_watch
from local.scenarios.run import Ending, run
from local.scenarios.stage import deploy, extra_vars
from scripts import bench_cold_starts, build
from scripts.demo import REPORTS, STATE_MACHINE, apply, use

SCENARIO = "out_of_memory"
LAYER_BUDGET_MB = 15
DIAGNOSIS_BUDGET_S = 3
REPAIR_BUDGET_S = 15
INIT = re.compile(r"REPORT .*\tDuration: ([\d.]+) ms.*\tInit Duration: ([\d.]+) ms")


def main() -> int:
    """Print the tables."""
    bench_cold_starts.print_imports()
    with Instance() as instance:
        session = use(instance)
        # The second incident follows at once, which the cooldown would forbid.
        scenario = replace(all_scenarios()[SCENARIO], onboarding={"cooldown_s": 0})
        deploy(session, scenario)
        apply(
            extra_vars([scenario], instance.folder / "onboarding.tfvars.json"),
            "--state",
            str(instance.folder),
        )
        runs = []
        for label in ("cold", "warm"):
            print(f"\n{label}: {scenario.title}", flush=True)
            deploy(session, scenario)
            ending = run(session, scenario, STATE_MACHINE, REPORTS, lambda *_: None)
            runs.append((label, ending, _states(session)))
        _print_cold_starts(session)
        for label, ending, states in runs:
            _print_states(label, ending, states)
    _print_sizes()
    return 0


def _print_cold_starts(session: Any) -> None:
    print("\nCold start on this machine, by the functions' own logs")
    print(f"{'function':<18}{'init':>10}{'first call':>14}")
    for name in sorted(path.parent.name for path in build.ROOT.glob("lambdas/*/handler.py")):
        first = _first_start(session, f"/aws/lambda/lambda-auto-repair-{name.replace('_', '-')}-local")
        shown = f"{first[1]:>7.0f} ms{first[0]:>11.0f} ms" if first else f"{'not called':>10}"
        print(f"{name:<18}{shown}")


def _first_start(session: Any, log_group: str) -> tuple[float, float] | None:
    logs = session.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=log_group, filterPattern="REPORT")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return None
    found = (INIT.search(event["message"]) for event in events)
    return next(((float(m[1]), float(m[2])) for m in found if m), None)


def _states(session: Any) -> dict[str, float]:
    """Seconds in each state of the newest execution, waits included."""
    newest = session.client("stepfunctions").list_executions(stateMachineArn=STATE_MACHINE, maxResults=1)
    seconds: dict[str, float] = {}
    entered: datetime | None = None
    for moment in incident_watch.follow(session, newest["executions"][0]["executionArn"]):
        if moment.entered:
            entered = moment.at
        elif entered:
            spent = (moment.at - entered).total_seconds()
            seconds[moment.state] = seconds.get(moment.state, 0.0) + spent
    return seconds


def _print_states(label: str, ending: Ending, states: dict[str, float]) -> None:
    print(f"\nOne incident, {label}: ended as {ending.status}")
    print(
        f"alarm to diagnosis        {ending.seconds_to_diagnosis:6.2f} s"
        f"   (budget {DIAGNOSIS_BUDGET_S} s, warm)"
    )
    print(
        f"alarm to verified repair  {ending.seconds_to_end:6.2f} s"
        f"   (budget {REPAIR_BUDGET_S} s, scaled waits)"
    )
    for state, seconds in states.items():
        if seconds >= 0.01:
            print(f"  {state:<24}{seconds:6.2f} s")


def _print_sizes() -> None:
    print(f"\nSizes (budget: layer {LAYER_BUDGET_MB} MB)")
    for architecture in ("x86_64", "arm64"):
        target = build.Target.aws(architecture)
        build.build(target)
        layer = Path(build.artifacts(target)) / "layer.zip"
        print(f"layer {architecture:<8}{layer.stat().st_size / 1e6:6.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
