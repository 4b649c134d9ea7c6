"""What a repair was planned for: what somebody deploys since then is something else."""

from dataclasses import dataclass

from auto_repair.domain.evidence import Evidence, FunctionConfiguration
from auto_repair.domain.target import alias_of


@dataclass(frozen=True)
class Build:
    """Code and settings of what callers reach, but memory and timeout, which repairs move."""

    qualifier: str | None = None  # the alias or version that callers use; None: `$LATEST`
    code: str = ""  # hash of the code alone
    fingerprint: str = ""  # of code and settings; empty where some of them could not be read

    def difference(self, live: FunctionConfiguration) -> str:
        """What is other in `live`, "code" or "settings"; empty where nothing is, as far as it can be read.

        The roles that read may differ: variables that one of them cannot decrypt are no deployment.
        """
        if self.code and live.code != self.code:
            return "code"
        is_comparable = self.fingerprint and not live.unreadable
        return "settings" if is_comparable and live.fingerprint != self.fingerprint else ""

    def is_of(self, live: FunctionConfiguration) -> bool:
        """Whether `live` is read from where this was: `$LATEST` may well differ from what was released."""
        return (self.qualifier is None) == (live.version == "$LATEST")


def build_of(evidence: Evidence) -> Build | None:
    """What callers reach by the evidence; None when it could not be read."""
    found = evidence.configuration
    if found is None:
        return None
    qualifier = None if found.version == "$LATEST" else alias_of(evidence, found.version) or found.version
    return Build(qualifier, found.code, "" if found.unreadable else found.fingerprint)
