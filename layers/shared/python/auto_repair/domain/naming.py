"""Names that would pass an AWS limit, shortened the same way everywhere (Terraform does the same)."""

from hashlib import sha256

OURS = "lambda-auto-repair-"  # begins the name of everything that Terraform makes for us
RULE_NAME_LIMIT = 64
ALARM_RULE_PREFIX = f"{OURS}alarm-rule-"


def limited(name: str, limit: int) -> str:
    """`name` itself when it fits, else its beginning and eight hexadecimal digits of its SHA-256."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 9]}-{sha256(name.encode()).hexdigest()[:8]}"


def alarm_rule(function_name: str) -> str:
    """The EventBridge rule that carries the function's alarms: its pause switch."""
    return limited(f"{ALARM_RULE_PREFIX}{function_name}", RULE_NAME_LIMIT)


def duration_alarm(function_name: str) -> str:
    """The onboarding's alarm on the function's slowest runs; no name of a function makes it too long."""
    return f"lambda-duration-alarm-{function_name}"


def executor_role(environment: str) -> str:
    """The role of the only function that changes anything; its name marks changes as ours."""
    return f"lambda-auto-repair-execution-{environment}"


def findings_function(environment: str) -> str:
    """Our function that people ask about the findings of an incident."""
    return f"lambda-auto-repair-findings-{environment}"
