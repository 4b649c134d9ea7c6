"""What CloudWatch measures of a resource: one file per AWS service; found by this folder, not by a list.

Services without metrics per resource (roles, keys, parameters, secrets) have no file.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from auto_repair.domain.measures import ServiceMetrics


@cache
def all_service_metrics() -> dict[str, ServiceMetrics]:
    """Every service in this folder by the name that its ARNs use."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.SERVICE_METRICS.service: module.SERVICE_METRICS for module in modules}
