"""Settings of asynchronous invocations are answered as they were put, without defaults: no Terraform diff."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import json_response
from ministack.services import lambda_svc

from local.shims import wrap


def install() -> None:
    @wrap(lambda_svc, "_put_event_invoke_config")
    def put(original: Any, function: str, qualifier: str | None, request: dict[str, Any]) -> Any:
        response = original(function, qualifier, request)
        if response[0] != 200:
            return response
        stored = lambda_svc._functions[function]["event_invoke_configs"][qualifier or ""]
        for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
            if name not in request:
                del stored[name]
        answer = json.loads(response[2])
        return json_response({name: answer[name] for name in stored})
