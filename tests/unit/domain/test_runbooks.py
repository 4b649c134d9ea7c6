"""Runbooks as a search sees them."""

import pytest

from auto_repair.domain.runbooks import RunbookExtract, own_words, read_runbook, strength, terms

MARKDOWN = """# Out of memory

Not read.

## What it means

Too little memory.

## What to check

- `ReadTimeoutError` in the log

<!-- keywords:
OOM, 内存不足
-->
"""


def test_a_runbook_is_read_in_sections() -> None:
    runbook = read_runbook("out_of_memory", MARKDOWN)
    assert (runbook.title, runbook.keywords) == ("Out of memory", "OOM, 内存不足")
    assert [s.heading for s in runbook.sections] == ["What it means", "What to check"]
    assert [s.text for s in runbook.sections] == ["Too little memory.", "- `ReadTimeoutError` in the log"]


@pytest.mark.parametrize(
    "markdown", ["", "no headings at all", "<!-- keywords: x -->", "<!-- open", "## Only a section"]
)
def test_an_unusual_file_is_no_error(markdown: str) -> None:
    assert read_runbook("notes", markdown).title == "notes"


def test_terms_are_words_their_parts_and_pairs_of_chinese_characters() -> None:
    assert terms("The ReadTimeout of Überlast: 429, 17 and 5432") == (
        "readtimeout", "read", "timeout", "uberlast", "429",
    )  # fmt: skip
    assert terms("内存不足") == ("内存", "存不", "不足")
    assert terms("慢") == ("慢",)


def test_what_a_section_says_of_other_failures_is_not_its_own() -> None:
    text = (
        "Runs are killed, see [memory leak](memory_leak.md).\n\nIt is not this failure when: memory climbs."
    )
    assert own_words(text) == ("runs", "killed", "see")


def test_one_rare_word_among_many_is_worth_less() -> None:
    assert strength(4.0, ("a",), ("a", "b", "c", "d")) == 1.0
    assert strength(4.0, ("a", "b"), ("a", "b")) == 4.0
    assert strength(4.0, (), ()) == 0.0


def test_chinese_counts_as_one_word() -> None:
    assert strength(4.0, ("超时",), terms("函数超时")) == 4.0
    assert strength(4.0, ("超时",), terms("orders 函数超时")) == 2.0


def test_an_extract_is_cited_by_runbook_and_heading() -> None:
    assert RunbookExtract("out_of_memory", "", "What to check", "").id == "out_of_memory#what-to-check"
