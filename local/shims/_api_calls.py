"""What a request to the emulator asks for, in AWS's names, and who asks."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region

# The emulator's names of services that boto3 calls otherwise.
_CLIENT_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions", "tagging": "resourcegroupstaggingapi"}
_OBJECT_OPERATIONS = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "POST": "PostObject",
    "DELETE": "DeleteObject",
}

# Routes of services whose operations are told apart by method and path alone, under names of our own.
LAMBDA_ROUTES, _S3_ROUTES = "lambda operations", "s3 operations"
iam_actions._BOTOCORE_SERVICE_MAP.update({LAMBDA_ROUTES: ["lambda"], _S3_ROUTES: ["s3"]})


@dataclass(frozen=True)
class Request:
    """One HTTP request as the emulator dispatches it. params: query string and form fields."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any]

    @functools.cached_property
    def service(self) -> str:
        """The emulator's name of the service."""
        return str(router.detect_service(self.method, self.path, self.headers, self.params))

    @property
    def client_name(self) -> str:
        """The service as boto3 names it."""
        return _CLIENT_NAMES.get(self.service, self.service)

    @functools.cached_property
    def operation(self) -> str:
        """The operation as the API names it; empty if the request is none."""
        target = self.headers.get("x-amz-target", "")
        if "." in target:
            return target.rpartition(".")[2]
        action = self.params.get("Action", "")
        if action:
            return str(action[0] if isinstance(action, list) else action)
        if self.service == "s3":
            return self._s3_operation()
        return self._rest_operation(LAMBDA_ROUTES if self.service == "lambda" else self.service)

    @property
    def access_key(self) -> str:
        return str(router.extract_access_key_id(self.headers, self.params) or "")

    @property
    def role(self) -> str:
        """The name of the caller's role; empty for other callers."""
        identity = iam_evaluator.resolve_caller_identity(self.access_key) or {}
        return (
            iam_evaluator._role_name_from_assumed_arn(identity.get("userArn", ""))
            if identity.get("session")
            else ""
        )

    @functools.cached_property
    def resource_arn(self) -> str:
        """What the call is on; `*` if it is on nothing particular."""
        return str(
            iam_actions.extract_resource_arn(
                self.service,
                self.method,
                self.path,
                self.headers,
                self.body,
                self.params,
                get_region(),
                get_account_id(),
            )
        )

    @property
    def trace(self) -> str:
        """The id of the X-Ray trace that the caller works for; empty if there is none."""
        return trace_id(self.headers.get("x-amzn-trace-id", ""))

    @functools.cached_property
    def text(self) -> str:
        """Everything that was sent, as one text to search in."""
        return f"{self.path} {dict(self.headers)} {dict(self.params)} {self.body.decode(errors='replace')}"

    def _s3_operation(self) -> str:
        is_object = len([part for part in self.path.split("/") if part]) > 1
        if not is_object:
            return self._rest_operation(_S3_ROUTES)
        if "x-amz-copy-source" in self.headers:
            return "CopyObject"
        if "uploadId" in self.params or "uploads" in self.params:
            return self._upload_operation()
        subresources = {
            "tagging": "Tagging",
            "acl": "Acl",
            "retention": "Retention",
            "legal-hold": "LegalHold",
        }
        suffix = next((name for key, name in subresources.items() if key in self.params), "")
        return _OBJECT_OPERATIONS.get(self.method, "") + suffix

    def _upload_operation(self) -> str:
        if "uploads" in self.params:
            return "CreateMultipartUpload"
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "GET": "ListParts"}.get(
            self.method, "AbortMultipartUpload"
        )

    def _rest_operation(self, service: str) -> str:
        return str(iam_actions._match_rest_action(service, self.method, self.path, self.params) or "")


def trace_id(header: str) -> str:
    """`1-…` of a trace header such as `Root=1-…;Parent=…;Sampled=1`."""
    parts = dict(part.split("=", 1) for part in header.split(";") if "=" in part)
    return parts.get("Root", "")
