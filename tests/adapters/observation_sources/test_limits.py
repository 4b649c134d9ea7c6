"""The settings that bound what metrics tell."""

from typing import Any

from auto_repair.adapters.clients import Clients
from auto_repair.adapters.observation_sources.limits import GIB, LimitsSource
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import GROWTH, RETENTION, Observation
from tests.adapters.conftest import RecordedClients
from tests.adapters.observation_sources.surroundings import FUNCTION, PLACE, around, refused

STREAM, DATABASE = Resource("kinesis", "clicks"), Resource("rds", "shop")


def observed(answers: dict[str, Any], *resources: Resource) -> Observation:
    return LimitsSource(RecordedClients(answers), PLACE).observe(around(*resources))


def values(found: Observation) -> list[tuple[str, str, float]]:
    return [(s.resource, s.metric, s.values[0]) for s in found.series]


def test_a_queues_retention_as_sqs_answers_it(clients: Clients) -> None:
    clients.client("sqs").create_queue(QueueName="jobs", Attributes={"MessageRetentionPeriod": "3600"})
    found = LimitsSource(clients, PLACE).observe(around(Resource("sqs", "jobs")))
    assert values(found) == [("sqs:jobs", RETENTION, 3600.0)]
    assert found.items[0].observed == "RetentionPeriod of sqs:jobs is 3600 s"


def test_a_streams_retention() -> None:
    answer = {"StreamDescriptionSummary": {"StreamName": "clicks", "RetentionPeriodHours": 168}}
    found = observed({"kinesis.describe_stream_summary": lambda **_: answer}, STREAM)
    assert values(found) == [("kinesis:clicks", RETENTION, 168 * 3600.0)]


def test_how_far_a_disk_may_grow() -> None:
    for more, growth in (({"MaxAllocatedStorage": 100}, 80.0 * GIB), ({}, 0.0)):
        answer = {"DBInstances": [{"AllocatedStorage": 20, **more}]}
        found = observed({"rds.describe_db_instances": lambda _a=answer, **_: _a}, DATABASE)
        assert values(found) == [("rds:shop", GROWTH, growth)]


def test_what_cannot_be_read_is_missing_and_the_rest_is_told() -> None:
    def denied(**_: Any) -> Any:
        raise refused("AccessDeniedException", "DescribeStreamSummary")

    answer = {"DBInstances": [{"AllocatedStorage": 20}]}
    answers = {"kinesis.describe_stream_summary": denied, "rds.describe_db_instances": lambda **_: answer}
    found = observed(answers, STREAM, DATABASE)
    assert [s.resource for s in found.series] == ["rds:shop"]
    assert [gap.source for gap in found.missing] == ["limits"]


def test_nothing_is_asked_where_nothing_has_such_a_setting() -> None:
    clients = RecordedClients({})
    cluster = Resource("rds", "cluster:shop")
    found = LimitsSource(clients, PLACE).observe(around(FUNCTION, cluster))
    assert (clients.calls, found) == ([], Observation())
