"""Executions of the workflow: whether one still works on its incident."""

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import AutoRepairError


class Executions:
    """Reads Step Functions."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def has_ended(self, execution_arn: str) -> bool:
        """Whether the execution is over, however it ended. False when AWS does not say."""
        try:
            answer = call(
                self._clients.client("stepfunctions").describe_execution, executionArn=execution_arn
            )
        except AutoRepairError:
            return False
        return bool(answer["status"] != "RUNNING")
