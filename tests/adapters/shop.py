"""An account in which an API calls a function that has a queue, a table, a bucket and a role: AWS's answers.

Answers are checked against AWS's own description of each call (`ShapedClients`).
"""

import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from auto_repair.adapters.dynamodb_items import to_item
from auto_repair.domain.timestamps import iso
from tests.adapters.conftest import NOW
from tests.adapters.topology_sources.conftest import ShapedClients, always, refusing
from tests.traces import answer, inferred, lambda_segments, throttled_table

AT = "us-east-1:123456789012"
API, FUNCTION, QUEUE, TABLE, BUCKET = "a1b2c3", "orders", "jobs", "stock", "invoices"
FUNCTION_ARN = f"arn:aws:lambda:{AT}:function:{FUNCTION}"
QUEUE_ARN = f"arn:aws:sqs:{AT}:{QUEUE}"
KEY_ARN = f"arn:aws:kms:{AT}:key/11111111-2222-3333-4444-555555555555"
STREAM = "2026/01/31/[$LATEST]f7108dfca11d48d8ba7321a9b4fe4b02"
READS = ("batch_get_", "describe_", "filter_", "get_", "list_", "lookup_", "query")

TIMED_OUT = "2026-01-31T11:57:00.000Z id-{n} Task timed out after 3.00 seconds"
RAISED = (
    "[ERROR] ClientError: An error occurred (ProvisionedThroughputExceededException) when calling the "
    "PutItem operation (reached max retries: 9): The level of configured provisioned throughput was exceeded."
    "\tid-{n}"
)


class Account(ShapedClients):
    """Answers every call of an incident; keeps what we store."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.files: dict[str, bytes] = {}
        given = {name: a if callable(a) else always(a) for name, a in answers.items()}
        super().__init__({**given, "s3.put_object": self._put, "s3.get_object": self._get})

    @property
    def reads(self) -> Counter[str]:
        """Reading requests by operation."""
        return Counter(name for name, _ in self.calls if name.partition(".")[2].startswith(READS))

    @property
    def repeated(self) -> set[str]:
        """Operations that were asked more than once in the very same words."""
        asked = Counter((name, json.dumps(arguments, default=str)) for name, arguments in self.calls)
        return {name for (name, _), times in asked.items() if times > 1}

    def _put(self, **asked: Any) -> dict[str, Any]:
        self.files[asked["Key"]] = asked["Body"]
        return {}

    def _get(self, **asked: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.files[asked["Key"]])}


def log(line: str, duration_ms: float) -> Callable[..., dict[str, Any]]:
    """CloudWatch Logs, with one failing run a minute in the last five; earlier all was well."""

    def message(n: int, text: str, at: datetime) -> dict[str, Any]:
        return {"timestamp": round(at.timestamp() * 1000), "message": text, "logStreamName": STREAM}

    def report(n: int, duration: float) -> str:
        return (
            f"REPORT RequestId: id-{n}\tDuration: {duration:.2f} ms\tBilled Duration: {duration:.0f} ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 64 MB\t"
        )

    events = []
    for n in range(200, 0, -1):
        at, fails = NOW - timedelta(minutes=n), n <= 5
        if fails:
            events.append(message(n, line.format(n=n), at))
        events.append(message(n, report(n, duration_ms if fails else 2400), at))

    def answer(**asked: Any) -> dict[str, Any]:
        if asked["logGroupName"] != f"/aws/lambda/{FUNCTION}":
            return {"events": []}
        errors_only = "filterPattern" in asked
        found = [
            e
            for e in events
            if asked["startTime"] <= e["timestamp"] <= asked["endTime"]
            and not (errors_only and e["message"].startswith("REPORT"))
        ]
        return {"events": found}

    return answer


def metric_data(**asked: Any) -> dict[str, Any]:
    """An even load, of which every second call fails in the last five minutes."""
    results = []
    for query in asked["MetricDataQueries"]:
        stat = query["MetricStat"]
        name, period = stat["Metric"]["MetricName"], stat["Period"]
        times, at = [], asked["StartTime"]
        while at < asked["EndTime"]:
            times.append(at)
            at += timedelta(seconds=period)
        failing = {"Errors", "5XXError", "ThrottledRequests", "WriteThrottleEvents"}
        ill = [at >= NOW - timedelta(minutes=5) for at in times]
        values = [(5.0 if bad else 0.0) if name in failing else 10.0 for bad in ill]
        results.append({"Id": query["Id"], "Timestamps": times, "Values": values, "StatusCode": "Complete"})
    return {"MetricDataResults": results}


def journal(**asked: Any) -> dict[str, Any]:
    """A journal that is written, of an account where nothing near the function changed; no past incidents."""
    if "IndexName" not in asked:
        return {"Items": []}
    ages = (timedelta(hours=3), timedelta(days=2))
    entries = [{"resource": "sqs:elsewhere", "at": f"{iso(NOW - age)}#event"} for age in ages]
    return {"Items": [to_item(entry) for entry in entries]}


def bucket_changed(**asked: Any) -> dict[str, Any]:
    """The same, but somebody has set the bucket's policy; what was there before is not in the journal."""
    changed = f"s3:{BUCKET}"
    entry = {"resource": changed, "at": f"{iso(NOW - timedelta(minutes=7))}#set"}
    if "IndexName" in asked:
        return {"Items": [to_item(entry), *journal(**asked)["Items"]]}
    if {"S": changed} not in asked["ExpressionAttributeValues"].values():
        return {"Items": []}
    told = {"action": "PutBucketPolicy", "actor": "anna", "summary": "", "eventId": "set", "ours": False}
    states = {"before": "", "after": '{"Statement": []}', "aspect": "policy", "ends": False, "partial": False}
    return {"Items": [to_item(entry | told | states)]}


