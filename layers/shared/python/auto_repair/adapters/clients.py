"""AWS clients, made on first use and kept while the execution environment is warm."""

from threading import Lock
from typing import Any

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 8.0
ATTEMPTS = 3  # the first call and two retries, in the SDK's `standard` mode
USER_AGENT = "lambda-auto-repair"  # names our calls in CloudTrail


class Clients:
    """Hands out clients of one region. Making one needs neither network nor credentials."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = Lock()
        self._session: Any = None
        self._made: dict[tuple[str, float, int], Any] = {}

    def client(
        self, service: str, *, read_timeout_s: float = READ_TIMEOUT_S, attempts: int = ATTEMPTS
    ) -> Any:
        """The client of `service`, such as `lambda`. Clients may be shared between threads."""
        key = (service, read_timeout_s, attempts)
        # The SDK's session is not safe for threads while it makes a client.
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(*key)
            return self._made[key]

    def _make(self, service: str, read_timeout_s: float, attempts: int) -> Any:
        # Imported late: the SDK takes longer than everything else together, and not every call needs it.
        # botocore without boto3, whose resources and transfers nobody here uses, starts quicker.
        from botocore.config import Config
        from botocore.session import Session

        if self._session is None:
            self._session = Session()
        return self._session.create_client(
            service,
            region_name=self._region,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=read_timeout_s,
                retries={"mode": "standard", "total_max_attempts": attempts},
                user_agent_extra=USER_AGENT,
            ),
        )
