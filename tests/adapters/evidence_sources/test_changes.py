"""The changes source: CloudTrail's real records, our own changes told apart."""

import json
from datetime import timedelta
from typing import Any

from auto_repair.adapters.console_links import ConsoleLinks
from auto_repair.adapters.evidence_sources.changes import ChangesSource
from auto_repair.domain.evidence import Window
from auto_repair.ports import Target
from tests.adapters.conftest import NOW, RecordedClients

WINDOW = Window(NOW - timedelta(minutes=15), NOW)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
OURS = "lambda-auto-repair-execution-test"


def event(
    name: str, minutes_ago: float, event_id: str = "", role: str = "deployer", **record: Any
) -> dict[str, Any]:
    identity = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::123456789012:assumed-role/{role}/anna@example.org",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
    }
    return {
        "EventId": event_id or f"{name}-{minutes_ago}",
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": NOW - timedelta(minutes=minutes_ago),
        "EventSource": "lambda.amazonaws.com",
        "Username": "anna@example.org",
        "CloudTrailEvent": json.dumps({"eventVersion": "1.08", "userIdentity": identity, **record}),
    }


def reading(*pages: dict[str, Any], **options: Any) -> tuple[ChangesSource, RecordedClients, list[float]]:
    left, pauses = list(pages), list[float]()
    clients = RecordedClients(
        {"cloudtrail.lookup_events": lambda **_: left.pop(0) if left else {"Events": []}}
    )
    source = ChangesSource(
        clients,
        ConsoleLinks("us-east-1"),
        our_role=OURS,
        arn_of=lambda _: ARN,
        pause=pauses.append,
        **options,
    )
    return source, clients, pauses


def test_names_lose_their_version_and_requests_are_told() -> None:
    source, _, _ = reading(
        {
            "Events": [
                event(
                    "UpdateFunctionConfiguration20150331v2",
                    5,
                    requestParameters={"functionName": "orders", "memorySize": 512, "environment": {}},
                    responseElements=None,
                ),
                event(
                    "PutFunctionConcurrency20171031", 9, requestParameters={"reservedConcurrentExecutions": 0}
                ),
                event("PublishVersion20150331", 8, requestParameters=None),
            ]
        }
    )
    found = source.collect(Target("orders", WINDOW))
    assert [(c.action, c.summary) for c in found.changes] == [
        ("PutFunctionConcurrency", "reservedConcurrentExecutions 0"),
        ("PublishVersion", ""),
        ("UpdateFunctionConfiguration", "memorySize 512, environment variables"),
    ]
    assert found.changes[0].at == NOW - timedelta(minutes=9)
    assert found.items[0].id == "changes"
    assert "UpdateFunctionConfiguration (memorySize 512, environment variables)" in found.items[0].observed


def test_people_are_named_without_their_address() -> None:
    source, _, _ = reading({"Events": [event("UpdateFunctionCode20150331v2", 5)]})
    (change,) = source.collect(Target("orders", WINDOW)).changes
    assert (change.actor, change.ours) == ("deployer/[redacted:email]", False)


def test_our_own_repairs_are_known_by_their_role() -> None:
    source, _, _ = reading({"Events": [event("UpdateAlias20150331", 5, role=OURS)]})
    found = source.collect(Target("orders", WINDOW))
    assert found.changes[0].ours
    assert found.items[0].observed.endswith("UpdateAlias by our own repair")


def test_reads_and_refused_calls_are_no_changes() -> None:
    source, _, _ = reading(
        {
            "Events": [
                {**event("GetFunctionConfiguration20150331v2", 5), "ReadOnly": "true"},
                event("UpdateFunctionCode20150331v2", 4, errorCode="AccessDenied"),
            ]
        }
    )
    found = source.collect(Target("orders", WINDOW))
    assert found.changes == ()
    assert found.items[0].observed == "no change is known"


def test_function_is_looked_up_by_name_and_by_arn_two_a_second() -> None:
    both = event("UpdateFunctionCode20150331v2", 5, "same")
    source, clients, pauses = reading({"Events": [both]}, {"Events": [both]})
    assert len(source.collect(Target("orders", WINDOW)).changes) == 1
    names = [asked["LookupAttributes"][0]["AttributeValue"] for _, asked in clients.calls]
    assert names == ["orders", ARN]
    assert pauses == [0.5]


def test_pages_are_followed_within_bounds() -> None:
    page = {"Events": [event("UpdateFunctionCode20150331v2", 5)], "NextToken": "t"}
    source, clients, pauses = reading(page, page, page, page, page, page)
    found = source.collect(Target("orders", WINDOW))
    assert len(clients.calls) == 4
    assert len(pauses) == 3
    assert clients.calls[1][1]["NextToken"] == "t"
    assert found.is_cut("changes")
    assert [gap.reason for gap in found.missing] == [
        f"CloudTrail has more events of {name} than the 2 newest, which were read" for name in ("orders", ARN)
    ]


def test_deadline_ends_the_lookup() -> None:
    source, clients, _ = reading({"Events": [], "NextToken": "t"}, deadline_s=0)
    found = source.collect(Target("orders", WINDOW))
    assert len(clients.calls) == 1
    assert found.is_cut("changes")


def test_reading_ends_where_the_last_day_begins() -> None:
    names = "UpdateFunctionCode20150331v2", "UpdateAlias20150331"
    page = {"Events": [event(names[0], 5), event(names[1], 25 * 60)], "NextToken": "t"}
    source, clients, _ = reading(page, {"Events": []})
    found = source.collect(Target("orders", WINDOW))
    assert [change.action for change in found.changes] == ["UpdateFunctionCode"]
    assert len(clients.calls) == 2  # one for each name
    assert found.missing == ()


def test_without_history_only_the_window_counts() -> None:
    source, _, _ = reading({"Events": [event("UpdateAlias20150331", 5), event("UpdateAlias20150331", 16)]})
    found = source.collect(Target("orders", WINDOW, history=False))
    assert [change.at for change in found.changes] == [NOW - timedelta(minutes=5)]
