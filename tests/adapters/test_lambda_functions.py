"""Lambda functions: compare-and-set on $LATEST and aliases, exact reading of AWS's answers."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from auto_repair.adapters.clients import ATTEMPTS, Clients
from auto_repair.adapters.lambda_functions import LambdaFunctions, alias_from, configuration_from
from auto_repair.domain.errors import ResourceMissing, StaleConfiguration, TransientError
from auto_repair.domain.evidence import Alias, Concurrency, ProvisionedConcurrency
from tests.adapters.conftest import RecordedClients

ANSWER: dict[str, Any] = {
    "FunctionName": "orders",
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:7",
    "Runtime": "python3.13",
    "Role": "arn:aws:iam::123456789012:role/orders",
    "Handler": "app.handler",
    "CodeSize": 258,
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "LastModified": "2026-01-31T11:58:05.123+0000",
    "CodeSha256": "yoqgXJ3G1ROsFXLUfkxIKHbCiKf2eKCiIkxoktNUoNE=",
    "Version": "7",
    "VpcConfig": {"SubnetIds": ["subnet-b", "subnet-a"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
    "Environment": {"Variables": {"MODE": "x"}},
    "TracingConfig": {"Mode": "PassThrough"},
    "RevisionId": "r-7",
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:base:1", "CodeSize": 1}],
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "PackageType": "Zip",
    "Architectures": ["arm64"],
    "EphemeralStorage": {"Size": 1024},
    "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"},
    "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/shared/orders", "SystemLogLevel": "INFO"},
}


class TestReading:
    def test_every_field(self) -> None:
        found = configuration_from(ANSWER)
        assert (found.function_name, found.memory_mb, found.timeout_s, found.version) == (
            "orders",
            128,
            3,
            "7",
        )
        assert (found.revision_id, found.runtime, found.state) == ("r-7", "python3.13", "Active")
        assert found.last_modified == datetime(2026, 1, 31, 11, 58, 5, 123000, tzinfo=UTC)
        assert (found.ephemeral_storage_mb, found.architecture, found.package_type) == (1024, "arm64", "Zip")
        assert (found.log_group, found.log_format) == ("/shared/orders", "JSON")
        assert (found.snap_start, found.vpc, found.managed_instances) == (True, True, False)

    def test_bare_answer_has_the_services_defaults(self) -> None:
        found = configuration_from({"FunctionName": "orders", "MemorySize": 128, "Timeout": 3})
        assert (found.log_group, found.log_format) == ("/aws/lambda/orders", "Text")
        assert (found.ephemeral_storage_mb, found.architecture, found.version) == (512, "x86_64", "$LATEST")
        assert (found.vpc, found.snap_start, found.last_modified) == (False, False, None)

    def test_managed_instances(self) -> None:
        provider = {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn"}}
        assert configuration_from({**ANSWER, "CapacityProviderConfig": provider}).managed_instances

    @pytest.mark.parametrize(
        "difference",
        [
            {"MemorySize": 512, "Timeout": 60},
            {"Version": "$LATEST", "RevisionId": "r", "FunctionArn": "a", "LastModified": None},
            {
                "Description": "lambda-auto-repair incident",
                "State": "Pending",
                "LastUpdateStatus": "InProgress",
            },
            {"SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}},
            {"VpcConfig": {**ANSWER["VpcConfig"], "SubnetIds": ["subnet-a", "subnet-b"]}},
        ],
    )
    def test_fingerprint_ignores_what_does_not_change_behaviour(self, difference: dict[str, Any]) -> None:
        same = configuration_from({**ANSWER, **difference}).fingerprint
        assert same == configuration_from(ANSWER).fingerprint

    @pytest.mark.parametrize(
        "difference",
        [
            {"CodeSha256": "other"},
            {"Environment": {"Variables": {"MODE": "y"}}},
            {"Handler": "app.other"},
            {"Role": "arn:aws:iam::123456789012:role/other"},
            {"Layers": []},
            {"EphemeralStorage": {"Size": 512}},
        ],
    )
    def test_fingerprint_tells_other_code_or_settings(self, difference: dict[str, Any]) -> None:
        other = configuration_from({**ANSWER, **difference}).fingerprint
        assert other != configuration_from(ANSWER).fingerprint

    def test_variables_that_may_not_be_read_are_equal_to_none(self) -> None:
        told = "Lambda was unable to decrypt your environment variables because the KMS access was denied."
        error = {"Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": told}}}
        latest = configuration_from({**ANSWER, **error, "Version": "$LATEST", "RevisionId": "a"})
        published = configuration_from({**ANSWER, **error, "Version": "7", "RevisionId": "b"})
        assert latest.unreadable == told
        assert latest.fingerprint != published.fingerprint
        assert configuration_from(ANSWER).unreadable == ""

    def test_alias_with_weights(self) -> None:
        weighted = {"AdditionalVersionWeights": {"8": 0.1}}
        assert alias_from({"Name": "live", "FunctionVersion": "7", "RoutingConfig": weighted}) == Alias(
            "live", "7", {"8": 0.1}
        )
        assert alias_from({"Name": "live", "FunctionVersion": "7"}).weights is None


@pytest.fixture
def functions(clients: Clients) -> LambdaFunctions:
    """A function `orders` of 128 MB with version 1 behind the alias `live`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handler(event, context):\n    return event\n")
    trust = {"Version": "2012-10-17", "Statement": []}
    role = clients.client("iam").create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(trust))
    client = clients.client("lambda")
    client.create_function(
        FunctionName="orders",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        MemorySize=128,
        Timeout=3,
        Publish=True,
    )
    client.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
    return LambdaFunctions(clients)


