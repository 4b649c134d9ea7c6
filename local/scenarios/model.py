"""What a scenario is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One incident to stage. `prepare` and `break_it` get a boto3 session and the function's name."""

    name: str
    title: str
    function_name: str
    folder: Path  # holds function/handler.py
    memory_mb: int
    timeout_s: int
    healthy_event: JsonObject
    faulty_event: JsonObject
    calls_per_second: float = 2.0
    callers: int = 4  # calls that may be under way at once
    healthy_seconds: float = 4.0
    onboarding: JsonObject = field(default_factory=dict)  # the entry in monitored_functions
    prepare: Callable[[Any, str], None] | None = None
    break_it: Callable[[Any, str], None] | None = None
    expected_failure_mode: str = ""
    expected_status: str = "VERIFIED"
    fault: str = ""  # in words, for people who watch
