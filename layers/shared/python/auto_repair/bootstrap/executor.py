"""ExecuteRepair and RollBackRepair."""

from auto_repair.adapters.buckets import S3Buckets
from auto_repair.adapters.sqs_queues import SqsQueues
from auto_repair.bootstrap.environment import clients, settings, utc_now
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.use_cases.execute_repair import ExecuteRepair
from auto_repair.use_cases.roll_back_repair import RollBackRepair


def execute_repair() -> ExecuteRepair:
    """ExecuteRepair."""
    return ExecuteRepair(
        functions(),
        SqsQueues(clients()),
        S3Buckets(clients()),
        policies(),
        store(),
        utc_now,
        settings().function_name,
    )


def roll_back_repair() -> RollBackRepair:
    """RollBackRepair."""
    return RollBackRepair(functions(), SqsQueues(clients()), S3Buckets(clients()), store(), utc_now)
