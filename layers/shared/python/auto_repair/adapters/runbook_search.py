"""Runbooks that fit a question: built in over the runbooks of the layer, and a Bedrock knowledge base."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import auto_repair
from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.runbooks import (
    ENOUGH,
    MAX_TEXT,
    Runbook,
    RunbookExtract,
    best_section,
    own_words,
    read_runbook,
    strength,
    terms,
)

_QUESTION_LENGTH = 1000  # characters; knowledge bases refuse longer ones


class RunbooksOfLayer:
    """BM25 over the runbooks in a folder. The index is made on the first search and kept."""

    name = "built_in"

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or runbooks_folder()

    def search(self, question: str, limit: int = 3) -> tuple[RunbookExtract, ...]:
        """The best extract of each runbook that fits, best first; none where no runbook does."""
        asked = tuple(dict.fromkeys(terms(question[:_QUESTION_LENGTH])))
        found = [
            RunbookExtract(
                runbook.name, runbook.title, section.heading, section.text[:MAX_TEXT], round(score, 2)
            )
            for runbook, section, score in self._ranked(asked)
            if score >= ENOUGH
        ]
        return tuple(sorted(found, key=lambda extract: (-extract.score, extract.runbook))[:limit])

    def _ranked(self, asked: tuple[str, ...]) -> Iterable[tuple[Runbook, Any, float]]:
        scores: dict[str, dict[str, float]] = {}
        matched: dict[str, set[str]] = {}
        for hit in self._hits(asked):
            name, _, heading = hit["ref"].partition("#")
            scores.setdefault(name, {})[heading] = hit["score"]
            matched.setdefault(name, set()).update(hit["match_data"].metadata)
        for name, by_heading in scores.items():
            section = best_section(self._runbooks[name], by_heading)
            score = by_heading.get("", 0.0) + by_heading.get(section.heading, 0.0)
            yield self._runbooks[name], section, strength(score, matched[name], asked)

    def _hits(self, asked: tuple[str, ...]) -> list[dict[str, Any]]:
        if not asked or not self._runbooks:
            return []
        query = self._index.create_query()
        for term in asked:
            query.term(term)
        return list(self._index.query(query))

    @cached_property
    def _runbooks(self) -> Mapping[str, Runbook]:
        files = sorted(self._folder.glob("*.md"))
        return {file.stem: read_runbook(file.stem, file.read_text("utf-8")) for file in files}

    @cached_property
    def _index(self) -> Any:
        # Imported late: few incidents search.
        from lunr.builder import Builder
        from lunr.stemmer import stemmer

        builder = Builder()
        builder.ref("id")
        builder.field("words")
        builder.pipeline.add(stemmer)
        builder.search_pipeline.add(stemmer)
        for runbook in self._runbooks.values():
            builder.add({"id": runbook.name, "words": terms(f"{runbook.title}\n{runbook.keywords}")})
            for section in runbook.sections:
                words = terms(section.heading) + own_words(section.text)
                builder.add({"id": f"{runbook.name}#{section.heading}", "words": words})
        return builder.build()


class KnowledgeBase:
    """A Bedrock knowledge base over the knowledge bucket."""

    name = "knowledge_base"

    def __init__(self, clients: Clients, knowledge_base_id: str) -> None:
        self._clients = clients
        self._id = knowledge_base_id

    def search(self, question: str, limit: int = 3) -> tuple[RunbookExtract, ...]:
        """What `Retrieve` finds, best first. Raises `TransientError` or `AwsCallFailed`."""
        runtime = self._clients.client("bedrock-agent-runtime")
        answer = call(
            runtime.retrieve,
            knowledgeBaseId=self._id,
            retrievalQuery={"text": question[:_QUESTION_LENGTH]},
            retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": limit}},
        )
        return tuple(_extract(result) for result in answer.get("retrievalResults", ()))


def runbooks_folder() -> Path:
    """Inside the package, where the layer has them; in a checkout, the folder they are written in."""
    package = Path(auto_repair.__file__).parent
    packed = package / "knowledge"
    return packed if packed.is_dir() else package.parents[3] / "knowledge"


def _extract(result: Mapping[str, Any]) -> RunbookExtract:
    uri = str(result.get("location", {}).get("s3Location", {}).get("uri", ""))
    name = uri.rpartition("/")[2].removesuffix(".md") or "document"
    text = str(result.get("content", {}).get("text", ""))[:MAX_TEXT]
    return RunbookExtract(name, name, "knowledge base", text, float(result.get("score", 0.0)))
