"""Lambda functions: reading and changing them (`ports.Functions`)."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from auto_repair.adapters.aws_errors import call, code_of, translated
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.errors import AwsCallFailed, StaleConfiguration, TransientError
from auto_repair.domain.evidence import Alias, Concurrency, FunctionConfiguration, ProvisionedConcurrency

# A probe that nobody waits for any more still runs to its end; its log line counts at the next look.
PROBE_READ_TIMEOUT_S = 20.0
MAX_PAGES = 10  # of 50 entries
# Settings that decide what a version does, besides memory and timeout.
_BEHAVIOUR = (
    "Architectures",
    "CapacityProviderConfig",
    "CodeSha256",
    "DeadLetterConfig",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "Handler",
    "ImageConfigResponse",
    "KMSKeyArn",
    "LoggingConfig",
    "PackageType",
    "Role",
    "Runtime",
    "TenancyConfig",
    "TracingConfig",
)
_FUNCTION_IS_THROTTLED = frozenset(
    {
        "ConcurrentInvocationLimitExceeded",
        "FunctionInvocationRateLimitExceeded",
        "ReservedFunctionConcurrentInvocationLimitExceeded",
        "ReservedFunctionInvocationRateLimitExceeded",
    }
)


class LambdaFunctions:
    """Reads need lambda:Get*; only the executor's role may call the rest."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def _client(self) -> Any:
        return self._clients.client("lambda")

    @property
    def _one_try(self) -> Any:
        """For changes that name a revision. Where the answer is lost, the SDK would try again with the
        revision that the first try has used up, and take our own change for somebody else's. The workflow
        tries again instead, and looks at what is live first.
        """
        return self._clients.client("lambda", attempts=1)

    def configuration(self, function_name: str, qualifier: str | None = None) -> FunctionConfiguration:
        """Settings of `$LATEST`, or of the version or alias `qualifier`."""
        answer = call(self._client.get_function_configuration, **_named(function_name, qualifier))
        return configuration_from(answer)

    def alias(self, function_name: str, name: str) -> Alias:
        """The alias with its further versions' weights."""
        return alias_from(call(self._client.get_alias, FunctionName=function_name, Name=name))

    def aliases(self, function_name: str) -> tuple[Alias, ...]:
        """All aliases of the function. Raises `AwsCallFailed` where they are more than 500."""
        found = self._pages(self._client.list_aliases, function_name, "Aliases")
        return tuple(map(alias_from, found))

    def provisioned_concurrency(self, function_name: str) -> tuple[ProvisionedConcurrency, ...]:
        """What is kept ready for versions and aliases, also where AWS is still at it or has failed."""
        method, key = self._client.list_provisioned_concurrency_configs, "ProvisionedConcurrencyConfigs"
        return tuple(map(provisioned_from, self._pages(method, function_name, key)))

    def _pages(self, method: Any, function_name: str, key: str) -> Iterator[Mapping[str, Any]]:
        """The entries of all pages; a part of them would pass for the whole."""
        for page in islice(pages(method, FunctionName=function_name), MAX_PAGES):
            yield from page.get(key, ())
            if not following(page):
                return
        raise AwsCallFailed("lambda", f"List{key}", "TooLong", f"there are more than {MAX_PAGES} pages")

    def concurrency(self, function_name: str) -> Concurrency:
        """The function's reservation and the account's limits, as they are now."""
        own = call(self._client.get_function_concurrency, FunctionName=function_name)
        limits = call(self._client.get_account_settings)["AccountLimit"]
        return Concurrency(
            reserved=own.get("ReservedConcurrentExecutions"),
            account_limit=limits["ConcurrentExecutions"],
            account_unreserved=limits["UnreservedConcurrentExecutions"],
        )

    def update_configuration(
        self, function_name: str, *, memory_mb: int | None, timeout_s: int | None, revision_id: str
    ) -> FunctionConfiguration:
        """Change `$LATEST`; a setting that is None stays. The update goes on after the answer."""
        settings = {"MemorySize": memory_mb, "Timeout": timeout_s}
        answer = call(
            self._one_try.update_function_configuration,
            FunctionName=function_name,
            RevisionId=revision_id,
            **{name: value for name, value in settings.items() if value is not None},
        )
        return configuration_from(answer)

    def publish_version(self, function_name: str, *, description: str, revision_id: str) -> str:
        """The number of the version that equals `$LATEST`, new or not."""
        answer = call(
            self._one_try.publish_version,
            FunctionName=function_name,
            Description=description[:256],  # the API's limit
            RevisionId=revision_id,
        )
        return str(answer["Version"])

    def move_alias(self, function_name: str, name: str, *, version: str, expected_version: str) -> None:
        """Point the alias at `version`. Doing it again is harmless. Weights stay as they are."""
        now = call(self._client.get_alias, FunctionName=function_name, Name=name)
        if now["FunctionVersion"] == version:
            return
        if now["FunctionVersion"] != expected_version:
            raise StaleConfiguration(
                f"alias {name} of {function_name} points to version {now['FunctionVersion']}, "
                f"the plan was made for version {expected_version}"
            )
        # The alias has a revision of its own: nobody can slip in between the look and the move.
        call(
            self._one_try.update_alias,
            FunctionName=function_name,
            Name=name,
            FunctionVersion=version,
            RevisionId=now["RevisionId"],
        )

    def set_reserved_concurrency(self, function_name: str, value: int | None) -> None:
        """Reserve `value` executions, or remove the reservation."""
        if value is None:
            call(self._client.delete_function_concurrency, FunctionName=function_name)
        else:
            call(
                self._client.put_function_concurrency,
                FunctionName=function_name,
                ReservedConcurrentExecutions=value,
            )

    def invoke(self, function_name: str, qualifier: str | None, payload: Any) -> bool:
        """Send the owner's probe once, without retries: a probe is an event like any other."""
        client = self._clients.client("lambda", read_timeout_s=PROBE_READ_TIMEOUT_S, attempts=1)
        try:
            answer = client.invoke(
                **_named(function_name, qualifier),
                InvocationType="RequestResponse",
                Payload=json.dumps(payload).encode(),
            )
            answer["Payload"].read()
        except ReadTimeoutError as error:
            raise TransientError(
                f"{function_name} did not answer the probe within {PROBE_READ_TIMEOUT_S:.0f} s"
            ) from error
        except ClientError as error:
            if code_of(error) == "TooManyRequestsException" and _function_is_throttled(error):
                return False
            raise translated(error, "lambda", "Invoke") from error
        return "FunctionError" not in answer


