"""One provider serves all Terraform tests, knows nothing of this machine's AWS, and is gone afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import shared_provider

ROOT = Path(__file__).resolve().parents[3]
SERVES = """#!/bin/sh
env >"$0.environment"
echo "Provider started. To attach Terraform CLI, set the TF_REATTACH_PROVIDERS environment variable:"
printf "\\n\\tTF_REATTACH_PROVIDERS='%s'\\n\\n" '{"registry.terraform.io/hashicorp/aws": {"Pid": '$$'}}'
touch "$TMPDIR/socket"
exec sleep 60
"""


def program(folder: Path, text: str) -> Path:
    path = folder / "terraform-provider-aws"
    path.write_text(text)
    path.chmod(0o700)
    return path


def environment_of(folder: Path) -> dict[str, str]:
    """The variables that the program in that folder has been started with."""
    lines = (folder / "terraform-provider-aws.environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_terraform_is_told_where_it_serves_and_it_ends_with_the_tests(tmp_path: Path) -> None:
    with shared_provider.serving(program(tmp_path, SERVES)) as variables:
        address = json.loads(variables["TF_REATTACH_PROVIDERS"])["registry.terraform.io/hashicorp/aws"]
        assert subprocess.run(["kill", "-0", str(address["Pid"])]).returncode == 0
    gone = subprocess.run(["kill", "-0", str(address["Pid"])], capture_output=True)
    assert gone.returncode == 1


def test_it_ends_even_if_the_tests_are_killed(tmp_path: Path) -> None:
    killed = (
        "import os, sys; from scripts import shared_provider\n"
        "with shared_provider.serving(sys.argv[1]) as variables:\n"
        "    print(variables['TF_REATTACH_PROVIDERS'], flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", killed, str(program(tmp_path, SERVES))]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    pid = str(json.loads(said)["registry.terraform.io/hashicorp/aws"]["Pid"])
    folder = Path(environment_of(tmp_path)["TMPDIR"])
    for _ in range(100):
        is_gone = subprocess.run(["kill", "-0", pid], stderr=subprocess.DEVNULL).returncode
        if is_gone and not folder.exists():
            return
        time.sleep(0.1)
    pytest.fail("The provider goes on without anybody to serve, or its socket is left.")


def test_it_leaves_nothing_and_knows_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with shared_provider.serving(program(tmp_path, SERVES)):
        pass
    environment = environment_of(tmp_path)
    assert "AWS_PROFILE" not in environment
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert not Path(environment["TMPDIR"]).exists()


def test_a_provider_that_does_not_start_is_said(tmp_path: Path) -> None:
    broken = program(tmp_path, "#!/bin/sh\necho 'no such option: -debug'\nexit 1\n")
    with pytest.raises(OSError, match="ended before it said"), shared_provider.serving(broken):
        pass
