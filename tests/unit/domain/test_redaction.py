"""Secrets and personal data leave text before it is stored."""

from time import process_time

import pytest

from auto_repair.domain.redaction import redact, redacted

# Built from parts, so that no scanner takes the examples for leaked keys.
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhbm5hIn0." + "c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"using {KEY_ID} now", KEY_ID),
        (f"aws_secret_access_key = {SECRET_KEY}", SECRET_KEY),
        (f"signed with {SECRET_KEY}", SECRET_KEY),
        (f"header {JWT}", JWT),
        ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
        ('{"password": "hunter2 and more"}', "hunter2"),
        ("{'db_password': 'hunter2'}", "hunter2"),
        ('body: {\\"apiKey\\": \\"hunter2\\", \\"a\\": 1}', "hunter2"),
        ("DB_PASSWORD=hunter2 HOST=db", "hunter2"),
        ("postgres://app:hunter2@db.internal:5432/orders", "hunter2"),
        ("token: ghp_" + "a1B2" * 9, "ghp_"),
        ("slack xoxb-" + "123456789012-abcdef", "123456789012-abcdef"),
        ("mail anna.b+x@sub.example.org please", "anna.b"),
        ("card 4111 1111 1111 1111 declined", "1111"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
        ("https://x.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c&X-Amz-Date=1", "0a1b2c"),
    ],
)
def test_secret_is_gone(text: str, secret: str) -> None:
    cleaned = redact(text)
    assert secret not in cleaned
    assert "[redacted" in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "order 4711 at 2026-01-31T12:00:00.123Z took 1706543210123 ms",
        "SyntaxError: Unexpected token / in JSON at position 0",
        "Runtime exited with error: signal: killed",
        "RequestId: 8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: boom",
        "arn:aws:lambda:eu-central-1:123456789012:function:orders",
        "An error occurred (AccessDenied) when calling the GetSecretValue operation: Access Denied",
        "KeyError: 'SECRET_NAME'",
        "2026/01/31/[$LATEST]f7108dfca11d48d8ba7321a9b4fe4b02",
        "no card: 4111 1111 1111 1112",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert redact(text) == text


def test_what_surrounds_a_secret_stays() -> None:
    assert (
        redact('{"user": 7, "password": "x y", "host": "db"}')
        == '{"user": 7, "password": [redacted], "host": "db"}'
    )
    assert redact("postgres://app:pw@db:5432/orders") == "postgres://[redacted:login]@db:5432/orders"


def test_redacting_twice_changes_nothing() -> None:
    once = redact(f'{{"token": "abc", "mail": "a@example.org", "key": "{KEY_ID}"}}')
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece", ["a", "a.", "a@", "'", "1 ", "password", "password=", "/", "Ab1/", '{"token":"']
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begin = process_time()
    redact(text)
    assert process_time() - begin < 5  # a tenth of a second here; a quadratic pattern takes minutes


def test_secret_across_the_cut_of_a_text_is_no_part_of_it() -> None:
    text = f"{'x' * 95} {KEY_ID} and more"
    assert redacted(text, 100) == redact(text)[:100]
    assert "AKIA" not in redacted(text, 100)
