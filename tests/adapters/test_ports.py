"""Adapters are what the use cases ask for. The type checker reads this file; running it wires them once."""

from auto_repair.adapters.alarms import CloudWatchAlarms
from auto_repair.adapters.buckets import S3Buckets
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.function_policies import FunctionPolicies
from auto_repair.adapters.incident_store import AwsIncidentStore
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.adapters.sns_announcer import SnsAnnouncer
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.ports import Alarms, Announcer, Buckets, Functions, IncidentStore, Policies, Queues
from auto_repair.settings import Settings
from tests.adapters.conftest import FixedClock


class Untouched(Clients):
    """Fails as soon as anybody asks for a client."""

    def client(self, service: str, **_: object) -> object:
        raise AssertionError(f"a client of {service} was made before anything was asked")


def test_wiring_makes_no_client(settings: Settings, clock: FixedClock) -> None:
    clients = Untouched("us-east-1")
    functions: Functions = LambdaFunctions(clients)
    queues: Queues = SqsQueues(clients)
    buckets: Buckets = S3Buckets(clients)
    policies: Policies = FunctionPolicies(clients, settings)
    store: IncidentStore = AwsIncidentStore(clients, settings, clock)
    announcer: Announcer = SnsAnnouncer(clients, settings)
    alarms: Alarms = CloudWatchAlarms(clients)
    assert all((functions, queues, buckets, policies, store, announcer, alarms))
