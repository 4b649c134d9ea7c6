"""What is read of the account for one incident: nothing twice, and never more than a bound.

Several sources need the same answer: a function's settings tell its memory, its log group, its role and the
tables it names. The states of one incident usually run in one environment, one after the other, so that an
answer serves the later one too; it is kept in memory only, as settings may hold secrets.
"""

import json
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from time import monotonic
from typing import Any

from botocore.exceptions import ClientError

from auto_repair.adapters.aws_errors import translated
from auto_repair.adapters.clients import READ_TIMEOUT_S, Clients
from auto_repair.domain.errors import ReadsExhausted, TransientError

# A usual incident takes 15 of them, one that looks around about 50. A crowd of neighbours and pages is worth
# no more: it would use up request rates that the whole account shares. The nearest resources come first.
MOST_READS = 75
# So many are left to those that tell most: metrics, logs, our own journal of changes.
RESERVED, TELL_MOST = 20, ("cloudwatch", "dynamodb", "logs")
KEPT_S = 900  # an execution that a person lets run again later sees the account as it is then
# Asked over spans of time, never twice in the same words; their answers are large.
NOT_KEPT = ("cloudwatch", "logs")


class IncidentReads(Clients):
    """Clients whose answers are kept for one incident. For reads only."""

    def __init__(
        self, clients: Clients, most: int = MOST_READS, now: Callable[[], float] = monotonic
    ) -> None:
        self._clients = clients
        self._most = most
        self._now = now
        self._incident = ""
        self._lock = Lock()
        self._forget()

    def begin(self, incident_id: str) -> None:
        """What was read for another incident, or long ago, does not count any more."""
        if incident_id != self._incident or self._now() - self._began > KEPT_S:
            self._incident = incident_id
            self._forget()

    def client(self, service: str, *, read_timeout_s: float = READ_TIMEOUT_S, attempts: int = 3) -> Any:
        """The client of `service`. Its calls raise `ReadsExhausted` beyond the bound."""
        made = self._clients.client(service, read_timeout_s=read_timeout_s, attempts=attempts)
        return _Client(service, made, self)

    def ask(self, service: str, name: str, read: Callable[[], Any], arguments: dict[str, Any]) -> Any:
        """The answer, or the refusal, of one request. Who asks for it meanwhile waits for the same one."""
        if service in NOT_KEPT:
            self._count(service)
            return read()
        words = f"{service}.{name} {json.dumps(arguments, sort_keys=True, default=str)}"
        mine: Future[Any] = Future()
        with self._lock:
            answers = self._answers
            first = answers.setdefault(words, mine)
        if first is mine:
            try:
                self._count(service)
                mine.set_result(read())
            except Exception as error:
                if not _is_final(error):
                    answers.pop(words)
                mine.set_exception(error)
        return first.result()

    def _count(self, service: str) -> None:
        reserved = 0 if service in TELL_MOST else RESERVED
        with self._lock:
            if self._made_reads >= self._most - reserved:
                raise ReadsExhausted(f"not asked: {self._most} reads are the limit for one incident")
            self._made_reads += 1

    def _forget(self) -> None:
        self._began = self._now()
        self._made_reads = 0
        self._answers: dict[str, Future[Any]] = {}


class _Client:
    """One service's client, as the sources see it."""

    def __init__(self, service: str, client: Any, reads: IncidentReads) -> None:
        self._service = service
        self._client = client
        self._reads = reads
        self.meta = client.meta

    def __getattr__(self, name: str) -> Any:
        return _Method(self._service, self._client, name, self._reads)


class _Method:
    """One call; says of itself what a client's own method says."""

    def __init__(self, service: str, client: Any, name: str, reads: IncidentReads) -> None:
        self.__self__ = client
        self.__name__ = name
        self._service = service
        self._reads = reads

    def __call__(self, **arguments: Any) -> Any:
        method = getattr(self.__self__, self.__name__)
        return self._reads.ask(self._service, self.__name__, lambda: method(**arguments), arguments)


def _is_final(error: BaseException) -> bool:
    """Whether asking again would get the same refusal: there is no such thing, or we may not read it."""
    return isinstance(error, ClientError) and not isinstance(translated(error, "", ""), TransientError)
