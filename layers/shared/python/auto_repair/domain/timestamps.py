"""Times as the tables hold them: ISO 8601, UTC, microseconds, so that text order is time order."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """`2026-01-31T12:00:00.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> datetime:
    """Any ISO 8601 form that AWS uses (`Z`, `+0000`, `+00:00`), as an aware UTC time.

    Raises `ValueError` for anything else. A time without a zone is taken as UTC.
    """
    moment = datetime.fromisoformat(text)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:  # the first hours of year 1 east of Greenwich, the last of 9999 west
        raise ValueError(f"{text} is beyond the calendar") from error


def from_epoch_ms(milliseconds: int) -> datetime:
    """The time that Step Functions' events and CloudWatch Logs count in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
