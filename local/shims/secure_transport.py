"""Clients of AWS come by HTTPS; here they come by plain HTTP on the loopback address, and count as safe.

Without it every bucket policy that insists on TLS, as ours do, would deny everything.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator

from local.shims import wrap


def install() -> None:
    @wrap(iam_evaluator, "_resolve_condition_key")
    def resolve(original: Any, key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else original(key, context)
