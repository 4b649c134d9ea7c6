"""How much of the walks a run walks, and how far it has come.

`WALK=full` lets each call fail in every way. That takes long, so `WALK_PART=2/4` walks a fair quarter of it:
every call fails in each part, in some of the ways, and the four parts together are the whole.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

MOST_PARTS = 8  # no call fails in fewer ways
T = TypeVar("T")


@dataclass(frozen=True)
class Extent:
    """What a run walks: everything or a choice, and of that the `part` of so many `parts`, counted from 1."""

    is_full: bool = False
    part: int = 1
    parts: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Extent:
        """What the variables ask for. ValueError names the one that cannot be, and what to set instead."""
        walk, part = environment.get("WALK", ""), environment.get("WALK_PART", "")
        if walk not in ("", "full"):
            raise ValueError(f"WALK is {walk!r}: set WALK=full, or leave it out for the ordinary walk.")
        if part and not walk:
            raise ValueError(f"WALK_PART is {part!r}, and only the full walk has parts: set WALK=full too.")
        return cls(walk == "full", *_part(part or "1/1"))

    def share(self, name: str, ways: Sequence[T]) -> list[T]:
        """Those of the ways in which `name` fails that belong to this part.

        The same in every run, whatever else fails in it. The name decides where the parts begin to take
        turns, so that none of them gets all that hangs.
        """
        first = crc32(name.encode())
        return [way for number, way in enumerate(ways, first) if number % self.parts == self.part - 1]


def _part(text: str) -> tuple[int, int]:
    numbers = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text, re.ASCII)
    part, parts = map(int, numbers.groups()) if numbers else (0, 0)
    if not 1 <= part <= parts <= MOST_PARTS:
        raise ValueError(
            f"WALK_PART is {text!r}: set the part and the number of parts, at most {MOST_PARTS}, "
            "such as WALK_PART=2/4."
        )
    return part, parts


class Progress:
    """Prints a line for each of so many incidents when it has ended; several threads may tell of theirs."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0
        self._lock = threading.Lock()

    def tell(self, scenario: str, failed: object, ending: str) -> None:
        with self._lock:
            self._ended += 1
            print(f"{self._ended}/{self._total} {scenario}: {failed} → {ending}", flush=True)
