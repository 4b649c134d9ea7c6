"""What most states of the workflow need: Lambda, the owners' settings, memory."""

from functools import cache

from auto_repair.adapters.function_policies import FunctionPolicies
from auto_repair.adapters.incident_store import AwsIncidentStore
from auto_repair.adapters.lambda_functions import LambdaFunctions
from auto_repair.bootstrap.environment import clients, settings, utc_now


@cache
def functions() -> LambdaFunctions:
    """Lambda."""
    return LambdaFunctions(clients())


@cache
def policies() -> FunctionPolicies:
    """The owners' settings."""
    return FunctionPolicies(clients(), settings())


@cache
def store() -> AwsIncidentStore:
    """Memory."""
    return AwsIncidentStore(clients(), settings(), utc_now)
