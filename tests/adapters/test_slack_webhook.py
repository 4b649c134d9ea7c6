"""What Slack is sent, and what becomes of its refusals."""

import json
from typing import Any
from urllib.error import URLError

import pytest

from auto_repair.adapters import slack_webhook
from auto_repair.adapters.slack_webhook import SlackWebhook
from auto_repair.domain.errors import InvalidEvent, TransientError


class Answer:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    def take(request: Any, timeout: float) -> Answer:
        texts.append(json.loads(request.data)["text"])
        return Answer()

    monkeypatch.setattr(slack_webhook, "urlopen", take)
    return texts


def test_ordinary_message_is_one(sent: list[str]) -> None:
    SlackWebhook("https://hooks.example.com/x").send("Repaired", "orders: 128 MB\nverified")
    assert sent == ["*Repaired*\n```orders: 128 MB\nverified```"]


@pytest.mark.parametrize("lines", [30, 3000])
def test_a_long_question_keeps_its_commands_whole(sent: list[str], lines: int) -> None:
    command = f"aws stepfunctions send-task-success --task-token {'A' * 2048} --task-output no"
    question = "\n".join(["+ line of a policy's difference"] * lines + [command, command])
    SlackWebhook("https://hooks.example.com/x").send("May I?", question)
    assert sum(text.count(command) for text in sent) == 2
    assert all(len(text) < 4000 for text in sent)
    assert len(sent) <= slack_webhook.MOST_PARTS + 1
    assert any(slack_webhook.SHORTENED in text for text in sent) is (lines > 1000)


def test_slack_that_is_down_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_request: Any, timeout: float) -> Answer:
        raise URLError("no route")

    monkeypatch.setattr(slack_webhook, "urlopen", refuse)
    with pytest.raises(TransientError, match="no route"):
        SlackWebhook("https://hooks.example.com/x").send("title", "text")


def test_webhook_is_https() -> None:
    with pytest.raises(InvalidEvent, match="https"):
        SlackWebhook("http://hooks.example.com/x")
