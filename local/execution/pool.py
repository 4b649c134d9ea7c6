"""Warm environments: as on AWS an idle one serves the next invocation, unless the function has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from local.execution.environment import Environment

IDLE_SECONDS = 300.0


@dataclass(eq=False)
class Lease:
    """An environment in use. `state` is what the function was when the environment was made."""

    key: Hashable
    state: Hashable
    environment: Environment
    idle_since: float = 0.0


class Pool:
    """Environments by function version. Invocations in progress finish on the code they began with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[Hashable, list[Lease]] = {}
        self._busy: dict[int, Lease] = {}

    def lease(self, key: Hashable, state: Hashable, make: Callable[[], Environment]) -> Lease:
        """An idle environment of this very state, else a new one."""
        with self._lock:
            outdated = self._take_outdated(key, state)
            idle = self._idle.get(key)
            lease = idle.pop() if idle else None
        for old in outdated:
            old.environment.end()
        if lease is None:
            lease = Lease(key, state, make())
        with self._lock:
            self._busy[id(lease)] = lease
        return lease

    def give_back(self, lease: Lease) -> None:
        with self._lock:
            is_known = self._busy.pop(id(lease), None) is not None
            if is_known:
                lease.idle_since = time.monotonic()
                self._idle.setdefault(lease.key, []).append(lease)
        if not is_known:
            lease.environment.end()

    def clear(self) -> None:
        """End all environments; invocations in progress fail."""
        with self._lock:
            idle = [lease for leases in self._idle.values() for lease in leases]
            busy = list(self._busy.values())
            self._idle.clear()
            self._busy.clear()
        for lease in idle:
            lease.environment.end()
        for lease in busy:
            lease.environment.kill()

    def _take_outdated(self, key: Hashable, state: Hashable) -> list[Lease]:
        """Remove what is idle for long, and what is left of an earlier state of this function."""
        latest = time.monotonic() - IDLE_SECONDS
        outdated = []
        for name, leases in list(self._idle.items()):
            kept = [one for one in leases if one.idle_since > latest and (name != key or one.state == state)]
            outdated += [one for one in leases if one not in kept]
            if kept:
                self._idle[name] = kept
            else:
                del self._idle[name]
        return outdated