class TestChanging:
    def test_change_goes_to_latest_and_leaves_the_version_alone(self, functions: LambdaFunctions) -> None:
        before = functions.configuration("orders")
        functions.update_configuration(
            "orders", memory_mb=384, timeout_s=None, revision_id=before.revision_id
        )
        after = functions.configuration("orders")
        assert (after.memory_mb, after.timeout_s) == (384, 3)
        assert functions.configuration("orders", "live").memory_mb == 128

    def test_missing_things_say_so(self, functions: LambdaFunctions) -> None:
        with pytest.raises(ResourceMissing):
            functions.configuration("nobody")
        with pytest.raises(ResourceMissing):
            functions.alias("orders", "nobody")

    def test_alias_moves_only_from_where_it_was_expected(self, functions: LambdaFunctions) -> None:
        with pytest.raises(StaleConfiguration, match="points to version 1, the plan was made for version 9"):
            functions.move_alias("orders", "live", version="2", expected_version="9")

    def test_moving_to_where_it_is_already_is_done(self, functions: LambdaFunctions) -> None:
        functions.move_alias("orders", "live", version="1", expected_version="0")
        assert functions.alias("orders", "live") == Alias("live", "1")
        assert functions.aliases("orders") == (Alias("live", "1"),)

    def test_reserved_concurrency_is_set_and_removed(
        self, functions: LambdaFunctions, clients: Clients
    ) -> None:
        client = clients.client("lambda")
        functions.set_reserved_concurrency("orders", 0)
        assert client.get_function_concurrency(FunctionName="orders")["ReservedConcurrentExecutions"] == 0
        functions.set_reserved_concurrency("orders", None)
        found = client.get_function_concurrency(FunctionName="orders")
        assert "ReservedConcurrentExecutions" not in found


def answering(**answers: Callable[..., Any]) -> tuple[LambdaFunctions, RecordedClients]:
    clients = RecordedClients({f"lambda.{name}": reply for name, reply in answers.items()})
    return LambdaFunctions(clients), clients


def refusing(code: str, status: int, **more: Any) -> Callable[..., Any]:
    def reply(**_: Any) -> Any:
        response: Any = {
            "Error": {"Code": code, "Message": "words"},
            "ResponseMetadata": {"HTTPStatusCode": status},
            **more,
        }
        raise ClientError(response, "Call")

    return reply


