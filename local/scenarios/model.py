"""What a scenario is: of one function, or of a whole service with a cause behind its function."""

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


@dataclass(frozen=True)
class Cause:
    """What an investigation must find: the resource, as `s3:bucket`, and the change made to it.

    action: the API operation, as IAM and boto3 name it; CloudTrail appends versions to Lambda's.
    actor: the session that made the change, as the last part of the ARN in CloudTrail.
    """

    resource: str
    action: str
    actor: str