def _function(**asked: Any) -> dict[str, Any]:
    name = asked["FunctionName"].split(":")[0]
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{AT}:function:{name}",
        "Role": f"arn:aws:iam::123456789012:role/{name}-role",
        "MemorySize": 128,
        "Timeout": 3,
        "Runtime": "python3.12",
        "Version": "$LATEST",
        "Environment": {"Variables": {"TABLE_NAME": TABLE, "BUCKET_NAME_PARAMETER": "/shop/bucket"}},
    }


def _policy(**_: Any) -> dict[str, Any]:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:{AT}:{API}/*/*/*"}},
    }
    return {"Policy": json.dumps({"Statement": [allow]})}


def _own_policy(**_: Any) -> dict[str, Any]:
    arns = [f"arn:aws:dynamodb:{AT}:table/{TABLE}", f"arn:aws:s3:::{BUCKET}/*", QUEUE_ARN]
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": arns}]}
    return {"RoleName": "orders-role", "PolicyName": "own", "PolicyDocument": document}


def _methods(**_: Any) -> dict[str, Any]:
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION_ARN}/invocations"
    method = {"httpMethod": "POST", "authorizationType": "NONE", "methodIntegration": {"uri": uri}}
    return {"items": [{"id": "r1", "path": "/orders", "resourceMethods": {"POST": method}}]}


def shop(logged: Callable[..., dict[str, Any]], **more: Any) -> Account:
    """The account; `logged` is what CloudWatch Logs answers. No traces, Config, support plan or stack."""
    return Account(_shop(logged) | more)


