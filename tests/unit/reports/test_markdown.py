"""The Markdown says what the page says, and foreign text does not change its structure."""

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from auto_repair.reports import markdown
from tests.unit.reports import cases
from tests.unit.reports.hostile import SAMPLES, hidden_characters, poisoned, texts

SECTIONS = {
    "repaired": [
        "What a person should do or look at",
        "Root cause",
        "What was changed",
        "Verification",
        "How to take it back",
        "Timeline",
        "Evidence",
    ],
    "rejected": [
        "What a person should do or look at",
        "Root cause",
        "What would have been changed",
        "Verification",
        "Timeline",
        "Evidence",
    ],
    "everything_said": [
        "How the question was read",
        "What a person should do or look at",
        "Root cause",
        "Said and seen since the diagnosis",
        "Similar incidents of the past",
        "In a model's words",
        "How it spread",
        "Whom it hurts",
        "Recommended repair",
        "What keeps it from coming back",
        "Timeline",
        "Evidence",
    ],
    "invalid": ["What a person should do or look at", "Timeline"],
}


@pytest.mark.parametrize("case", SECTIONS)
def test_sections(case: str) -> None:
    assert re.findall(r"^## (.*)$", markdown.render(cases.ALL[case]()), re.MULTILINE) == SECTIONS[case]


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("repaired", "# orders-checkout works again: memory 128 MB → 384 MB."),
        ("repaired", "| memory | 128 MB | 384 MB |"),
        ("repaired", "| peak memory | 128 of 128 MB | 262 of 384 MB | passed | 68 %, below 85 % |"),
        (
            "repaired",
            "- Memory used against the limit: Before: peak 128 of 128 MB. After: peak 262 of 384 MB",
        ),
        ("repaired", "**The function runs out of memory**, very likely (93 %)"),
        ("timeout_behind_alias", "| alias live | version 7 | version 8 |"),
        ("cannot_tell", "- missing: CloudWatch Logs: AccessDeniedException on logs:FilterLogEvents"),
        ("everything_said", "- What is wrong: server errors (5xx)"),
        ("everything_said", "- Times are read as UTC: the question names no time zone."),
        (
            "everything_said",
            "| A bug in the code | ruled out | arn:aws:iam::123456789012:user/ada | 2026-01-31 10:20:00 UTC "
            "| no code was deployed since Tuesday |",
        ),
        (
            "everything_said",
            "- Moved “Denied by a bucket's policy” from 91 % to 95 %: the new policy names it "
            "`change_journal`",
        ),
        (
            "everything_said",
            "It cites `change_journal` `around.lambda:image-service.errors` `denied_by_bucket_policy#Check`.",
        ),
        ("failed_before_change", "State `DiagnoseIssue`: AwsCallFailed"),
        ("unclear", "### The look around apigateway:image-api"),
        ("unclear", "- apigateway:image-api itself moved by 1.0 times its usual scatter"),
        ("unclear", "- 8 resources: 1 metric, 4 changes and 0 log messages"),
        ("unclear", "Leads, not causes: too little speaks for them."),
        ("unclear", "- Id: `neighbour_changed@s3:image-service-images-123456789012`"),
    ],
)
def test_it_says(case: str, line: str) -> None:
    assert line in markdown.render(cases.ALL[case]()).splitlines()


def test_commands_stand_in_a_block_of_their_own() -> None:
    commands = cases.timeout_behind_alias().undo_commands
    assert "```sh\n" + "\n".join(commands) + "\n```" in markdown.render(cases.timeout_behind_alias())


def shape(document: str) -> list[str]:
    """What kind of line each line outside of code blocks is; tables with their number of cells."""
    kinds: list[str] = []
    fence = ""
    for line in document.split("\n"):
        opened = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif opened:
            fence = opened[0]
            kinds.append("code")
        else:
            kinds.append(_kind(line))
    return kinds


def _kind(line: str) -> str:
    if line.startswith("|"):
        pipes = re.findall(r"(?<!\\)(?:\\\\)*\|", line)  # cells are found before code is
        return f"row of {len(pipes)}"
    marker = re.match(r"#+ |- |\d+\. |>|<|\s{4}|={3,}|-{3,}|\+ |\* ", line)
    return marker[0] if marker else "text" if line else "empty"


@cache
def harmless_shape(case: str) -> list[str]:
    """The document's structure where all foreign text is one letter."""
    return shape(markdown.render(poisoned(cases.ALL[case](), "q")))


@pytest.mark.parametrize("case", cases.ALL)
@given(text=texts)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_foreign_text_does_not_change_the_structure(case: str, text: str) -> None:
    document = markdown.render(poisoned(cases.ALL[case](), text))
    assert shape(document) == harmless_shape(case)
    assert not hidden_characters(document)
    document.encode("utf-8")


@pytest.mark.parametrize("text", SAMPLES)
def test_a_flood_of_text_is_cut(text: str) -> None:
    assert len(markdown.render(poisoned(cases.repaired(), text))) < 400_000


def test_documents_are_shown_as_a_difference_that_stays_in_its_fence() -> None:
    source = markdown.render(cases.restored_policy())
    block = source.partition("```diff\n")[2].partition("\n```\n")[0]
    assert block.startswith("--- before\n+++ after\n")
    assert '-      "Sid": "It\'s <b>denied</b> | `x`",' in block
    assert '+      "Sid": "AllowApp",' in block
    assert "bucket policy of images" in source


def test_the_impact_path_is_a_chain_of_arrows() -> None:
    section = markdown.render(cases.ALL["image_service"]()).partition("## How it spread\n\n")[2]
    chain = section.partition("\n")[0]
    assert re.fullmatch(
        r"S3 bucket .+ \(PutBucketPolicy by .+, 10:02:05 UTC\) → Lambda function .+ → "
        r"API Gateway image-api \(280 of 304 calls failed, 10:02:31 UTC\)",
        chain,
    )
    assert "lambda:image-service needs s3:image-service-images-123456789012: environment variable" in section


def test_the_cause_is_told_with_its_change_and_the_others_with_why_not() -> None:
    lines = markdown.render(cases.ALL["image_service"]()).splitlines()
    for line in (
        "- Since: 2026-01-31 10:02:05 UTC",
        "- By: image-service-deployer/release-241",
        "- Id: `denied_by_bucket_policy@s3:image-service-images-123456789012`",
        '+      "Sid": "NoReading",',
        "Why not: apigateway:a1b2c3 is where the alarm fired: usually the messenger",
        "| apigateway:image-api (entry point) | 280 of 304 calls failed | 10:02:31 | measured |",
    ):
        assert line in lines


def test_without_surroundings_nothing_is_said_of_them() -> None:
    source = markdown.render(cases.repaired())
    for title in ("How it spread", "Whom it hurts", "How it may go on", "coming back", "Around the alarm"):
        assert title not in source
