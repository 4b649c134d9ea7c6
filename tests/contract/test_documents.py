"""The documents lead where they say: files and sections that a link or an error message names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def sections(page: Path) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE))


def anchor(title: str) -> str:
    """The fragment that leads to a section on a repository's pages."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_page_of_our_own_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not fragment or fragment in {anchor(title) for title in sections(target)}, link


def test_every_section_that_terraform_names_is_there() -> None:
    files = ROOT.glob("terraform/modules/**/*.tf")
    named = {
        name for file in files for name in re.findall(r"(docs/[\w-]+\.md), (\w[\w ]+)", file.read_text())
    }
    assert named
    for page, title in named:
        assert title in sections(ROOT / page), (page, title)
