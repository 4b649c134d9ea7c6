"""Provisioned concurrency of a function is listed; the emulator answers for one version or alias only."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import lambda_svc

from local.shims import wrap


def install() -> None:
    @wrap(lambda_svc, "_get_provisioned_concurrency")
    def get_or_list(original: Any, function: str, qualifier: str | None) -> Any:
        # GetProvisionedConcurrencyConfig always names a version or alias, the list never does.
        if qualifier or function not in lambda_svc._functions:
            return original(function, qualifier)
        arn, known = lambda_svc._func_arn(function), lambda_svc._functions[function]
        kept = known.get("provisioned_concurrency", {})
        listed = [{"FunctionArn": f"{arn}:{name}", **config} for name, config in sorted(kept.items())]
        return json_response({"ProvisionedConcurrencyConfigs": listed})
