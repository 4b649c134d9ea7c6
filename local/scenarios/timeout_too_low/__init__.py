"""An export that took most of its time limit has grown past it."""

from pathlib import Path

from local.scenarios.model import Scenario

SCENARIO = Scenario(
    name="timeout_too_low",
    title="Timeout too low",
    function_name="invoice-export",
    folder=Path(__file__).parent,
    memory_mb=256,
    timeout_s=2,
    healthy_event={"invoices": 12},
    faulty_event={"invoices": 26},
    calls_per_second=3.0,
    callers=6,
    healthy_seconds=5.0,
    fault="the month's export grows from 12 to 26 invoices; 26 take 2.6 s, the timeout is 2 s",
    expected_failure_mode="timeout_too_low",
)