def _shop(logged: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    mapping = {
        "UUID": "14e0db71-1111-4eb5-b481-8945cf9d10c2",
        "FunctionArn": FUNCTION_ARN,
        "EventSourceArn": QUEUE_ARN,
        "State": "Enabled",
    }
    queue = {"VisibilityTimeout": "30", "KmsMasterKeyId": KEY_ARN, "MessageRetentionPeriod": "345600"}
    owners = json.dumps({"mode": "ask", "queues": [QUEUE_ARN]})
    limits = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY_ARN}
    bucket_rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": encrypted}]}
    return {
        "lambda.get_function_configuration": _function,
        "lambda.list_aliases": {"Aliases": []},
        "lambda.get_function_concurrency": {},
        "lambda.get_account_settings": {"AccountLimit": limits},
        "lambda.list_event_source_mappings": {"EventSourceMappings": [mapping]},
        "lambda.list_function_event_invoke_configs": {"FunctionEventInvokeConfigs": []},
        "lambda.get_policy": _policy,
        "lambda.get_function_url_config": refusing("ResourceNotFoundException", 404),
        "cloudwatch.get_metric_data": metric_data,
        "logs.filter_log_events": logged,
        "cloudtrail.lookup_events": {"Events": []},
        "sqs.get_queue_url": {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/123456789012/{QUEUE}"},
        "sqs.get_queue_attributes": {"Attributes": queue},
        "dynamodb.describe_table": {"Table": {"TableName": TABLE}},
        "dynamodb.query": journal,
        "dynamodb.transact_write_items": {},
        "dynamodb.update_item": {},
        "s3.get_bucket_notification_configuration": {},
        "s3.get_bucket_encryption": {"ServerSideEncryptionConfiguration": bucket_rules},
        "ssm.get_parameter": {"Parameter": {"Name": "policy", "Value": owners}},
        "ssm.get_parameters": _parameters,
        "events.describe_rule": {"State": "ENABLED"},
        "events.list_rule_names_by_target": {"RuleNames": []},
        "iam.list_role_policies": {"PolicyNames": ["own"]},
        "iam.get_role_policy": _own_policy,
        "iam.list_attached_role_policies": {"AttachedPolicies": []},
        "apigateway.get_rest_apis": {"items": [{"id": API, "name": "shop", "createdDate": NOW}]},
        "apigateway.get_rest_api": {"id": API, "name": "shop"},
        "apigateway.get_resources": _methods,
        "xray.get_service_graph": {"Services": []},
        "config.batch_get_resource_config": refusing("NoAvailableConfigurationRecorderException"),
        "config.list_discovered_resources": refusing("NoAvailableConfigurationRecorderException"),
        "health.describe_events": refusing("SubscriptionRequiredException"),
        "cloudformation.describe_stack_resources": refusing("ValidationError"),
        "codedeploy.list_deployments": {"deployments": []},
    }


def _parameters(**asked: Any) -> dict[str, Any]:
    found = [{"Name": name, "Type": "String", "Value": BUCKET} for name in asked["Names"]]
    return {"Parameters": found}


def traced(logged: Callable[..., dict[str, Any]]) -> Account:
    """The same with X-Ray: requests that the table throttled."""
    edge = {"ReferenceId": 1, "SummaryStatistics": {"TotalCount": 12}}
    graph = [
        {"ReferenceId": 0, "Name": FUNCTION, "Type": "AWS::Lambda::Function", "Edges": [edge]},
        {"ReferenceId": 1, "Name": TABLE, "Type": "AWS::DynamoDB::Table", "Edges": []},
    ]
    call = throttled_table()
    documents = (*lambda_segments(call, parent="", fault=True), inferred(call, "AWS::DynamoDB::Table"))
    ids = [f"1-{number}" for number in range(8)]
    found = [{"Id": name, "StartTime": NOW - timedelta(minutes=2), "HasFault": True} for name in ids]
    return shop(
        logged,
        **{
            "xray.get_service_graph": {"Services": graph},
            "xray.get_trace_summaries": {"TraceSummaries": found, "NextToken": "more"},
            "xray.batch_get_traces": lambda **asked: {
                "Traces": [answer(name, documents) for name in asked["TraceIds"]]
            },
        },
    )


def aliased(logged: Callable[..., dict[str, Any]]) -> Account:
    """The same, called through an alias."""
    alias = {"Name": "live", "FunctionVersion": "7"}

    def function(**asked: Any) -> dict[str, Any]:
        return {**_function(**asked), "Version": "7" if "Qualifier" in asked else "$LATEST"}

    return shop(
        logged,
        **{
            "lambda.list_aliases": {"Aliases": [alias]},
            "lambda.list_provisioned_concurrency_configs": {"ProvisionedConcurrencyConfigs": []},
            "lambda.get_function_configuration": function,
        },
    )


def crowd(logged: Callable[..., dict[str, Any]]) -> Account:
    """The same with forty tables, three more functions and a full role around it, everything switched on, and
    always a further page."""
    answers = _shop(logged)

    def function(**asked: Any) -> dict[str, Any]:
        names = {f"N{n}_TABLE_NAME": f"table-{n}" for n in range(40)}
        names |= {f"N{n}_FUNCTION_NAME": f"helper-{n}" for n in range(3)}
        return {**_function(**asked), "Environment": {"Variables": names}}

    def endless(name: str, token: str) -> Callable[..., dict[str, Any]]:
        answer = answers[name]
        return lambda **asked: {**(answer(**asked) if callable(answer) else answer), token: "more"}

    def seen(**asked: Any) -> dict[str, Any]:
        return {
            "baseConfigurationItems": [
                {**k, "configurationItemCaptureTime": NOW} for k in asked["resourceKeys"]
            ]
        }

    item = {"configurationItemCaptureTime": NOW, "configuration": "{}"}
    return Account(
        answers
        | {
            "lambda.get_function_configuration": function,
            "logs.filter_log_events": endless("logs.filter_log_events", "nextToken"),
            "cloudtrail.lookup_events": endless("cloudtrail.lookup_events", "NextToken"),
            "cloudwatch.get_metric_data": endless("cloudwatch.get_metric_data", "NextToken"),
            "xray.get_service_graph": endless("xray.get_service_graph", "NextToken"),
            "iam.list_role_policies": {"PolicyNames": ["one", "two", "three", "four", "five"]},
            "config.batch_get_resource_config": seen,
            "config.get_resource_config_history": {"configurationItems": [item], "nextToken": "more"},
            "config.list_discovered_resources": {"resourceIdentifiers": [{"resourceId": "AROAEXAMPLE"}]},
            "health.describe_events": {"events": []},
        }
    )
