"""Filter patterns, against the examples of AWS's documentation."""

from __future__ import annotations

import json

import pytest

from local.cloudwatch.filter_pattern import PatternError, compile_pattern, select

EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "198.51.100.12",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "cluster.name": "c",
        "ThisFlag": True,
        "bandwidth": 75,
        "count": "12",
    }
)
ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("error", "[ERROR 400] BAD REQUEST", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ("?ERROR ?ARGUMENTS", "[WARN] INVALID ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "[INFO] fine", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"[ERROR]"', "[ERROR]\ttext", True),
        ('"[ERROR]"', "ERROR text", False),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%ERROR 4[0-9]{2}%", "[ERROR 500] INTERNAL", False),
        ('{ $.eventType = "UpdateTrail" }', EVENT, True),
        ('{ $.eventType = "updatetrail" }', EVENT, False),
        ("{ $.sourceIPAddress != 123.123.* }", EVENT, True),
        ("{ $.sourceIPAddress = 198.51.* }", EVENT, True),
        ('{ $.arrayKey[0] = "value" }', EVENT, True),
        ("{ $.objectList[1].id = 2 }", EVENT, True),
        ("{ $.objectList[*].id = 3 }", EVENT, False),
        ("{ $.SomeObject IS NULL }", EVENT, True),
        ("{ $.SomeOtherObject NOT EXISTS }", EVENT, True),
        ("{ $.eventType NOT EXISTS }", EVENT, False),
        ("{ $.ThisFlag IS TRUE }", EVENT, True),
        ("{ $.['cluster.name'] = c }", EVENT, True),
        ("{ $.bandwidth > 75 }", EVENT, False),
        ("{ $.bandwidth >= 75 && $.bandwidth < 1e3 }", EVENT, True),
        ('{ ($.eventType = "x" || $.bandwidth = 75) && $.ThisFlag IS TRUE }', EVENT, True),
        ("{ $.eventType = %^Upd.*il$% }", EVENT, True),
        ("{ $.missing != 1 }", EVENT, False),
        ("{ $.bandwidth = 75 }", "no JSON", False),
        ("[ip, server, user, timestamp, request, status_code = 4*, bytes > 1000]", ACCESS, True),
        ("[ip, server, user, timestamp, request, status_code = 5*, bytes]", ACCESS, False),
        ("[..., status_code = 404, bytes]", ACCESS, True),
        ("[ip, server != Test, ...]", ACCESS, True),
        ("[w1=ERROR, w2]", "ERROR text more", False),
        ("[..., request=*.html*, status_code=4* && status_code!=403, bytes]", ACCESS, True),
    ],
)
def test_patterns(pattern: str, message: str, matches: bool) -> None:
    assert (compile_pattern(pattern)(message) is not None) is matches


def test_fields_for_metric_values() -> None:
    fields = compile_pattern("[..., status_code, bytes]")(ACCESS)
    assert fields is not None
    assert select(fields, "$bytes") == "1534"
    document = compile_pattern("{ $.bandwidth > 0 }")(EVENT)
    assert document is not None
    assert select(document, "$.bandwidth") == 75
    assert select(document, "$.missing") is None
    assert select(document, "1") == "1"


@pytest.mark.parametrize("pattern", ["{ $.a = }", "{ a = 1 }", "{ ($.a = 1 }", "{ $.a < x }", "%(%"])
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)
