"""Values of SSM parameters that are no secret."""

from collections.abc import Iterable

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients

AT_ONCE = 10  # names that one GetParameters takes


class SsmParameters:
    """One call of ssm:GetParameters; nothing is ever decrypted."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def values(self, names: Iterable[str]) -> dict[str, str]:
        """Values by name, of the first ten names; empty for secrets. Names that do not exist are left out."""
        asked = list(dict.fromkeys(names))[:AT_ONCE]
        if not asked:
            return {}
        answer = call(self._clients.client("ssm").get_parameters, Names=asked, WithDecryption=False)
        return {
            found["Name"]: "" if found["Type"] == "SecureString" else found["Value"]
            for found in answer.get("Parameters", ())
        }
