"""A bound on the time that one conversation with AWS may take."""

from collections.abc import Callable
from time import monotonic


class Deadline:
    """Passes `seconds` after it was made. Long readings look at it between their requests."""

    def __init__(self, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._end = now() + seconds

    @property
    def passed(self) -> bool:
        """Whether no further request may begin."""
        return self._now() >= self._end
