"""An API was deployed, or its stages, routes, integrations or policy were changed. REST and HTTP APIs."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, settings, words
from auto_repair.domain.changes.trail_record import TrailRecord

_WHICH = ("stageName", "resourceId", "httpMethod", "routeId", "integrationId", "deploymentId")
# Names the call and the API, or repeats the answer.
_NOT_TOLD = ("restApiId", "apiId", "template", *_WHICH)


def read(record: TrailRecord) -> Iterator[Effect]:
    """What was asked for, in a line: requests are patches, and no record holds the whole of an API."""
    which = settings(record.parameters, *_WHICH)
    asked = settings(record.parameters, leave_out=_NOT_TOLD)
    part = " ".join(str(value) for value in which.values())
    yield Effect(
        f"apigateway:{record.text('restApiId', 'apiId')}",
        f"{record.name} {part}".strip(),
        words(which | asked),
    )


KIND = Kind(
    "apigateway",
    (
        "CreateDeployment",
        "UpdateDeployment",
        "CreateStage",
        "UpdateStage",
        "DeleteStage",
        "PutIntegration",
        "CreateIntegration",
        "UpdateIntegration",
        "DeleteIntegration",
        "PutMethod",
        "UpdateMethod",
        "DeleteMethod",
        "CreateRoute",
        "UpdateRoute",
        "DeleteRoute",
        "PutRestApi",
        "UpdateRestApi",
        "UpdateApi",
        "ReimportApi",
    ),
    read,
)
