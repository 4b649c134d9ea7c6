"""The typed environment of our functions, read once at start-up. Terraform sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from auto_repair.domain.errors import InvalidEvent


@dataclass(frozen=True)
class Settings:
    """Names of the resources of this deployment."""

    environment: str
    repairs_table: str
    diagnosis_table: str
    incidents_table: str
    reports_bucket: str
    topic_arn: str
    event_bus: str
    policy_prefix: str  # SSM path, /lambda-auto-repair/ENV/functions
    region: str
    function_name: str = "local"  # our own function, for `executedBy`
    notification_template: str = "default"
    email_template: str = "detailed"
    retention_days: int = 400
    changes_table: str = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Raises `InvalidEvent` naming the variable that is missing or malformed."""

        def required(name: str) -> str:
            value = environ.get(name, "")
            if not value:
                raise InvalidEvent(
                    f"environment variable {name} is not set: Terraform sets it on every function"
                )
            return value

        retention = environ.get("RETENTION_DAYS", "400")
        if not retention.isdigit() or int(retention) < 1:
            raise InvalidEvent(
                f"environment variable RETENTION_DAYS is {retention!r}: give a number of days, 1 or more"
            )
        return cls(
            environment=required("ENVIRONMENT"),
            repairs_table=required("REPAIRS_TABLE"),
            diagnosis_table=required("DIAGNOSIS_TABLE"),
            incidents_table=required("INCIDENTS_TABLE"),
            reports_bucket=required("REPORTS_BUCKET"),
            topic_arn=required("TOPIC_ARN"),
            event_bus=required("EVENT_BUS"),
            policy_prefix=required("POLICY_PREFIX"),
            region=required("AWS_REGION"),
            function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
            notification_template=environ.get("NOTIFICATION_TEMPLATE") or "default",
            email_template=environ.get("EMAIL_TEMPLATE") or "detailed",
            retention_days=int(retention),
            changes_table=required("CHANGES_TABLE"),
        )
