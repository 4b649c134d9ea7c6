"""A sale brings more calls at once than the function's own reservation lets in."""

from pathlib import Path
from typing import Any

from local.scenarios.model import Scenario

RESERVED = 2


def reserve(session: Any, function_name: str) -> None:
    """The reservation that was right for ordinary days."""
    session.client("lambda").put_function_concurrency(
        FunctionName=function_name, ReservedConcurrentExecutions=RESERVED
    )


SCENARIO = Scenario(
    name="throttled_by_reserved_concurrency",
    title="Throttled by its own reserved concurrency",
    function_name="checkout",
    folder=Path(__file__).parent,
    memory_mb=256,
    timeout_s=10,
    healthy_event={"seconds": 0.05},
    faulty_event={"seconds": 0.8},
    calls_per_second=8.0,
    callers=8,
    prepare=reserve,
    fault=f"a sale brings 8 buyers at once; the function may serve {RESERVED}",
    expected_failure_mode="throttled_by_reserved_concurrency",
)
