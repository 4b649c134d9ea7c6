"""CloudWatch's form-encoded (query) protocol, which Terraform speaks, answers less than its JSON protocol.

The emulator reads and renders it by hand and drops most members of alarms and all metric math. Here a form
is turned into the JSON request of the same operation and the JSON answer into XML, both after AWS's model.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import OperationModel, ServiceModel
from ministack.services import cloudwatch

from local.shims import wrap


def install() -> None:
    @wrap(cloudwatch, "handle_request")
    async def handle_request(
        original: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        form = _form(headers, body, query)
        operation = _operation(form)
        if operation is None:
            return await original(method, path, headers, body, query)
        request = json.dumps(decode(operation.input_shape, form)).encode()
        json_headers = {
            **headers,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"GraniteServiceVersion20100801.{operation.name}",
        }
        status, _, answer = await original("POST", "/", json_headers, request, {})
        content = json.loads(answer or b"{}")
        if status >= 400:
            return cloudwatch._error(content["__type"], content.get("message", ""), status)
        result = render(operation.output_shape, content) if operation.output_shape else ""
        inner = f"<{operation.name}Result>{result}</{operation.name}Result>" if operation.output_shape else ""
        return cloudwatch._xml(200, f"{operation.name}Response", inner)


def decode(shape: Any, form: Mapping[str, str], prefix: str = "") -> Any:
    """The value of a botocore shape that the form fields starting with `prefix` stand for."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        start = f"{prefix}." if prefix else ""
        return {
            name: decode(member, form, f"{start}{name}")
            for name, member in shape.members.items()
            if _is_present(form, f"{start}{name}")
        }
    if shape.type_name == "list":
        items: list[Any] = []
        while _is_present(form, f"{prefix}.member.{len(items) + 1}"):
            items.append(decode(shape.member, form, f"{prefix}.member.{len(items) + 1}"))
        return items
    if shape.type_name == "map":
        entries: dict[str, Any] = {}
        while _is_present(form, f"{prefix}.entry.{len(entries) + 1}"):
            entry = f"{prefix}.entry.{len(entries) + 1}"
            entries[form[f"{entry}.key"]] = decode(shape.value, form, f"{entry}.value")
        return entries
    text = form[prefix]
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name in ("float", "double"):
        return float(text)
    return text == "true" if shape.type_name == "boolean" else text


def render(shape: Any, value: Any) -> str:
    """XML of a botocore shape's value, without the element around it."""
    if shape.type_name == "structure":
        return "".join(
            f"<{name}>{render(member, value[name])}</{name}>"
            for name, member in shape.members.items()
            if value.get(name) is not None
        )
    if shape.type_name == "list":
        return "".join(f"<member>{render(shape.member, item)}</member>" for item in value)
    if shape.type_name == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if shape.type_name == "boolean":
        return "true" if value else "false"
    return escape(str(value))


def _is_present(form: Mapping[str, str], name: str) -> bool:
    return name in form or any(field.startswith(f"{name}.") for field in form)


def _form(headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a form-encoded request; empty for every other protocol."""
    if "x-amz-target" in headers or "smithy-protocol" in headers:
        return {}
    fields: dict[str, Any] = dict(query)
    if "form" in headers.get("content-type", ""):
        fields.update(parse_qs(body.decode(), keep_blank_values=True))
    return {name: value[0] if isinstance(value, list) else value for name, value in fields.items()}


def _operation(form: Mapping[str, str]) -> OperationModel | None:
    model = _service_model()
    name = form.get("Action", "")
    return model.operation_model(name) if name in model.operation_names else None


@functools.cache
def _service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("cloudwatch")
