"""A deployed environment as the account shows it, and what there is to say about it.

What should be there is what Terraform wrote down when it was last applied
(terraform/modules/auto_repair/deployment.tf), not a list of our own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation")


class Level(StrEnum):
    OK = "ok"
    ATTENTION = "ATTENTION"
    BROKEN = "BROKEN"


@dataclass(frozen=True)
class Finding:
    """What was seen of one thing; `fix` says what to do unless all is well."""

    level: Level
    text: str
    fix: str = ""


def judged(right: bool, text: str, fix: str = "", *, otherwise: Level = Level.BROKEN) -> Finding:
    return Finding(Level.OK, text) if right else Finding(otherwise, text, fix)


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


class NotDeployed(RuntimeError):
    """The account knows of no such environment; the message says what to do."""


class Account:
    """The account and region that are looked at; clients are made when they are needed."""

    def __init__(self, environment: str, session: boto3.Session) -> None:
        self.environment = environment
        self._session = session
        self._config = Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=20)

    def client(self, service: str) -> Any:
        make_client: Any = self._session.client
        return make_client(service, config=self._config)

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        yield from self.client(service).get_paginator(operation).paginate(**arguments)

    def listed(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """What stands under `key` on all pages."""
        return [entry for page in self.pages(service, operation, **arguments) for entry in page[key]]

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """What the environment consists of, by kind. Raises `NotDeployed`."""
        kinds = {kind: json.loads(value) for kind, value in self._parameters("deployment").items()}
        if not kinds:
            place = f"{self.environment} in {self._session.region_name}"
            raise NotDeployed(
                f"Nothing is deployed as {place} (another region: set AWS_REGION). {self.redeploy}"
            )
        return kinds

    @cached_property
    def onboarded(self) -> dict[str, str | None]:
        """The functions that are looked after, each with the alias that its policy names.

        Who may not decrypt the policies sees the functions without aliases.
        """
        try:
            policies = self._parameters("functions", WithDecryption=True)
        except ClientError as error:
            if code_of(error) not in _DENIED:
                raise
            policies = dict.fromkeys(self._parameters("functions"), "{}")
        names = sorted(name for name in policies if name.endswith("/policy"))
        return {name.removesuffix("/policy"): json.loads(policies[name]).get("alias") for name in names}

    @property
    def redeploy(self) -> str:
        if self.environment == "local":
            return "Deploy it: make local."
        return f"Deploy it: make plan ENV={self.environment}, then make apply ENV={self.environment}."

    def each(
        self, kind: str, names: Iterable[str], look: Callable[[Account, str], Iterator[Finding]]
    ) -> Iterator[Finding]:
        """The findings on all things of a kind; one that cannot be looked at does not hide the next."""
        for name in names:
            try:
                yield from look(self, name)
            except ClientError as error:
                yield self.unseen(f"{kind} {name}", error)

    def unseen(self, thing: str, error: ClientError) -> Finding:
        """What AWS refused to show: mostly it is gone, or the caller may not look."""
        code, operation = code_of(error), error.operation_name
        if code in _DENIED:
            return Finding(
                Level.BROKEN, f"{thing}: {operation} is denied", "Ask with a role that may read it."
            )
        is_gone = "NotFound" in code or code.startswith("NoSuch")
        what = "does not exist" if is_gone else f"{operation} answers {code}"
        return Finding(Level.BROKEN, f"{thing}: {what}", self.redeploy)

    def _parameters(self, kind: str, **options: Any) -> dict[str, str]:
        prefix = f"/lambda-auto-repair/{self.environment}/{kind}/"
        found = self.listed(
            "ssm", "get_parameters_by_path", "Parameters", Path=prefix, Recursive=True, **options
        )
        return {parameter["Name"].removeprefix(prefix): parameter["Value"] for parameter in found}
