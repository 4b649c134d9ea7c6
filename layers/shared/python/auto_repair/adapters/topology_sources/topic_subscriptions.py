"""Who a topic delivers to. Who reads its mail is nobody's business here: only AWS's own are told."""

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.discovery import Discovery, home
from auto_repair.domain.arns import Home, arn_of, resource_of
from auto_repair.domain.evidence import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.topology import Topology
from auto_repair.ports import TopologySource
from auto_repair.settings import Settings


class TopicSubscriptionsSource:
    """One call, for the first hundred subscriptions. That there are more is said."""

    name = "topic_subscriptions"
    once = False

    def __init__(self, clients: Clients, home: Home) -> None:
        self._clients = clients
        self._home = home

    def discover(self, start: Resource, window: Window) -> Topology:
        """The functions and queues that subscribe to a topic."""
        if start.service != "sns":
            return Topology()
        arn = start.arn or arn_of("sns", start.name, self._home)
        answer = call(self._clients.client("sns").list_subscriptions_by_topic, TopicArn=arn)
        found = Discovery(self.name, start, window)
        for subscription in answer.get("Subscriptions", ()):
            if subscriber := resource_of(subscription.get("Endpoint", "")):
                found.needs(start, subscriber, "subscription")
        found.lacks_more(answer.get("NextToken"), "subscriptions")
        return found.topology(f"sns:ListSubscriptionsByTopic {arn}")


def source(settings: Settings, clients: Clients) -> TopologySource:
    """The source, ready for use."""
    return TopicSubscriptionsSource(clients, home(settings))
