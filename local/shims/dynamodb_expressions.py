"""DynamoDB parses an expression once per request.

The emulator parses it once per item it looks at, which makes a query of a table with a thousand items slow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ministack.services import dynamodb

from local.shims import wrap

EXPRESSIONS = 1024  # more than all programs of an account have


def install() -> None:
    tokens = lru_cache(EXPRESSIONS)(dynamodb._tokenize)
    dynamodb._condition_syntax_error = lru_cache(EXPRESSIONS)(dynamodb._condition_syntax_error)

    @wrap(dynamodb, "_tokenize")
    def tokenize(_original: Any, expression: str) -> Any:
        return list(tokens(expression))