class TestCompareAndSet:
    def test_only_given_settings_and_the_revision_are_sent(self) -> None:
        functions, clients = answering(update_function_configuration=lambda **_: ANSWER)
        functions.update_configuration("orders", memory_mb=384, timeout_s=None, revision_id="r-7")
        expected = {"FunctionName": "orders", "RevisionId": "r-7", "MemorySize": 384}
        assert clients.calls == [("lambda.update_function_configuration", expected)]

    def test_lost_race_is_stale(self) -> None:
        functions, _ = answering(
            update_function_configuration=refusing("PreconditionFailedException", 412),
            publish_version=refusing("PreconditionFailedException", 412),
        )
        with pytest.raises(StaleConfiguration):
            functions.update_configuration("orders", memory_mb=384, timeout_s=None, revision_id="r-7")
        with pytest.raises(StaleConfiguration):
            functions.publish_version("orders", description="x", revision_id="r-7")

    def test_update_in_progress_is_worth_a_retry(self) -> None:
        functions, _ = answering(update_function_configuration=refusing("ResourceConflictException", 409))
        with pytest.raises(TransientError):
            functions.update_configuration("orders", memory_mb=384, timeout_s=None, revision_id="r-7")

    @pytest.mark.parametrize("operation", ["UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"])
    def test_lost_answer_is_not_tried_again_with_the_same_revision(
        self, clients: Clients, operation: str
    ) -> None:
        sent: list[str] = []

        def lose(request: Any, **_: Any) -> None:
            sent.append(request.url)
            raise ConnectionClosedError(endpoint_url=request.url)

        def known(**_: Any) -> Any:
            return SimpleNamespace(status_code=200), {
                "Name": "live",
                "FunctionVersion": "7",
                "RevisionId": "a-1",
            }

        events = [clients.client("lambda", attempts=n).meta.events for n in (1, ATTEMPTS)]
        for event in events:
            event.register(f"before-send.lambda.{operation}", lose)
            event.register("before-call.lambda.GetAlias", known)
        functions = LambdaFunctions(clients)
        change: dict[str, Callable[[], Any]] = {
            "UpdateFunctionConfiguration": lambda: functions.update_configuration(
                "orders", memory_mb=384, timeout_s=None, revision_id="r-7"
            ),
            "PublishVersion": lambda: functions.publish_version("orders", description="", revision_id="r-7"),
            "UpdateAlias": lambda: functions.move_alias("orders", "live", version="8", expected_version="7"),
        }
        try:
            with pytest.raises(TransientError):
                change[operation]()
        finally:
            for event in events:
                event.unregister(f"before-send.lambda.{operation}", lose)
                event.unregister("before-call.lambda.GetAlias", known)
        assert len(sent) == 1

    def test_what_is_kept_ready_is_read_to_the_last_page(self) -> None:
        def page(FunctionName: str, Marker: str = "") -> dict[str, Any]:
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{FunctionName}"
            kept = {"FunctionArn": f"{arn}:{Marker or 7}", "RequestedProvisionedConcurrentExecutions": 5}
            return {"ProvisionedConcurrencyConfigs": [kept], **({} if Marker else {"NextMarker": "live"})}

        functions, _ = answering(list_provisioned_concurrency_configs=page)
        assert functions.provisioned_concurrency("orders") == (
            ProvisionedConcurrency("7", 5),
            ProvisionedConcurrency("live", 5),
        )

    def test_alias_is_moved_with_its_own_revision(self) -> None:
        functions, clients = answering(
            get_alias=lambda **_: {"Name": "live", "FunctionVersion": "7", "RevisionId": "a-1"},
            update_alias=lambda **_: {},
        )
        functions.move_alias("orders", "live", version="8", expected_version="7")
        assert clients.calls[-1] == (
            "lambda.update_alias",
            {"FunctionName": "orders", "Name": "live", "FunctionVersion": "8", "RevisionId": "a-1"},
        )

    def test_published_version_is_the_number_that_aws_names(self) -> None:
        functions, clients = answering(publish_version=lambda **_: {"Version": "8"})
        assert functions.publish_version("orders", description="d" * 300, revision_id="r-7") == "8"
        assert len(clients.calls[0][1]["Description"]) == 256

    def test_aliases_over_several_pages(self) -> None:
        pages = {
            None: {"Aliases": [{"Name": "a", "FunctionVersion": "1"}], "NextMarker": "m"},
            "m": {"Aliases": [{"Name": "b", "FunctionVersion": "2"}]},
        }
        functions, _ = answering(list_aliases=lambda **asked: pages[asked.get("Marker")])
        assert [alias.name for alias in functions.aliases("orders")] == ["a", "b"]

    def test_no_reservation_is_none_and_zero_is_zero(self) -> None:
        limits = {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 890}}
        functions, _ = answering(
            get_function_concurrency=lambda **_: {}, get_account_settings=lambda **_: limits
        )
        assert functions.concurrency("orders") == Concurrency(None, 1000, 890)


class TestProbe:
    @pytest.mark.parametrize(
        ("answer", "healthy"),
        [
            ({"StatusCode": 200}, True),
            ({"StatusCode": 200, "FunctionError": "Unhandled"}, False),
        ],
    )
    def test_verdict(self, answer: dict[str, Any], healthy: bool) -> None:
        functions, clients = answering(invoke=lambda **_: {**answer, "Payload": io.BytesIO(b"{}")})
        assert functions.invoke("orders", "live", {"probe": True}) is healthy
        assert clients.calls[0][1] == {
            "FunctionName": "orders",
            "Qualifier": "live",
            "InvocationType": "RequestResponse",
            "Payload": b'{"probe": true}',
        }

    def test_throttled_function_is_not_healthy(self) -> None:
        reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
        functions, _ = answering(invoke=refusing("TooManyRequestsException", 429, Reason=reason))
        assert functions.invoke("orders", None, {}) is False

    def test_throttled_caller_says_nothing_about_the_function(self) -> None:
        functions, _ = answering(
            invoke=refusing("TooManyRequestsException", 429, Reason="CallerRateLimitExceeded")
        )
        with pytest.raises(TransientError):
            functions.invoke("orders", None, {})

    def test_no_answer_in_time(self) -> None:
        def silent(**_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="https://lambda")

        functions, _ = answering(invoke=silent)
        with pytest.raises(TransientError, match="did not answer the probe within 20 s"):
            functions.invoke("orders", None, {})
