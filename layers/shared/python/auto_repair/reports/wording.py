"""How figures, times and confidence are said to people."""

from datetime import UTC, datetime

from auto_repair.domain.repair import Setting, Value, shown
from auto_repair.reports.escaping import one_line

_SERVICES = {
    "apigateway": "API Gateway",
    "bedrock": "Bedrock model",
    "dynamodb": "DynamoDB table",
    "ec2": "EC2",
    "elasticache": "ElastiCache",
    "elasticloadbalancing": "Load balancer",
    "events": "EventBridge rule",
    "iam": "IAM role",
    "kinesis": "Kinesis stream",
    "kms": "KMS key",
    "lambda": "Lambda function",
    "rds": "RDS database",
    "s3": "S3 bucket",
    "secretsmanager": "Secret",
    "sns": "SNS topic",
    "sqs": "SQS queue",
    "ssm": "SSM parameter",
    "states": "Step Functions machine",
}

_SPANS: tuple[tuple[int, str, int, str], ...] = (
    (86400, "d", 3600, "h"),
    (3600, "h", 60, "min"),
    (60, "min", 1, "s"),
)


def confidence(share: float) -> str:
    """`very likely (92 %)`. The words follow the share of such claims that turn out right."""
    words = (
        "very likely"
        if share >= 0.9
        else "likely"
        if share >= 0.7
        else "possible"
        if share >= 0.4
        else "weak"
    )
    return f"{words} ({round(share * 100)} %)"


def price(usd_per_month: float | None) -> str:
    """What a change costs a month at list prices; the planner's figure is an estimated upper bound."""
    if usd_per_month is None:
        return "not priced"
    amount = abs(usd_per_month)
    if amount == 0:
        return "no extra cost"
    if amount < 0.01:
        return "under USD 0.01 a month"
    if usd_per_month < 0:
        return f"USD {amount:,.2f} less a month"
    return f"at most about USD {amount:,.2f} more a month"


def price_of_call(usd: float) -> str:
    """What one answer of a model cost: `USD 0.0123`, `under USD 0.0001`."""
    return f"USD {usd:,.4f}" if usd >= 0.0001 else "under USD 0.0001"


def moment(at: datetime | None) -> str:
    """`2026-01-31 12:04:31 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "not known"


def clock(at: datetime) -> str:
    """`12:04:31 UTC`."""
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"


def service_of(resource_id: str) -> str:
    """`S3 bucket` of `s3:images`; of a service that we do not know, its own name."""
    service = resource_id.partition(":")[0]
    return _SERVICES.get(service, service)


def parsed(text: object) -> datetime | None:
    """A moment from ISO 8601 text (UTC where it names no zone), None when it is not one."""
    if isinstance(text, datetime):
        at = text
    else:
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError:
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(seconds: float) -> str:
    """`0.4 s`, `43 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in _SPANS:
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def setting_value(setting: Setting, value: Value) -> str:
    """`384 MB`, `30 s`, `1 statement (AllowApp)`; `none` where nothing is set."""
    return one_line(shown(setting, value), 200)


def figure(value: float) -> str:
    """A number without needless digits: `12`, `0.5`, `1,234`."""
    return f"{value:,.3g}" if abs(value) < 100 and value != int(value) else f"{value:,.0f}"


def count(number: int, noun: str) -> str:
    """`1 alarm`, `3 alarms`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: tuple[str, ...] | list[str], most: int | None = None) -> str:
    """`a, b and c`; of more than `most`, `a, b and 3 more`."""
    if most is not None and len(words) > most:
        words = [*words[:most], f"{len(words) - most:,} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
