"""Events as AWS delivers them, one file each in tests/events."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent / "events"


def text_of(name: str) -> str:
    """The event as JSON text."""
    return (EVENTS / f"{name}.json").read_text()


def event(name: str) -> Any:
    """The event as a program gets it."""
    return json.loads(text_of(name))
