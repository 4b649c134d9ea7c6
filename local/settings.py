"""What the caller of the embedded AWS may choose, and the environment its server runs in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.execution.log_lines import Style

REGION = "us-east-1"
ACCESS_KEY = "test"  # the emulator's account root; its secret is not checked
HOST = "127.0.0.1"

CHECKOUT = Path(__file__).resolve().parent.parent
STATE_FOLDER = Path(os.environ.get("LOCAL_STATE_FOLDER", CHECKOUT / ".build" / "local"))

# Passed through from the caller; everything else a server could pick up by accident stays outside.
_PASSED_THROUGH = ("PATH", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "TZ")
_PASSED_PREFIXES = ("LOCAL_", "MINISTACK_")


@dataclass(frozen=True)
class Settings:
    """Choices read from `LOCAL_*` variables.

    wait_scale: factor on Step Functions `Wait` states and retry delays (0.02: a minute takes 1.2 s).
    period_scale: factor on metric and alarm periods (0.05: a 60 s period is shown in 3 s).
    memory_limit_mb: the account's limit for a function (new accounts on AWS have 3008).
    log_style: how functions log failures of the platform, see `local.execution.log_lines.Style`.
    log_level: of the server's own log.
    """

    wait_scale: float = 0.02
    period_scale: float = 0.05
    memory_limit_mb: int = 10_240
    log_style: Style = Style.BOTH
    log_level: str = "WARNING"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; ValueError names the variable that is not a usable factor."""
        variables = os.environ if environment is None else environment
        return cls(
            wait_scale=_factor(variables, "LOCAL_WAIT_SCALE", cls.wait_scale, zero_allowed=True),
            period_scale=_factor(variables, "LOCAL_PERIOD_SCALE", cls.period_scale, zero_allowed=False),
            memory_limit_mb=int(variables.get("LOCAL_MEMORY_LIMIT_MB", cls.memory_limit_mb)),
            log_style=_style(variables.get("LOCAL_LOG_STYLE", cls.log_style)),
            log_level=variables.get("LOCAL_LOG_LEVEL", cls.log_level),
        )

    def to_environment(self) -> dict[str, str]:
        """The inverse of `from_environment`."""
        return {
            "LOCAL_WAIT_SCALE": str(self.wait_scale),
            "LOCAL_PERIOD_SCALE": str(self.period_scale),
            "LOCAL_MEMORY_LIMIT_MB": str(self.memory_limit_mb),
            "LOCAL_LOG_STYLE": self.log_style,
            "LOCAL_LOG_LEVEL": self.log_level,
        }


def _style(text: str) -> Style:
    try:
        return Style(text)
    except ValueError:
        choices = ", ".join(Style)
        raise ValueError(f"LOCAL_LOG_STYLE is one of {choices}, not {text!r}.") from None


def _factor(variables: Mapping[str, str], name: str, default: float, *, zero_allowed: bool) -> float:
    text = variables.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is a factor such as {default}, not {text!r}.") from None
    if value < 0 or (value == 0 and not zero_allowed):
        raise ValueError(f"{name} is a factor above zero such as {default}, not {text!r}.")
    return value


def server_environment(settings: Settings, port: int, folder: Path, identity: str) -> dict[str, str]:
    """Everything the server process sees.

    `folder` is its private temporary folder, `identity` what its health page says of it.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_THROUGH or name.startswith(_PASSED_PREFIXES)
    }
    return {
        **inherited,
        **settings.to_environment(),
        "PYTHONPATH": str(CHECKOUT),
        "MINISTACK_EDITION": identity,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",
        "IOT_MTLS_ENABLED": "0",  # would listen on every interface, whatever BIND_HOST says
        "SFTP_ENABLED": "0",
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",  # AWS's default; otherwise derived from free memory
        "SFN_WAIT_SCALE": str(settings.wait_scale),
        "LOG_LEVEL": settings.log_level,
    }


def client_environment(port: int) -> dict[str, str]:
    """Variables that make the AWS CLI, Terraform and boto3 talk to the server at `port`."""
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # sync-states.127.0.0.1 does not resolve
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


# Would take precedence over, or mix with, the variables above.
UNWANTED_CLIENT_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE")
