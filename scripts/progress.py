"""Shows a long Terraform run as dots and one line; all that it says goes into a file."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

RESOURCE_DONE = re.compile(r": (Creation|Modifications|Destruction) complete after ")
RESOURCES = re.compile(r"complete! (Resources: .+)\.")
TAIL = 4_000  # characters shown of a run that failed: Terraform ends with its errors


def follow(command: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Run the command with one dot for each resource that is done; its exit status.

    Ends with the counts of resources, or after a failure with the end of what it said, on standard error.
    """
    begun = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    counts = "Done"
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as terraform,
    ):
        for line in terraform.stdout or ():
            kept.write(line)
            if RESOURCE_DONE.search(line):
                print(".", end="", flush=True)
            if said := RESOURCES.search(line):
                counts = said[1]
    print(flush=True)
    here = Path.cwd()
    where = f"All that Terraform said: {log.relative_to(here) if log.is_relative_to(here) else log}"
    if terraform.returncode:
        print(f"{log.read_text()[-TAIL:]}\n{where}", file=sys.stderr)
    else:
        print(f"{counts}, in {time.monotonic() - begun:.0f} s. {where}", flush=True)
    return terraform.returncode
