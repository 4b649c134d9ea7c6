"""Foreign text stays text, wherever it is shown."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_repair.reports.elements import Markup, element
from auto_repair.reports.escaping import (
    clean,
    code_block,
    code_cell,
    code_span,
    for_html,
    for_markdown,
    for_subject,
    https_link,
    one_line,
)
from tests.unit.reports.hostile import SAMPLES, hidden_characters

anything = st.one_of(st.sampled_from(SAMPLES), st.text())


@given(anything)
def test_cleaned_text_has_no_hidden_characters_and_can_be_encoded(text: str) -> None:
    assert not hidden_characters(clean(text))
    clean(text).encode("utf-8")


def test_long_text_is_cut_and_says_how_much_is_missing() -> None:
    assert clean("x" * 200_000, 100) == "x" * 100 + "… (199,900 more characters)"


def test_short_text_stays_as_it_is() -> None:
    assert clean("größer → 384 MB\n\tzwei", 100) == "größer → 384 MB\n\tzwei"


@given(anything)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(anything)
def test_html_text_reads_back_as_the_cleaned_text(text: str) -> None:
    escaped = for_html(text)
    assert not re.search(r"[<>\"']", escaped)
    assert html.unescape(escaped) == clean(text)


@given(anything)
def test_an_element_escapes_children_and_attributes_alike(text: str) -> None:
    shown = element("p", text, title=text)
    assert shown == f'<p title="{for_html(text)}">{for_html(text)}</p>'


def test_only_markup_is_taken_as_markup() -> None:
    assert element("p", Markup("<b>"), "<i>") == "<p><b>&lt;i&gt;</p>"


@given(anything)
def test_markdown_text_has_no_active_character_left(text: str) -> None:
    bare = re.sub(r"\\.", "q", for_markdown(text))  # what a backslash escapes is shown as it is
    assert not re.search(r"[`*\[\]|~$<>\n]|://", bare)
    assert not re.match(r"[-+=#]|\d{1,9}[.)](\s|$)", bare)


@pytest.mark.parametrize(
    "text", ["memory 128 MB → 384 MB (very likely)", "66.7 %", "my_function is slow", "a - b"]
)
def test_markdown_of_ordinary_text_stays_readable(text: str) -> None:
    assert for_markdown(text) == text


@given(anything)
def test_a_code_span_is_not_closed_by_its_content(text: str) -> None:
    span = code_span(text)
    fence = re.match(r"`+", span)
    assert fence
    inside = span[len(fence[0]) : -len(fence[0])]
    assert span.endswith(fence[0])
    assert len(fence[0]) < 10  # some parsers take very long runs for text
    assert fence[0] not in re.findall(r"`+", inside)


@given(anything)
def test_a_code_cell_does_not_break_its_row(text: str) -> None:
    assert not re.search(r"(?<!\\)\||\\\\\|", code_cell(text))


@given(anything)
def test_a_code_block_is_not_closed_by_its_content(text: str) -> None:
    first, *inside, last = code_block(text, "sh").split("\n")
    assert first == f"{last}sh"
    assert not any(line.lstrip().startswith(last) for line in inside)


@given(anything)
def test_a_subject_is_what_sns_accepts(text: str) -> None:
    subject = for_subject(text)
    assert 1 <= len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert not subject.startswith(" ")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "http://example.com",
        'https://a/"x',
        "https://a/<b>",
        "https://a b",
        "https://a/\n",
        "data:x",
    ],
)
def test_other_addresses_than_plain_https_are_no_links(url: str) -> None:
    assert https_link(url) == ""


def test_a_console_address_is_a_link() -> None:
    url = "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/$252Faws"
    assert https_link(url) == url
