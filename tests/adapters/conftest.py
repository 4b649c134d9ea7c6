"""AWS in memory: one mock for each test module, emptied before each test."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.endpoint import Endpoint
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from auto_repair.adapters.clients import Clients
from auto_repair.settings import Settings

REGION = "us-east-1"
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SETTINGS = Settings(
    environment="test",
    repairs_table="lambda-auto-repair-repairs-test",
    diagnosis_table="lambda-auto-repair-diagnosis-test",
    incidents_table="lambda-auto-repair-incidents-test",
    reports_bucket="lambda-auto-repair-reports-test",
    topic_arn="arn:aws:sns:us-east-1:123456789012:lambda-auto-repair-notifications-test",
    event_bus="lambda-auto-repair-test",
    policy_prefix="/lambda-auto-repair/test/functions",
    region=REGION,
    function_name="lambda-auto-repair-planner-test",
    retention_days=400,
)


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.delenv("AWS_PROFILE", raising=False)
        with mock_aws(config={"lambda": {"use_docker": False}}):
            yield


@pytest.fixture(scope="module")
def shared_clients(_aws: None) -> Clients:
    """Clients made once for a module: making them costs more than most tests."""
    return Clients(REGION)


@pytest.fixture
def clients(shared_clients: Clients) -> Clients:
    """Clients of an empty account."""
    moto_api_backend.reset()
    return shared_clients


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def clock() -> "FixedClock":
    return FixedClock(NOW)


class FixedClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


REAL = Clients(REGION)  # never called: they know the operations, and making them takes longer than a test


class RecordedClients(Clients):
    """Clients whose answers are given by the test: the exact shapes of AWS, where moto differs."""

    def __init__(self, answers: dict[str, Callable[..., Any]]) -> None:
        super().__init__(REGION)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def client(self, service: str, **_: Any) -> Any:
        return _Recorded(service, REAL.client(service).meta, self)

    def answer(self, service: str, method: str, arguments: dict[str, Any]) -> Any:
        self.calls.append((f"{service}.{method}", arguments))
        return self._answers[f"{service}.{method}"](**arguments)

    def count(self, call: str) -> int:
        """How often that call was made."""
        return sum(name == call for name, _ in self.calls)


class _Recorded:
    def __init__(self, service: str, meta: Any, clients: RecordedClients) -> None:
        self.meta = meta
        self._service = service
        self._clients = clients

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda **arguments: self._clients.answer(self._service, method, arguments)


@pytest.fixture(autouse=True)
def whole_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """One API call at a time, as AWS makes each of them whole: moto's services are not made for threads."""
    lock, make_request = threading.RLock(), Endpoint.make_request

    def one_at_a_time(endpoint: Endpoint, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return make_request(endpoint, *args, **kwargs)

    monkeypatch.setattr(Endpoint, "make_request", one_at_a_time)
