"""`python -m scripts.run_scenario NAME`: one fault from local/scenarios, on the embedded AWS that runs."""

from __future__ import annotations

import os
import subprocess
import sys

import boto3

from local.scenarios import all_scenarios
from local.scenarios.run import run
from local.scenarios.stage import deploy, extra_vars
from scripts.demo import REPORTS, ROOT, STATE_MACHINE, apply, explain, tell
from scripts.terraform import apply_shell_lines


def main(arguments: list[str]) -> int:
    """The exit status: 0 when the scenario ended as it should."""
    scenarios = all_scenarios()
    if len(arguments) != 1 or arguments[0] not in scenarios:
        print(f"NAME is one of: {', '.join(sorted(scenarios))}", file=sys.stderr)
        return 2
    scenario = scenarios[arguments[0]]
    subprocess.run([sys.executable, "-m", "local", "start"], cwd=ROOT, check=True)
    lines = subprocess.run(
        [sys.executable, "-m", "local", "env"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    os.environ.update(apply_shell_lines(lines, os.environ))
    session = boto3.Session()
    deploy(session, scenario)
    onboarding = extra_vars([scenario], ROOT / ".build" / "scenario.tfvars.json")
    print(f"Deploying Lambda Auto-Repair with Terraform, onboarding {scenario.function_name}", flush=True)
    apply(onboarding, "--keep-onboarded")
    ending = run(session, scenario, STATE_MACHINE, REPORTS, tell)
    explain(ending)
    return 0 if ending.held else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
