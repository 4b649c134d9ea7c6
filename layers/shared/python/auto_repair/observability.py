"""Logger and metrics of our own functions. No Tracer: its SDK costs more start-up time than all the rest,
and X-Ray traces functions without it."""

import os

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

# Terraform names the service after the environment, so that two in one account do not share metrics.
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "lambda-auto-repair")
NAMESPACE = "LambdaAutoRepair"


class _Provider(AmazonCloudWatchEMFProvider):
    """Writes metrics as log lines. An invocation that counts nothing is ordinary and no reason to warn."""

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:
        if self.metric_set or raise_on_empty_metrics:
            super().flush_metrics(raise_on_empty_metrics)


logger = Logger(service=SERVICE)
metrics = Metrics(provider=_Provider(namespace=NAMESPACE, service=SERVICE))