def configuration_from(answer: Mapping[str, Any]) -> FunctionConfiguration:
    """A function's configuration from Lambda's answer."""
    name, logging = answer["FunctionName"], answer.get("LoggingConfig", {})
    return FunctionConfiguration(
        function_name=name,
        memory_mb=answer["MemorySize"],
        timeout_s=answer["Timeout"],
        revision_id=answer.get("RevisionId", ""),
        version=answer.get("Version", "$LATEST"),
        runtime=answer.get("Runtime", ""),
        state=answer.get("State", "Active"),
        last_update_status=answer.get("LastUpdateStatus", "Successful"),
        last_modified=_moment(answer.get("LastModified")),
        ephemeral_storage_mb=answer.get("EphemeralStorage", {}).get("Size", 512),
        architecture=(answer.get("Architectures") or ["x86_64"])[0],
        package_type=answer.get("PackageType", "Zip"),
        log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
        log_format=logging.get("LogFormat", "Text"),
        snap_start=answer.get("SnapStart", {}).get("ApplyOn", "None") != "None",
        vpc=bool(answer.get("VpcConfig", {}).get("VpcId")),
        managed_instances=bool(answer.get("CapacityProviderConfig")),
        code=answer.get("CodeSha256", ""),
        fingerprint=_fingerprint(answer),
        unreadable=_unreadable(answer),
    )


def alias_from(answer: Mapping[str, Any]) -> Alias:
    """An alias from Lambda's answer."""
    weights = answer.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    return Alias(answer["Name"], answer["FunctionVersion"], dict(weights) if weights else None)


def provisioned_from(answer: Mapping[str, Any]) -> ProvisionedConcurrency:
    """An entry of Lambda's list, whose ARN ends with the version or alias."""
    qualifier = answer["FunctionArn"].rsplit(":", 1)[-1]
    return ProvisionedConcurrency(qualifier, answer["RequestedProvisionedConcurrentExecutions"])


def _fingerprint(answer: Mapping[str, Any]) -> str:
    behaviour: dict[str, Any] = {name: answer[name] for name in _BEHAVIOUR if answer.get(name)}
    if _unreadable(answer):
        # AWS says the same of every version: equal errors do not mean equal variables.
        behaviour["Environment"] = [answer.get("Version"), answer.get("RevisionId")]
    # Parts of these differ between $LATEST and a version without meaning anything.
    behaviour["Layers"] = [layer["Arn"] for layer in answer.get("Layers", ())]
    behaviour["SnapStart"] = answer.get("SnapStart", {}).get("ApplyOn", "None")
    network = answer.get("VpcConfig", {})
    behaviour["Vpc"] = [sorted(network.get(key, ())) for key in ("SubnetIds", "SecurityGroupIds")]
    return sha256(json.dumps(behaviour, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _unreadable(answer: Mapping[str, Any]) -> str:
    """Lambda's own words in place of variables whose KMS key the caller may not use; empty otherwise."""
    return str(answer.get("Environment", {}).get("Error", {}).get("Message", ""))


def _moment(text: str | None) -> datetime | None:
    # Lambda writes `2026-01-31T12:00:00.000+0000`, which fromisoformat understands since 3.11.
    return datetime.fromisoformat(text) if text else None


def _named(function_name: str, qualifier: str | None) -> dict[str, str]:
    return {"FunctionName": function_name, **({"Qualifier": qualifier} if qualifier else {})}


def _function_is_throttled(error: ClientError) -> bool:
    # `Reason` stands beside `Error` in the answer. Without it, the caller may have been throttled instead.
    return error.response.get("Reason") in _FUNCTION_IS_THROTTLED
