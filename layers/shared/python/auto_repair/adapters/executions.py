"""Executions of the workflow: whether one still works on its incident."""

from datetime import timedelta

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.errors import AutoRepairError, AwsCallFailed

SETTLED = timedelta(hours=1)  # DescribeExecution is eventually consistent; an execution this old is known


class Executions:
    """Reads Step Functions."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def has_ended(self, execution_arn: str, age: timedelta) -> bool:
        """Whether the execution is over, however it ended, or went with its state machine. False when AWS
        does not say.

        age: since it was last known to work.
        """
        try:
            answer = call(
                self._clients.client("stepfunctions").describe_execution, executionArn=execution_arn
            )
        except AwsCallFailed as error:
            return error.code == "ExecutionDoesNotExist" and age > SETTLED
        except AutoRepairError:
            return False
        return bool(answer["status"] != "RUNNING")
