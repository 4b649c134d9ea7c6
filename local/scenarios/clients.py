"""Clients for many threads: a boto3 session makes one at a time, a client serves all."""

import threading
from typing import Any

_making = threading.Lock()


def client(session: Any, service: str, **options: Any) -> Any:
    """A client of the session, made by whichever thread asks."""
    with _making:
        return session.client(service, **options)
