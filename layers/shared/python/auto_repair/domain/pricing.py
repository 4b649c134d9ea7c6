"""Lambda list prices (us-east-1, first tier), to price a repair. Source: AWS Lambda pricing page."""

USD_PER_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
USD_PER_REQUEST = 0.20 / 1_000_000
SECONDS_PER_MONTH = 30.4 * 24 * 3600


def monthly_compute_usd(
    *, memory_mb: int, invocations_per_second: float, duration_s: float, architecture: str = "x86_64"
) -> float:
    """Compute cost of one month at a steady rate, USD, requests and free tier left out."""
    gb_seconds = memory_mb / 1024 * duration_s * invocations_per_second * SECONDS_PER_MONTH
    return gb_seconds * USD_PER_GB_SECOND.get(architecture, USD_PER_GB_SECOND["x86_64"])


def monthly_requests_usd(invocations_per_second: float) -> float:
    """Charge for the requests of one month at a steady rate, USD, free tier left out."""
    return invocations_per_second * SECONDS_PER_MONTH * USD_PER_REQUEST
