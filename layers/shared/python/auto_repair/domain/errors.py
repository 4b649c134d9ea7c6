"""The short family of errors. Step Functions compares class names, so the names are a contract."""


class AutoRepairError(Exception):
    """Any failure of our own that is worth a name."""


class TransientError(AutoRepairError):
    """Worth a retry: throttling, a conflict with an update in progress, a server error, a lost connection."""


class AwsCallFailed(AutoRepairError):
    """AWS answered with an error that a retry will not cure, such as a denied permission."""

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{service}:{operation} failed with {code}: {message}")
        self.service = service
        self.operation = operation
        self.code = code


class ReadsExhausted(AutoRepairError):
    """One incident has read as much of the account as it may."""


class ResourceMissing(AutoRepairError):
    """The named AWS resource does not exist."""


class InvalidEvent(AutoRepairError):
    """An incoming event or setting cannot be understood; the message names the field and the fix."""


class StaleConfiguration(AutoRepairError):
    """The target no longer has the value the plan was made for: somebody else changed it."""


class RepairRejected(AutoRepairError):
    """The repair must not be carried out, for instance because its approval does not match it."""
