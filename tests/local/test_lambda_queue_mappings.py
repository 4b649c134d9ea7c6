"""Queue mappings whose messages would come back while the function still runs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.instance import Instance
from tests.local.functions import deploy, unique

SOURCE = "def handler(event, context): pass"


def test_a_mapping_needs_a_visibility_timeout_of_at_least_the_functions_timeout(
    embedded_aws: Instance,
) -> None:
    function = deploy(embedded_aws, SOURCE, Timeout=60)
    sqs = embedded_aws.client("sqs")
    queue = unique("queue")
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    mapping = {"FunctionName": function.name, "EventSourceArn": f"arn:aws:sqs:us-east-1:000000000000:{queue}"}
    with pytest.raises(ClientError) as raised:
        function.lambda_.create_event_source_mapping(**mapping)
    error: Any = raised.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert (
        error["Message"] == "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    function.lambda_.create_event_source_mapping(**mapping)
