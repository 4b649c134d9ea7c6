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
MAX_TEXT = 3000  # characters of one Slack section block


class SlackWebhook:
    """Sends plain messages to one channel."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme != "https":
            raise InvalidEvent("SLACK_WEBHOOK_URL: the secret's value is not an https:// address")
        self._url = url

    def send(self, title: str, text: str) -> None:
        """Raises `TransientError` when Slack does not take the message."""
        body = json.dumps({"text": f"*{title}*\n```{text[:MAX_TEXT]}```"}).encode()
        request = Request(  # noqa: S310  # __init__ takes https:// only
            self._url, data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urlopen(request, timeout=TIMEOUT_S):  # noqa: S310  # __init__ takes https:// only
                return
        except (HTTPError, URLError, TimeoutError) as error:
            raise TransientError(f"Slack did not take the message: {error}") from error


@cache
def slack_webhook() -> SlackWebhook:
    """The webhook named by SLACK_WEBHOOK_SECRET_ARN. Raises `InvalidEvent` when it is not set."""
    arn = os.environ.get("SLACK_WEBHOOK_SECRET_ARN", "")
    if not arn:
        raise InvalidEvent("environment variable SLACK_WEBHOOK_SECRET_ARN is not set: Terraform sets it")
    secrets = Clients(os.environ["AWS_REGION"]).client("secretsmanager")
    return SlackWebhook(call(secrets.get_secret_value, SecretId=arn)["SecretString"].strip())
