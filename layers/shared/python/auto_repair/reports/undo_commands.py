"""The AWS CLI commands by which a person takes a repair back."""

import json
from shlex import quote

from auto_repair.domain.policy_documents import canonical
from auto_repair.domain.repair import Change, Setting, SettingChange, Value
from auto_repair.reports.escaping import DOCUMENT, clean, one_line

LONGEST_NAME = 256

_LAMBDA_OPTIONS = {Setting.MEMORY_MB: "--memory-size", Setting.TIMEOUT_S: "--timeout"}


def undo_commands(undo: Change, region: str) -> tuple[str, ...]:
    """Commands, to be run in this order, that set every setting of `undo` to its `after`.

    An alias goes back to the version it pointed to before the incident, which still is what it was then.
    """
    aws = _Aws(undo.function_name, region)
    commands: list[str] = []
    alias_first = undo.publishes and undo.alias_version
    if alias_first:  # callers are helped at once; $LATEST follows
        commands.append(aws.move_alias(undo.alias or "", _argument(undo.alias_version or "")))
    if any(s.setting in _LAMBDA_OPTIONS for s in undo.settings):
        commands += aws.restore_configuration(undo)
    commands += [_restore(s, aws) for s in undo.settings if s.setting not in _LAMBDA_OPTIONS]
    if undo.publishes and not alias_first:
        commands.append(aws.move_alias(undo.alias or "", aws.new_version()))
    return tuple(commands)


def check_commands(undo: Change, region: str) -> tuple[str, ...]:
    """Commands that print the present value of every setting of `undo`."""
    aws = _Aws(undo.function_name, region)
    commands = [aws.show(s, undo.alias) for s in undo.settings]
    return tuple(dict.fromkeys(commands))


def _restore(change: SettingChange, aws: "_Aws") -> str:
    if change.setting is Setting.VISIBILITY_TIMEOUT_S:
        return aws.set_visibility_timeout(change.resource, change.after or 0)
    if change.setting is Setting.BUCKET_POLICY:
        return aws.set_bucket_policy(change.resource, change.after)
    return aws.set_reserved_concurrency(change.after)


def _argument(text: str) -> str:
    """One shell word. No AWS name holds what is cleaned away here, nor is any as long."""
    return quote(one_line(text, LONGEST_NAME))


def _document(text: str) -> str:
    """A policy as one shell word; JSON's own escapes spell whatever a terminal might act on."""
    try:
        return quote(json.dumps(json.loads(canonical(text)), separators=(",", ":")))
    except ValueError:
        return quote(clean(text, DOCUMENT).replace("\n", " "))


class _Aws:
    """Spells commands for one function."""

    def __init__(self, function_name: str, region: str) -> None:
        self._region = f" --region {_argument(region)}" if region else ""
        self._function = f"{self._region} --function-name {_argument(function_name)}"

    def move_alias(self, alias: str, version: str) -> str:
        return (
            f"aws lambda update-alias{self._function} --name {_argument(alias)} --function-version {version}"
        )

    def new_version(self) -> str:
        return f'"$(aws lambda publish-version{self._function} --query Version --output text)"'

    def restore_configuration(self, undo: Change) -> list[str]:
        options = "".join(
            f" {_LAMBDA_OPTIONS[s.setting]} {s.after}" for s in undo.settings if s.setting in _LAMBDA_OPTIONS
        )
        return [
            f"aws lambda update-function-configuration{self._function}{options}",
            f"aws lambda wait function-updated{self._function}",
        ]

    def set_reserved_concurrency(self, value: Value) -> str:
        if value is None:
            return f"aws lambda delete-function-concurrency{self._function}"
        return f"aws lambda put-function-concurrency{self._function} --reserved-concurrent-executions {value}"

    def set_visibility_timeout(self, queue_arn: str, seconds: Value) -> str:
        return (
            f"aws sqs set-queue-attributes{self._queue(queue_arn)} --attributes VisibilityTimeout={seconds}"
        )

    def set_bucket_policy(self, bucket_arn: str, document: Value) -> str:
        if document is None:
            return f"aws s3api delete-bucket-policy{self._bucket(bucket_arn)}"
        return f"aws s3api put-bucket-policy{self._bucket(bucket_arn)} --policy {_document(str(document))}"

    def show(self, change: SettingChange, alias: str | None) -> str:
        if change.setting is Setting.VISIBILITY_TIMEOUT_S:
            queue = self._queue(change.resource)
            return f"aws sqs get-queue-attributes{queue} --attribute-names VisibilityTimeout"
        if change.setting is Setting.BUCKET_POLICY:
            return f"aws s3api get-bucket-policy{self._bucket(change.resource)} --query Policy --output text"
        if change.setting is Setting.RESERVED_CONCURRENCY:
            return f"aws lambda get-function-concurrency{self._function}"
        qualifier = f" --qualifier {_argument(alias)}" if alias else ""
        fields = ", ".join(f"{name}: {name}" for name in ("MemorySize", "Timeout"))
        return f"aws lambda get-function-configuration{self._function}{qualifier} --query '{{{fields}}}'"

    def _bucket(self, arn: str) -> str:
        return f"{self._region} --bucket {_argument(arn.rsplit(':', 1)[-1])}"

    def _queue(self, arn: str) -> str:
        """Region and URL of a queue. The URL is asked for: its form differs between partitions."""
        parts = arn.split(":")
        region, account, name = (parts[3], parts[4], parts[5]) if len(parts) == 6 else ("", "", arn)
        where = f" --region {_argument(region)}" if region else self._region
        owner = f" --queue-owner-aws-account-id {_argument(account)}" if account else ""
        queue = f"{where} --queue-name {_argument(name)}{owner}"
        lookup = f"aws sqs get-queue-url{queue} --query QueueUrl --output text"
        return f'{where} --queue-url "$({lookup})"'
