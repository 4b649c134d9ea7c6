"""CloudWatch looks for data that is too old once in a while.

The emulator goes through all metrics in every request, which takes longer than the request itself where
thousands of functions' calls were measured. No instance gets two weeks old: once a minute is enough.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import cloudwatch

from local.shims import wrap

EVERY_S = 60.0


def install() -> None:
    last = time.monotonic()

    @wrap(cloudwatch, "_evict_old_metrics")
    def evict_old_metrics(original: Any) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_S:
            original()
            last = time.monotonic()
