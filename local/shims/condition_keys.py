"""Gap 16: condition keys the emulator never fills in: cloudwatch:namespace and dynamodb:LeadingKeys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions

from local.shims import wrap


def install() -> None:
    @wrap(iam_actions, "request_tag_context")
    def request_context(
        original: Any, service: str, action: str, body: bytes, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        context: dict[str, Any] = original(service, action, body, params)
        request = _json(body)
        if service == "monitoring":
            namespace = request.get("Namespace") or _first(params.get("Namespace"))
            return {**context, "cloudwatch:namespace": namespace} if namespace else context
        if service == "dynamodb":
            keys = _leading_keys(request)
            return {**context, "dynamodb:LeadingKeys": keys} if keys else context
        return context


def _leading_keys(request: Mapping[str, Any]) -> list[str]:
    """The partition keys that a request names."""
    table = request.get("TableName")
    if isinstance(table, str):
        attribute = _partition_key(table, request.get("IndexName"))
        items = [request[name] for name in ("Key", "Item") if isinstance(request.get(name), dict)]
        values = [item.get(attribute) for item in items] or [_queried(request, attribute)]
        return [_text(value) for value in values if value]
    found = []
    for name, content in (request.get("RequestItems") or {}).items():
        attribute = _partition_key(name)
        found += [_text(item[attribute]) for item in _batch_items(content) if attribute in item]
    return found


def _batch_items(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, dict):  # BatchGetItem
        return list(content.get("Keys", []))
    writes = [write.get("PutRequest") or write.get("DeleteRequest") or {} for write in content]
    return [write.get("Item") or write.get("Key") or {} for write in writes]


def _partition_key(table: str, index: Any = None) -> str:
    from ministack.services import dynamodb

    name = table.rpartition("/")[2] if table.startswith("arn:") else table
    record = dynamodb._tables.get(name) or {}
    schema = record.get("KeySchema") or []
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for found in record.get(kind) or []:
            if found.get("IndexName") == index:
                schema = found["KeySchema"]
    return next((key["AttributeName"] for key in schema if key["KeyType"] == "HASH"), "")


def _queried(request: Mapping[str, Any], attribute: str) -> Any:
    """The value a query's key condition compares the partition key with."""
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for operand, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression") or ""):
        if names.get(operand, operand) == attribute:
            return values.get(value)
    return None


def _text(value: Any) -> str:
    return str(next(iter(value.values()))) if isinstance(value, dict) else str(value)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
