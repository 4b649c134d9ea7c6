"""Three real incidents on a fresh embedded AWS: fault, alarm, diagnosis, repair, proof, report.

Everything runs for real: Terraform, Step Functions, the Lambda code under its own roles. Ends with a table,
and with exit status 0 only if every function was repaired and verified.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from local.instance import Instance
from local.scenarios import all_scenarios
from local.scenarios.model import Scenario
from local.scenarios.run import Ending, run
from local.scenarios.stage import deploy, extra_vars
from local.settings import UNWANTED_CLIENT_VARIABLES, Settings

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".build" / "demo"
SHOWN = ("out_of_memory", "timeout_too_low", "throttled_by_reserved_concurrency")
STATE_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:lambda-auto-repair-workflow-local"

STYLES = {
    "fault": "31",
    "alarm": "31;1",
    "state": "2",
    "diagnosis": "36;1",
    "evidence": "36",
    "decision": "33",
    "repair": "33;1",
    "verify": "32",
    "proof": "32;1",
    "report": "34",
}


def main() -> int:
    """Run the demo; the exit status."""
    started = time.monotonic()
    shutil.rmtree(REPORTS, ignore_errors=True)
    scenarios = [all_scenarios()[name] for name in SHOWN]
    with step("Starting the embedded AWS"):
        instance = Instance().start()
    print(_time_here(instance.settings))
    try:
        endings = _incidents(instance, scenarios)
    finally:
        instance.stop()
    return _summary(endings, time.monotonic() - started)


def _incidents(instance: Instance, scenarios: list[Scenario]) -> list[Ending]:
    session = use(instance)
    with step("Deploying three ordinary functions, as their owners would"):
        for scenario in scenarios:
            deploy(session, scenario)
    print("Deploying Lambda Auto-Repair with Terraform and onboarding them", flush=True)
    apply(extra_vars(scenarios, instance.folder / "onboarding.tfvars.json"), "--state", str(instance.folder))
    return [
        _incident(session, scenario, number, len(scenarios))
        for number, scenario in enumerate(scenarios, start=1)
    ]


def _time_here(settings: Settings) -> str:
    waits, periods = f"{settings.wait_scale:.0%}", f"{settings.period_scale:.0%}"
    return f"Here the workflow's waits take {waits} and alarm periods {periods} of their time on AWS."


def _incident(session: boto3.Session, scenario: Scenario, number: int, count: int) -> Ending:
    print(f"\n{_bold(f'Incident {number} of {count}: {scenario.title}')} · function {scenario.function_name}")
    return run(session, scenario, STATE_MACHINE, REPORTS, tell)


def use(instance: Instance) -> boto3.Session:
    """Point this process, and what it starts, to the instance."""
    for unwanted in UNWANTED_CLIENT_VARIABLES:
        os.environ.pop(unwanted, None)
    os.environ.update(instance.environment)
    return boto3.Session()


def apply(onboarding: Path, *options: str) -> None:
    """`make apply ENV=local` with this EXTRA_VARS; the options are those of scripts.terraform.

    Raises SystemExit if it fails; it has said then why.
    """
    command = [sys.executable, "-m", "scripts.terraform", "apply", "local", "--extra-vars", str(onboarding)]
    command += ["--log", str(REPORTS / "terraform.log"), *options]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status:
        raise SystemExit(status)


def tell(seconds: float, kind: str, text: str) -> None:
    """Print one line of what happens."""
    text = _shown(text) if kind == "report" else text
    print(_styled(f"  {seconds:6.1f} s  {kind:<10} {text}", STYLES.get(kind, "")), flush=True)


def _summary(endings: list[Ending], seconds: float) -> int:
    header = ("function", "root cause", "ended as", "alarm→diagnosis", "alarm→end", "proof", "report")
    rows = [
        (
            e.scenario.function_name,
            e.root_cause,
            e.status if e.held else f"{e.status} (expected {e.scenario.expected_status})",
            f"{e.seconds_to_diagnosis:.1f} s",
            f"{e.seconds_to_end:.1f} s",
            e.proof,
            _shown(e.report),
        )
        for e in endings
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print()
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for ending in endings:
        explain(ending)
    held = sum(e.held for e in endings)
    verdict = f"{held} of {len(endings)} incidents repaired and verified in {seconds:.0f} s."
    print(f"\n{_styled(verdict, '32;1' if held == len(endings) else '31;1')}")
    return 0 if held == len(endings) else 1


def explain(ending: Ending) -> None:
    """Print of an incident that did not end as it should what differs, why, and where its report lies."""
    if ending.held:
        return
    print(f"\n{ending.scenario.function_name}: {'; '.join(ending.shortcomings)}.")
    print(f"  why     {ending.verdict}")
    print(f"  report  {_shown(ending.report)}")


def _shown(report: str) -> str:
    """A report's path as a reader types it in the checkout."""
    return str(Path(report).relative_to(ROOT)) if Path(report).is_absolute() else report


@contextmanager
def step(text: str) -> Iterator[None]:
    """Tell what is being done, and how long it took."""
    print(f"{text} … ", end="", flush=True)
    begun = time.monotonic()
    yield
    print(f" {time.monotonic() - begun:.0f} s", flush=True)


def _bold(text: str) -> str:
    return _styled(text, "1")


def _styled(text: str, style: str) -> str:
    is_plain = not style or not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if is_plain else f"\033[{style}m{text}\033[0m"


if __name__ == "__main__":
    raise SystemExit(main())
