"""One process of the AWS provider for many Terraform commands.

Terraform starts a provider anew for each step of each run of a test, which costs half a second of computing
every time. In the mode that is meant for debuggers the provider starts once, and Terraform attaches to it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "TF_REATTACH_PROVIDERS"
# It ends with our end of the pipe, even if we are killed, and its socket goes with it. After Ctrl-C Terraform
# still needs it for a moment.
WATCHED = 'trap "" INT; "$0" -debug & exec >/dev/null; cat; kill $!; wait; rm -rf "$TMPDIR"'
SETTINGS = {
    # Terraform would drop what it logs, too.
    "TF_LOG_SDK": "ERROR",
    "TF_LOG_PROVIDER": "ERROR",
    # What this machine says of AWS concerns no test, and some of it (ca_bundle) is taken only once.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextmanager
def serving(program: Path) -> Iterator[dict[str, str]]:
    """The variables with which Terraform attaches to it; OSError if it ends without saying where."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            ["/bin/sh", "-c", WATCHED, program],
            env={**others, **SETTINGS, "TMPDIR": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        yield {VARIABLE: _address(process.stdout or ())}


def _address(lines: Iterable[str]) -> str:
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == VARIABLE:
            return shlex.split(value)[0]
    raise OSError("The AWS provider ended before it said where Terraform reaches it.")
