"""CloudWatch over the form-encoded protocol of Terraform's provider: nothing of an alarm may get lost."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from local.instance import Instance

METRIC = {
    "Metrics.member.2.Id": "errors",
    "Metrics.member.2.MetricStat.Metric.Namespace": "AWS/Lambda",
    "Metrics.member.2.MetricStat.Metric.MetricName": "Errors",
    "Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Name": "FunctionName",
    "Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Value": "a-function",
    "Metrics.member.2.MetricStat.Period": "60",
    "Metrics.member.2.MetricStat.Stat": "Sum",
    "Metrics.member.2.ReturnData": "false",
}


def call(aws: Instance, action: str, **fields: str) -> tuple[int, ElementTree.Element]:
    request = AWSRequest(
        "POST", f"{aws.endpoint}/", data={"Action": action, "Version": "2010-08-01", **fields}
    )
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    SigV4Auth(Credentials("test", "test"), "monitoring", "us-east-1").add_auth(request)
    response = URLLib3Session().send(request.prepare())
    root = ElementTree.fromstring(response.content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return response.status_code, root


def content(element: ElementTree.Element | None) -> Any:
    """An element as text, dictionary or list."""
    assert element is not None
    children = list(element)
    if children and all(child.tag == "member" for child in children):
        return [content(child) for child in children]
    return {child.tag: content(child) for child in children} if children else element.text


def test_a_metric_math_alarm_comes_back_as_it_was_put(embedded_aws: Instance) -> None:
    name = f"rate-{uuid.uuid4().hex[:8]}"
    status, _ = call(
        embedded_aws,
        "PutMetricAlarm",
        AlarmName=name,
        **{
            "Metrics.member.1.Id": "rate",
            "Metrics.member.1.Expression": "IF(errors > 1, errors * 100, 0)",
            "Metrics.member.1.Label": "Errors < 100 %",
            "Metrics.member.1.ReturnData": "true",
            **METRIC,
            "EvaluationPeriods": "3",
            "DatapointsToAlarm": "2",
            "Threshold": "12.5",
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "ActionsEnabled": "false",
            "AlarmActions.member.1": "arn:aws:sns:us-east-1:000000000000:a-topic",
            "Tags.member.1.Key": "Project",
            "Tags.member.1.Value": "",
        },
    )
    assert status == 200
    _, root = call(embedded_aws, "DescribeAlarms", **{"AlarmNames.member.1": name})
    (alarm,) = content(root.find("DescribeAlarmsResult/MetricAlarms"))
    assert alarm["Metrics"] == [
        {
            "Id": "rate",
            "Expression": "IF(errors > 1, errors * 100, 0)",
            "Label": "Errors < 100 %",
            "ReturnData": "true",
        },
        {
            "Id": "errors",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "FunctionName", "Value": "a-function"}],
                },
                "Period": "60",
                "Stat": "Sum",
            },
            "ReturnData": "false",
        },
    ]
    expected = {
        "EvaluationPeriods": "3",
        "DatapointsToAlarm": "2",
        "Threshold": "12.5",
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": "false",
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:a-topic"],
    }
    assert {key: alarm[key] for key in expected} == expected
    assert alarm["StateUpdatedTimestamp"].endswith("Z")
    _, tags = call(embedded_aws, "ListTagsForResource", ResourceARN=alarm["AlarmArn"])
    assert content(tags.find("ListTagsForResourceResult/Tags")) == [{"Key": "Project", "Value": None}]


def test_errors_keep_the_query_form(embedded_aws: Instance) -> None:
    status, root = call(
        embedded_aws, "SetAlarmState", AlarmName="missing", StateValue="OK", StateReason="none"
    )
    assert status == 404
    assert root.tag == "ErrorResponse"
    assert content(root)["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize("scan_by", ["TimestampDescending", "TimestampAscending"])
def test_metric_data(embedded_aws: Instance, scan_by: str) -> None:
    _, root = call(
        embedded_aws,
        "GetMetricData",
        StartTime="2026-01-01T00:00:00Z",
        EndTime="2026-01-01T00:00:09Z",
        ScanBy=scan_by,
        **{"MetricDataQueries.member.1.Id": "e1", "MetricDataQueries.member.1.Expression": "TIME_SERIES(2)"},
    )
    (result,) = content(root.find("GetMetricDataResult/MetricDataResults"))
    times = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:03.000Z", "2026-01-01T00:00:06.000Z"]
    assert result["Timestamps"] == (times if scan_by == "TimestampAscending" else times[::-1])
    assert result["Values"] == ["2.0", "2.0", "2.0"]
