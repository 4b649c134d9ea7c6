"""Runbook search: what operators ask, and what they get."""

from pathlib import Path
from typing import Any

import pytest

from auto_repair.adapters.runbook_search import KnowledgeBase, RunbooksOfLayer, runbooks_folder
from auto_repair.domain.errors import AwsCallFailed
from auto_repair.domain.runbooks import RunbookExtract
from scripts.bench_runbooks import ROOT, outcomes, rates
from tests.adapters.conftest import RecordedClients

# A little below what `make bench-runbooks` measures.
FIRST, AMONG, FALSE = 0.85, 0.88, 0.18


@pytest.fixture(scope="module")
def search() -> RunbooksOfLayer:
    return RunbooksOfLayer(ROOT / "knowledge")


def test_operators_questions_find_their_runbook(search: RunbooksOfLayer) -> None:
    measured = rates(outcomes(search))
    assert measured.first >= FIRST
    assert measured.among >= AMONG
    assert measured.false <= FALSE


def test_every_runbook_answers_some_question(search: RunbooksOfLayer) -> None:
    asked = {name for outcome in outcomes(search) for name in outcome.wanted}
    assert {path.stem for path in (ROOT / "knowledge").glob("*.md")} >= asked


def test_the_answer_is_the_section_that_fits(search: RunbooksOfLayer) -> None:
    best = search.search("how do I undo the visibility timeout of the queue")[0]
    assert best.id == "timeout_too_low#how-to-undo"
    assert "set-queue-attributes" in best.text


@pytest.mark.parametrize(
    "question", ["", "   ", "the of and", "*", "+memory -killed^2 title:x~3", "a" * 5000]
)
def test_an_odd_question_is_no_error(search: RunbooksOfLayer, question: str) -> None:
    assert isinstance(search.search(question), tuple)


def test_no_more_than_the_limit_is_found(search: RunbooksOfLayer) -> None:
    assert len(search.search("memory timeout throttled killed", limit=1)) == 1


def test_a_folder_without_runbooks_finds_nothing(tmp_path: Path) -> None:
    assert RunbooksOfLayer(tmp_path).search("memory") == ()


def test_a_checkout_has_the_runbooks_where_they_are_written() -> None:
    assert runbooks_folder() == ROOT / "knowledge"


def test_a_knowledge_base_is_asked_and_its_answers_are_extracts() -> None:
    def retrieve(**arguments: Any) -> Any:
        return {
            "retrievalResults": [
                {
                    "content": {"text": "Raise the memory.", "type": "TEXT"},
                    "location": {"type": "S3", "s3Location": {"uri": "s3://knowledge/out_of_memory.md"}},
                    "score": 0.61,
                },
                {"content": {"text": "From the web."}, "location": {"type": "WEB"}},
            ]
        }

    clients = RecordedClients({"bedrock-agent-runtime.retrieve": retrieve})
    found = KnowledgeBase(clients, "KB12345678").search("out of memory", limit=2)
    assert found == (
        RunbookExtract("out_of_memory", "out_of_memory", "knowledge base", "Raise the memory.", 0.61),
        RunbookExtract("document", "document", "knowledge base", "From the web.", 0.0),
    )
    assert clients.calls[0][1] == {
        "knowledgeBaseId": "KB12345678",
        "retrievalQuery": {"text": "out of memory"},
        "retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 2}},
    }


def test_a_knowledge_base_that_is_denied_is_an_error_of_ours() -> None:
    from botocore.exceptions import ClientError

    def retrieve(**arguments: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Retrieve")

    with pytest.raises(AwsCallFailed, match="AccessDenied"):
        KnowledgeBase(RecordedClients({"bedrock-agent-runtime.retrieve": retrieve}), "KB12345678").search("x")
