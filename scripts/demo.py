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
    with step("Deploying Lambda Auto-Repair with Terraform and onboarding them", shows_output=True):
        apply(extra_vars(scenarios, instance.folder / "onboarding.tfvars.json"), instance.folder)
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


def apply(onboarding: Path, state: Path | None = None) -> None:
    """`terraform apply ENV=local`, with one dot of progress for every resource. `state` is a folder.

    Without it, to the embedded AWS of this checkout.
    """
    command = [sys.executable, "-m", "scripts.terraform", "apply", "local"]
    command += ["--extra-vars", str(onboarding), *(["--state", str(state)] if state else [])]
    environment = {**os.environ, "NO_COLOR": "1"}
    log = REPORTS / "terraform.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as terraform,
    ):
        for line in terraform.stdout or ():
            kept.write(line)
            if "Creation complete" in line:
                print(".", end="", flush=True)
    if terraform.returncode:
        print(f"\n{log.read_text()[-4000:]}", file=sys.stderr)
        raise SystemExit(f"Terraform failed; its whole output is in {log.relative_to(ROOT)}.")


def tell(seconds: float, kind: str, text: str) -> None:
    """Print one line of what happens."""
    if kind == "report" and Path(text).is_absolute():
        text = str(Path(text).relative_to(ROOT))
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
            str(Path(e.report).relative_to(ROOT)) if Path(e.report).is_absolute() else e.report,
        )
        for e in endings
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print()
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    held = sum(e.held for e in endings)
    verdict = f"{held} of {len(endings)} incidents repaired and verified in {seconds:.0f} s."
    print(f"\n{_styled(verdict, '32;1' if held == len(endings) else '31;1')}")
    return 0 if held == len(endings) else 1


@contextmanager
def step(text: str, *, shows_output: bool = False) -> Iterator[None]:
    """Tell what is being done, and how long it took."""
    print(f"{text} ", end="", flush=True)
    begun = time.monotonic()
    if not shows_output:
        print("… ", end="", flush=True)
    yield
    print(f" {time.monotonic() - begun:.0f} s", flush=True)


def _bold(text: str) -> str:
    return _styled(text, "1")


def _styled(text: str, style: str) -> str:
    is_plain = not style or not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if is_plain else f"\033[{style}m{text}\033[0m"


if __name__ == "__main__":
    raise SystemExit(main())
