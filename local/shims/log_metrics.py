"""Gap 10: metrics from logs: metric filters and the embedded metric format (EMF)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs

from local.cloudwatch.filter_pattern import Fields, compile_pattern, select
from local.shims import wrap

logger = logging.getLogger("logs")


def install() -> None:
    # Everything that is written to a log passes here, by PutLogEvents and by Lambda functions alike.
    @wrap(cloudwatch_logs, "_fanout_to_subscription_filters")
    def fan_out(original: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        original(group, stream, events)
        try:
            _apply_metric_filters(group, events)
            for event in events:
                _extract_embedded_metrics(event)
        except Exception:
            logger.exception("Metrics of log group %s could not be extracted", group)


def _apply_metric_filters(group: str, events: list[dict[str, Any]]) -> None:
    for (of_group, _), metric_filter in cloudwatch_logs._metric_filters.items():
        if of_group != group:
            continue
        match = compile_pattern(metric_filter.get("filterPattern") or "")
        found = [(event, match(event.get("message", ""))) for event in events]
        matching = [(event, fields) for event, fields in found if fields is not None]
        for transformation in metric_filter.get("metricTransformations") or []:
            _transform(transformation, matching)


def _transform(transformation: Mapping[str, Any], matching: list[tuple[dict[str, Any], Fields]]) -> None:
    name, namespace = transformation["metricName"], transformation["metricNamespace"]
    unit = transformation.get("unit") or "None"
    for event, fields in matching:
        value = _number(select(fields, transformation["metricValue"]))
        dimensions = {
            key: select(fields, reference)
            for key, reference in (transformation.get("dimensions") or {}).items()
        }
        if value is not None and all(item is not None for item in dimensions.values()):
            texts = {key: str(item) for key, item in dimensions.items()}
            _store(namespace, name, texts, _seconds(event), unit, value)
    default = transformation.get("defaultValue")
    if default is not None and not matching:
        _store(namespace, name, {}, time.time(), unit, float(default))


def _extract_embedded_metrics(event: Mapping[str, Any]) -> None:
    message = event.get("message", "")
    if '"_aws"' not in message:
        return
    try:
        document = json.loads(message)
    except ValueError:
        return
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        return
    at = _number(metadata.get("Timestamp"))
    for directive in metadata.get("CloudWatchMetrics") or []:
        for keys in directive.get("Dimensions") or [[]]:
            dimensions = {key: str(document[key]) for key in keys if key in document}
            for definition in directive.get("Metrics") or []:
                _store_embedded(
                    directive["Namespace"],
                    definition,
                    document,
                    dimensions,
                    at / 1000 if at else _seconds(event),
                )


def _store_embedded(
    namespace: str,
    definition: Mapping[str, Any],
    document: Mapping[str, Any],
    dimensions: dict[str, str],
    at: float,
) -> None:
    found = document.get(definition["Name"])
    for item in found if isinstance(found, list) else [found]:
        value = _number(item)
        if value is not None:
            _store(namespace, definition["Name"], dimensions, at, definition.get("Unit") or "None", value)


def _store(namespace: str, name: str, dimensions: dict[str, str], at: float, unit: str, value: float) -> None:
    cloudwatch._store_datum(namespace, name, dimensions, at, unit, value, None, None, None)


def _seconds(event: Mapping[str, Any]) -> float:
    return float(event.get("timestamp") or time.time() * 1000) / 1000


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
