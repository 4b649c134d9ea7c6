"""What is kept ready for versions and aliases is listed with their ARNs."""

from __future__ import annotations

import uuid

from local.instance import Instance
from tests.local.functions import TRUST, package


def test_versions_and_aliases_are_listed_with_their_arns(embedded_aws: Instance) -> None:
    name = f"function-{uuid.uuid4().hex[:8]}"
    lambda_, iam = embedded_aws.client("lambda"), embedded_aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=str(TRUST).replace("'", '"'))
    made = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": package("def handler(event, context): pass")},
        Publish=True,
    )
    assert (
        lambda_.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
    )
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for qualifier, executions in (("1", 2), ("live", 3)):
        lambda_.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=executions
        )
    listed = lambda_.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    arn = made["FunctionArn"].removesuffix(":1")
    found = {one["FunctionArn"]: one["RequestedProvisionedConcurrentExecutions"] for one in listed}
    assert found == {f"{arn}:1": 2, f"{arn}:live": 3}
    one = lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    assert one["RequestedProvisionedConcurrentExecutions"] == 3
