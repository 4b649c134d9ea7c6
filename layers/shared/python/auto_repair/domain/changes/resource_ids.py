"""Ids of resources from what requests call them: a name, an ARN, a URL."""

import re

_SECRET_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


def function_id(text: str) -> str:
    """Of a name, a partial or a whole ARN, each with or without a qualifier."""
    name = text.partition(":function:")[2] if ":function:" in text else text
    return f"lambda:{name.partition(':')[0]}"


def queue_id(url_or_arn: str) -> str:
    """Of a queue's URL or ARN."""
    return f"sqs:{re.split('[/:]', url_or_arn)[-1]}"


def topic_id(arn: str) -> str:
    """Of a topic's ARN, or of the ARN of a subscription to it."""
    return f"sns:{':'.join(arn.split(':')[5:6]) or arn}"


def table_id(text: str) -> str:
    """Of a table's name or ARN, or the ARN of one of its indexes."""
    name = text.partition(":table/")[2] or text
    return f"dynamodb:{name.partition('/')[0]}"


def stream_id(text: str) -> str:
    """Of a Kinesis stream's name or ARN."""
    return f"kinesis:{text.rpartition('/')[2]}"


def key_id(text: str) -> str:
    """Of a key's id or ARN; aliases are none."""
    return f"kms:{text.rpartition('/')[2]}"


def secret_id(text: str) -> str:
    """Of a secret's name, or of its ARN, which ends with six characters of Secrets Manager's own."""
    if not text.startswith("arn:"):
        return f"secretsmanager:{text}"
    return f"secretsmanager:{_SECRET_SUFFIX.sub('', text.partition(':secret:')[2])}"


def parameter_id(text: str) -> str:
    """Of a parameter's name or ARN. Only names of several parts begin with a slash, ARNs leave it out."""
    if not text.startswith("arn:"):
        return f"ssm:{text}"
    name = text.partition(":parameter/")[2]
    return f"ssm:/{name}" if "/" in name else f"ssm:{name}"


def rule_id(bus: str, name: str) -> str:
    """Of a rule and its bus, which may be an ARN, or empty for the default one."""
    return f"events:{bus.rpartition('/')[2] or 'default'}/{name}"


def machine_id(arn: str) -> str:
    """Of a state machine's ARN, or the ARN of one of its versions or aliases."""
    return f"states:{arn.partition(':stateMachine:')[2].partition(':')[0] or arn}"


def load_balancer_id(arn: str) -> str:
    """Of the ARN of a load balancer, or of one of its listeners or rules; empty for anything else."""
    match = re.search(r":(?:loadbalancer|listener|listener-rule)/((?:app|net|gwy)/[^/]+/[^/]+)", arn)
    return f"elasticloadbalancing:{match[1]}" if match else ""
