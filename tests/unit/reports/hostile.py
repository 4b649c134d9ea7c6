"""Reports in which every text that could come from outside is somebody else's."""

import unicodedata
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from hypothesis import strategies as st

SAMPLES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; rm -rf / #",
    "</style></svg></title><svg onload=alert(1)>",
    "<!-- --> <![CDATA[ ]]> &lt;b&gt; &#60;i&#62;",
    "javascript:alert(1)",
    'https://example.com/"onmouseover="alert(1)',
    "https://example.com/> <b>",
    "```\n# heading\n```\n",
    "`` ` ``` ~~~ | \\| \\\\| a | b",
    "`" * 90 + "<b>bold</b> | x",
    "| --- |\n\n# heading\n\n- list\n1. list\n> quote\n<b>bold</b>",
    "![img](https://example.com/x.png) [link](javascript:alert(1)) <https://example.com> www.example.com",
    "__bold__ **bold** ~~gone~~ $x$ a_b_c snake_case *it*",
    "---\n===\n+ x\n12) y",
    "line one\r\nline two\x00\x07\x1b[31mred\x1b[0m\u2028\u2029",
    "abc\u202edesrever\u202c\u2066\u2069\ufeff\u200b",
    "\ud800 lone surrogate \udfff",
    "{{7*7}} ${7*7} #{7*7} %s %(x)s {0}",
    "x" * 200_000,
    "<" * 200_000,
    "`" * 200_000,
    "| " * 100_000,
)

# Prefixed, so that a text never vanishes: an absent text leaves out the element around it, rightly.
texts = st.one_of(st.sampled_from(SAMPLES), st.text(max_size=60)).map(lambda text: f"q{text}")


def poisoned(value: Any, text: str) -> Any:
    """The value with every text in it replaced, however deep; enumerations and figures stay."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return text
    if isinstance(value, Mapping):
        return {key: poisoned(item, text) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(poisoned(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        # A copy made by hand: cached conclusions of the original must not travel along.
        return type(value)(**{f.name: poisoned(getattr(value, f.name), text) for f in fields(value)})
    return value


def hidden_characters(text: str) -> set[str]:
    """Characters that a reader cannot see and a terminal or browser may act on."""
    return {
        c for c in set(text) if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t\u200c\u200d"
    }
