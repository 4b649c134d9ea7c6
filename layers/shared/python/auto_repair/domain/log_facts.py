"""What single log lines of a Lambda function say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Started:
    """START, `platform.start`: an invocation begins."""

    request_id: str


@dataclass(frozen=True)
class Report:
    """REPORT, `platform.report`: an invocation is over. Memory is 0 where the platform reports none."""

    request_id: str
    duration_ms: float
    memory_size_mb: int = 0
    max_memory_used_mb: int = 0
    init_ms: float | None = None
    status: str = ""  # success, error, failure, timeout; older lines have none
    error_type: str = ""


@dataclass(frozen=True)
class TimedOut:
    """`Task timed out after N seconds`: the invocation was cut off."""

    request_id: str
    after_s: float | None = None


@dataclass(frozen=True)
class Exited:
    """The runtime, an extension or the sandbox ended before its time."""

    request_id: str
    reason: str
    error_type: str = ""

    @property
    def killed(self) -> bool:
        """Whether the platform killed the process, as it does when memory is exhausted."""
        return "signal: killed" in self.reason


@dataclass(frozen=True)
class Raised:
    """An error of the code: unhandled, so that the invocation failed, or merely logged."""

    message: str
    error_type: str = ""
    request_id: str = ""
    stack: str = ""
    handled: bool = False


@dataclass(frozen=True)
class InitFailed:
    """INIT_REPORT or `platform.initReport` that is not a success: the environment did not start."""

    phase: str
    status: str
    error_type: str = ""


@dataclass(frozen=True)
class LogsDropped:
    """`platform.logsDropped`: evidence is missing."""

    records: int


Fact = Started | Report | TimedOut | Exited | Raised | InitFailed | LogsDropped
