"""Commands as an operator types them: in a shell, with the unmodified AWS CLI, against the deployment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent  # the pinned AWS CLI, where the test tools were installed


def shell(command: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    done = attempt(command)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def attempt(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail, with `variables` on top of the environment."""
    environment = {**os.environ, **variables, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def aws(command: str) -> Any:
    """`aws COMMAND`; the JSON it printed, None if it printed nothing."""
    printed = shell(f"aws {command}")
    return json.loads(printed) if printed.strip() else None
