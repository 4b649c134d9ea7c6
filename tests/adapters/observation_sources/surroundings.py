"""A symptom and the resources around it, for the sources of changes."""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from auto_repair.domain.arns import Home
from auto_repair.domain.citations import Window
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import MetricRole, Scope, Symptom
from auto_repair.domain.topology import Topology
from tests.adapters.conftest import NOW

API = Resource("apigateway", "a1b2c3")
FUNCTION = Resource("lambda", "image-service", "arn:aws:lambda:us-east-1:123456789012:function:image-service")
BUCKET = Resource("s3", "images")
ROLE = Resource("iam", "image-role", "arn:aws:iam::123456789012:role/image-role")
TABLE = Resource("dynamodb", "stock")
PLACE = Home("aws", "us-east-1", "123456789012")


def around(*resources: Resource) -> Scope:
    """What a source is asked about: a quarter of an hour and the hour before it."""
    window = Window(NOW - timedelta(minutes=15), NOW)
    symptom = Symptom(resources[0].id, MetricRole.AVAILABILITY, NOW - timedelta(minutes=3))
    reference = Window(window.start - timedelta(hours=1), window.start)
    return Scope(symptom, Topology(resources), window, reference)


def ago(minutes: float) -> datetime:
    """That many minutes before the window's end."""
    return NOW - timedelta(minutes=minutes)


def refused(code: str, operation: str, status: int = 400) -> ClientError:
    """AWS's refusal."""
    response: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)
