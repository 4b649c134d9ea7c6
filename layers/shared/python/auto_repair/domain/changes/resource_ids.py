"""Ids of resources from what requests call them: a name, an ARN, a URL."""

from auto_repair.domain.arns import resource_of


def id_of(service: str, text: str) -> str:
    """Of a name or an ARN; without a name where the ARN is of something else."""
    if not text.startswith("arn:"):
        return f"{service}:{text}"
    found = resource_of(text)
    return found.id if found and found.service == service else f"{service}:"


def function_id(text: str) -> str:
    """Of a function's name, partial or whole ARN, each with or without a qualifier."""
    name = text.partition(":function:")[2] if ":function:" in text else text
    return f"lambda:{name.partition(':')[0]}"


def queue_id(url: str) -> str:
    """Of a queue's URL."""
    return f"sqs:{url.rpartition('/')[2]}"


def rule_id(bus: str, name: str) -> str:
    """Of a rule and its bus, which may be an ARN, or empty for the default one."""
    return f"events:{bus.rpartition('/')[2] or 'default'}/{name}"
