"""Gap 19: what SNS mails, and to whom."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any

import pytest

from local.instance import Instance
from local.settings import HOST


@pytest.fixture
def sns(embedded_aws: Instance) -> Any:
    return embedded_aws.client("sns")


def mail_to(aws: Instance, address: str) -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection(HOST, aws.port, timeout=10)
    connection.request("GET", "/_local/mail")
    mail = json.load(connection.getresponse())["mail"]
    connection.close()
    return [message for message in mail if message["to"] == address]


def test_mail_is_sent_to_those_who_confirmed(embedded_aws: Instance, sns: Any) -> None:
    name = uuid.uuid4().hex[:8]
    topic, address = sns.create_topic(Name=f"topic-{name}")["TopicArn"], f"{name}@example.com"
    subscribed = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    assert subscribed["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Subject="Too early", Message="text")
    (request,) = mail_to(embedded_aws, address)
    assert request["subject"] == "AWS Notification - Subscription Confirmation"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Endpoint"]) == ("PendingConfirmation", address)

    confirmed = sns.confirm_subscription(TopicArn=topic, Token=request["token"])["SubscriptionArn"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=confirmed)["Attributes"]
    assert attributes["PendingConfirmation"] == "false"
    again = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    assert again["SubscriptionArn"] == confirmed
    sns.publish(TopicArn=topic, Subject="Repaired", Message="Memory 128 → 512 MB")
    (_, message) = mail_to(embedded_aws, address)
    assert (message["subject"], message["topicArn"]) == ("Repaired", topic)
    assert message["body"].startswith("Memory 128 → 512 MB\n\n--\n")


def test_the_arn_is_given_on_request(sns: Any) -> None:
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    subscribed = sns.subscribe(
        TopicArn=topic, Protocol="email-json", Endpoint="a@example.com", ReturnSubscriptionArn=True
    )
    assert subscribed["SubscriptionArn"].startswith(f"{topic}:")
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscribed["SubscriptionArn"])
    assert attributes["Attributes"]["PendingConfirmation"] == "true"


def test_json_mail_and_filter_policies(embedded_aws: Instance, sns: Any) -> None:
    name = uuid.uuid4().hex[:8]
    topic, address = sns.create_topic(Name=f"topic-{name}")["TopicArn"], f"{name}@example.com"
    policy = json.dumps({"severity": ["high"]})
    sns.subscribe(
        TopicArn=topic, Protocol="email-json", Endpoint=address, Attributes={"FilterPolicy": policy}
    )
    sns.confirm_subscription(TopicArn=topic, Token=mail_to(embedded_aws, address)[0]["token"])
    for severity in ("low", "high"):
        attribute = {"DataType": "String", "StringValue": severity}
        sns.publish(TopicArn=topic, Message=severity, MessageAttributes={"severity": attribute})
    (_, message) = mail_to(embedded_aws, address)
    envelope = json.loads(message["body"])
    assert (envelope["Type"], envelope["Message"]) == ("Notification", "high")
