"""Gap 19: e-mail subscriptions wait for their confirmation, and what SNS mails can be read.

GET /_local/mail → {"mail": [{"at", "to", "from", "subject", "body", "topicArn", "token"}]}, oldest first;
`token` (for ConfirmSubscription) is in confirmation requests only.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from ministack import app
from ministack.core.responses import new_uuid
from ministack.services import sns

from local.shims import _admin_endpoints, wrap

PROTOCOLS = ("email", "email-json")
SENDER = "AWS Notifications <no-reply@sns.amazonaws.com>"
REMEMBERED = 1000

_outbox: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)


def install() -> None:
    wrap(sns, "_subscribe")(_subscribe)
    wrap(sns, "_fanout")(_fan_out)
    wrap(app, "_reset_all_state")(_reset)
    for name in ("_list_subscriptions", "_list_subscriptions_by_topic"):
        wrap(sns, name)(_list)
    _admin_endpoints.add("GET", "/_local/mail", lambda _body, _query: {"mail": list(_outbox)})


def _reset(original: Any) -> None:
    original()
    _outbox.clear()


def _subscribe(original: Any, params: Any) -> Any:
    topic = sns._topic_by_arn_any_scope(sns._p(params, "TopicArn")) or {"subscriptions": []}
    known = {subscription["arn"] for subscription in topic["subscriptions"]}
    response = original(params)
    if response[0] != 200 or sns._p(params, "Protocol") not in PROTOCOLS:
        return response
    subscription = _subscription(topic, sns._p(params, "Protocol"), sns._p(params, "Endpoint"))
    if subscription["arn"] not in known:
        _await_confirmation(topic, subscription)
    elif subscription["confirmed"]:
        return response
    _ask_for_confirmation(topic, subscription)
    wants_arn = sns._p(params, "ReturnSubscriptionArn") == "true"
    answer = subscription["arn"] if wants_arn else "pending confirmation"
    inner = f"<SubscribeResult><SubscriptionArn>{answer}</SubscriptionArn></SubscribeResult>"
    return sns._xml(200, "SubscribeResponse", inner)


def _subscription(topic: dict[str, Any], protocol: str, endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        subscription
        for subscription in topic["subscriptions"]
        if (subscription["protocol"], subscription["endpoint"]) == (protocol, endpoint)
    )
    return found


def _await_confirmation(topic: dict[str, Any], subscription: dict[str, Any]) -> None:
    subscription["confirmed"] = False
    subscription["token"] = new_uuid()
    subscription["attributes"].update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")
    sns._refresh_subscription_counts(topic)


def _ask_for_confirmation(topic: dict[str, Any], subscription: dict[str, Any]) -> None:
    text = (
        f"You have chosen to subscribe to the topic:\n{topic['arn']}\n\n"
        "To confirm this subscription, call ConfirmSubscription with the token of this message."
    )
    _mail(subscription, "AWS Notification - Subscription Confirmation", text, token=subscription["token"])


def _fan_out(
    original: Any,
    topic_arn: str,
    message_id: str,
    message: str,
    subject: str,
    structure: str = "",
    attributes: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    original(topic_arn, message_id, message, subject, structure, attributes, **more)
    topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
    for subscription in topic["subscriptions"]:
        protocol = subscription["protocol"]
        if protocol not in PROTOCOLS or not subscription["confirmed"]:
            continue
        text = sns._resolve_message_for_protocol(message, structure, protocol)
        if not sns._matches_filter_policy(subscription, attributes or {}, text):
            continue
        if protocol == "email-json":
            body = sns._build_envelope(topic_arn, message_id, text, subject, attributes or {}, False)
        else:
            body = f"{text}\n\n--\n{_farewell(subscription)}"
        _mail(subscription, subject or "AWS Notification Message", body)


def _farewell(subscription: dict[str, Any]) -> str:
    return (
        "If you wish to stop receiving notifications from this topic, unsubscribe from this subscription:"
        f"\n{subscription['arn']}\n\nPlease do not reply directly to this email."
    )


def _mail(subscription: dict[str, Any], subject: str, body: str, **more: str) -> None:
    message = {"at": time.time(), "to": subscription["endpoint"], "from": SENDER, "subject": subject}
    _outbox.append({**message, "body": body, "topicArn": subscription["topic_arn"], **more})


def _list(original: Any, params: Any) -> Any:
    """Subscriptions that wait for their confirmation are listed without their ARN."""
    status, headers, body = original(params)
    for topic in sns._topics.values():
        for subscription in topic["subscriptions"]:
            if not subscription["confirmed"]:
                body = body.replace(f">{subscription['arn']}<".encode(), b">PendingConfirmation<")
    return status, headers, body
