"""The functions that the end-to-end tests break. All are onboarded by one `terraform apply`."""

from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

EAT = """
    def handler(event, context):
        held = bytearray(event["mb"] * 1024 * 1024)
        for offset in range(0, len(held), 4096):
            held[offset] = 1
        return len(held)
"""
SLEEP = """
    import time

    def handler(event, context):
        time.sleep(event.get("seconds", 0))
        return "done"
"""
RAISE = """
    def handler(event, context):
        raise ValueError(f"order {event.get('order', 1)} has no customer")
"""
FINE = """
    def handler(event, context):
        return "fine"
"""
HOG = """
    def handler(event, context):
        held = []
        while True:
            block = bytearray(8 * 1024 * 1024)
            for offset in range(0, len(block), 4096):
                block[offset] = 1
            held.append(block)
"""
LEAK = """
    kept = []

    def handler(event, context):
        block = bytearray(12 * 1024 * 1024)
        for offset in range(0, len(block), 4096):
            block[offset] = 1
        kept.append(block)
        return len(kept)
"""

# An entry whose alarm never fires by itself: what starts the workflow is up to the test.
QUIET: dict[str, Any] = {"alarms": {"min_errors": 1_000_000}}


@dataclass(frozen=True)
class BrokenFunction:
    """One function, and its entry in `monitored_functions` (None: not onboarded)."""

    name: str
    code: str
    memory_mb: int = 128
    timeout_s: int = 10
    onboarding: dict[str, Any] | None = field(default_factory=dict)

    @property
    def source(self) -> str:
        """The text of handler.py."""
        return dedent(self.code)


FUNCTIONS = {
    f.name: f
    for f in (
        BrokenFunction("needs-300-mb", EAT),
        BrokenFunction("raises", RAISE),
        BrokenFunction("disputed", RAISE, onboarding=QUIET),
        BrokenFunction("healthy", FINE),
        BrokenFunction("hog", HOG, onboarding={"limits": {"max_memory_mb": 512}}),
        BrokenFunction("leaks", LEAK),
        BrokenFunction("approve-me", SLEEP),
        BrokenFunction("reject-me", SLEEP),
        BrokenFunction("nobody-answers", SLEEP, onboarding={"approval_expiry_s": 60}),
        BrokenFunction("five-times", EAT),
        BrokenFunction("paused", EAT),
        BrokenFunction("behind-an-alias", EAT, onboarding={"alias": "live"}),
        BrokenFunction(
            "fed-by-a-queue",
            SLEEP,
            timeout_s=4,
            onboarding={"queues": ["arn:aws:sqs:us-east-1:000000000000:fed-by-a-queue"]},
        ),
        BrokenFunction("watched-only", EAT, onboarding={"mode": "observe"}),
        BrokenFunction("not-onboarded", EAT, onboarding=None),
        BrokenFunction("breaks-at-every-call", EAT),
        BrokenFunction("started-by-hand", EAT, onboarding=QUIET),
        BrokenFunction("stopped-midway", EAT, onboarding={"mode": "ask", **QUIET}),
        BrokenFunction("undisturbed", EAT, onboarding=QUIET),
        BrokenFunction(
            "joined", EAT, onboarding={"other_alarms": ["joined-is-broken", "joined-backlog"], **QUIET}
        ),
    )
}
