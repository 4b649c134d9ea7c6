"""Slack, through an incoming webhook whose address lives in Secrets Manager."""

import json
import os
from functools import cache
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import InvalidEvent, TransientError

TIMEOUT_S = 5
# Slack parts a text of more than about 4,000 characters wherever that is. A question ends with two commands,
# each with a task token of up to 2048: we part it ourselves, between lines.
MAX_TEXT = 3500
MOST_PARTS = 6
SHORTENED = "… (shortened: the report holds the rest)"


class SlackWebhook:
    """Sends plain messages to one channel."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme != "https":
            raise InvalidEvent("SLACK_WEBHOOK_URL: the secret's value is not an https:// address")
        self._address = url.partition("://")[2]

    def send(self, title: str, text: str) -> None:
        """Raises `TransientError` when Slack does not take the message."""
        for number, part in enumerate(parts(text)):
            self._post(f"*{title}*\n```{part}```" if number == 0 else f"```{part}```")

    def _post(self, text: str) -> None:
        body = json.dumps({"text": text}).encode()
        headers = {"Content-Type": "application/json"}
        try:
            with urlopen(Request(f"https://{self._address}", body, headers), timeout=TIMEOUT_S):
                return
        except (HTTPError, URLError, TimeoutError) as error:
            raise TransientError(f"Slack did not take the message: {error}") from error


def parts(text: str) -> list[str]:
    """The text in whole lines, as far as they fit; of a very long one the beginning and the end."""
    found = [""]
    for line in text.splitlines(keepends=True):
        if found[-1] and len(found[-1]) + len(line) > MAX_TEXT:
            found.append("")
        found[-1] = (found[-1] + line)[:MAX_TEXT]
    if len(found) <= MOST_PARTS:
        return found
    half = MOST_PARTS // 2
    return [*found[:half], SHORTENED, *found[-half:]]


@cache
def slack_webhook() -> SlackWebhook:
    """The webhook named by SLACK_WEBHOOK_SECRET_ARN. Raises `InvalidEvent` when it is not set."""
    arn = os.environ.get("SLACK_WEBHOOK_SECRET_ARN", "")
    if not arn:
        raise InvalidEvent("environment variable SLACK_WEBHOOK_SECRET_ARN is not set: Terraform sets it")
    secrets = Clients(os.environ["AWS_REGION"]).client("secretsmanager")
    return SlackWebhook(call(secrets.get_secret_value, SecretId=arn)["SecretString"].strip())
