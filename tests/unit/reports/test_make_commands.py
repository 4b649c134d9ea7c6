"""Commands that a report offers do what they say, whatever a resource is called."""

import os
import subprocess
from pathlib import Path

import pytest

from auto_repair.reports.make_commands import make

MAKEFILE = "export ACCEPT\n.PHONY: findings\nfindings:\n\t@printf '%s' \"$$ACCEPT\"\n"


@pytest.mark.parametrize(
    "name",
    [
        "neighbour_changed@s3:images",
        "lambda:orders:$LATEST",
        "dynamodb:x$(shell touch made)y",
        "sqs:x${HOME}y",
        "sqs:x'; touch made; echo '`touch made`",
        'states:"a" $$ \\ #b',
    ],
)
def test_names_arrive_as_they_are(name: str, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    command = make("findings", INCIDENT="", ACCEPT=name)
    # As from a shell of one's own: the make that runs the tests would make this one tell of its folders.
    own = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    told = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=own, capture_output=True, text=True, check=True
    )
    assert told.stdout == name
    assert not (tmp_path / "made").exists()
    assert "INCIDENT" not in command
