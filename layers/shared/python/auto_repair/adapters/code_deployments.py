"""What CodeDeploy did to functions."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.adapters.deadline import Deadline
from auto_repair.adapters.pages import following, pages
from auto_repair.domain.changes.telling import since
from auto_repair.domain.errors import AutoRepairError
from auto_repair.domain.surroundings import ResourceChange, Scope

BATCH = 25  # that one BatchGetDeployments takes
MOST_DEPLOYMENTS = 100
MOST_PAGES = 5  # of the list
MOST_ASKED = 4  # deployments of which only their targets tell the function, newest first
Deployment = Mapping[str, Any]  # CodeDeploy's DeploymentInfo


class CodeDeployments:
    """One request where nothing was deployed, else one more for every 25 deployments, and one for each whose
    AppSpec CodeDeploy does not have at hand."""

    def __init__(self, clients: Clients) -> None:
        self._client = clients.client

    def changes(self, scope: Scope, deadline: Deadline) -> tuple[list[ResourceChange], list[str]]:
        """Deployments of the last day that touched a function, and what could not be learnt.

        Raises the error of the first request; what fails later is told.
        """
        functions = [r for r in scope.resources if r.service == "lambda"]
        if not functions:
            return [], []
        gaps: list[str] = []
        ids = self._listed(since(scope), scope.window.end, deadline, gaps)
        deployments = [
            d for d in self._described(ids, deadline, gaps) if d.get("computePlatform") == "Lambda"
        ]
        newest_first = sorted(deployments, key=_begun, reverse=True)
        told = {d["deploymentId"]: text for d in newest_first if (text := _app_spec(d))}
        told |= self._targets([d for d in newest_first if d["deploymentId"] not in told], deadline, gaps)
        return [
            _change(function.id, deployment)
            for deployment in newest_first
            for function in functions
            if _names(told.get(deployment["deploymentId"], ""), function.name)
        ], gaps

    def _listed(self, start: datetime, end: datetime, deadline: Deadline, gaps: list[str]) -> Sequence[str]:
        """Ids of the whole account's deployments, in an order that CodeDeploy does not tell."""
        ids: list[str] = []
        page: dict[str, Any] = {}
        listing = pages(
            self._client("codedeploy").list_deployments, createTimeRange={"start": start, "end": end}
        )
        try:
            for page in islice(listing, MOST_PAGES):
                ids += page.get("deployments", ())
                if len(ids) >= MOST_DEPLOYMENTS or deadline.passed:
                    break
        except AutoRepairError as error:
            if not page:
                raise
            gaps.append(str(error))
        if following(page) or len(ids) > MOST_DEPLOYMENTS:
            at_least = "at least " if following(page) else ""
            read = min(len(ids), MOST_DEPLOYMENTS)
            gaps.append(f"CodeDeploy lists {at_least}{len(ids)} deployments, of which {read} were looked at")
        return ids[:MOST_DEPLOYMENTS]

    def _described(self, ids: Sequence[str], deadline: Deadline, gaps: list[str]) -> list[Deployment]:
        found: list[Deployment] = []
        for first in range(0, len(ids), BATCH):
            if deadline.passed:
                gaps.append(f"{len(ids) - first} deployments were not read for want of time")
                break
            try:
                answer = call(
                    self._client("codedeploy").batch_get_deployments, deploymentIds=ids[first : first + BATCH]
                )
            except AutoRepairError as error:
                gaps.append(f"{len(ids) - first} deployments could not be read: {error}")
                break
            found += answer.get("deploymentsInfo", ())
        return found

    def _targets(
        self, deployments: Sequence[Deployment], deadline: Deadline, gaps: list[str]
    ) -> dict[str, str]:
        """What CodeDeploy calls the targets, by deployment: of Lambda, the function's name."""
        found: dict[str, str] = {}
        for n, deployment in enumerate(deployments):
            if n >= MOST_ASKED or deadline.passed:
                left = f"{len(deployments) - n} deployments, the newest: {_words(deployment)}"
                gaps.append(f"CodeDeploy was not asked for the functions of {left}")
                break
            name = deployment["deploymentId"]
            try:
                answer = call(self._client("codedeploy").list_deployment_targets, deploymentId=name)
            except AutoRepairError as error:
                gaps.append(f"the function is not known of {_words(deployment)}: {error}")
                continue
            found[name] = " ".join(answer.get("targetIds", ()))
        return found


def _begun(deployment: Deployment) -> datetime:
    moment: datetime = deployment.get("startTime") or deployment["createTime"]
    return moment.astimezone(UTC)


def _app_spec(deployment: Deployment) -> str:
    """What is deployed, where CodeDeploy has it at hand and not in S3."""
    revision = deployment.get("revision") or {}
    texts = [(revision.get(kind) or {}).get("content", "") for kind in ("appSpecContent", "string")]
    return " ".join(texts).strip()


def _names(text: str, function: str) -> bool:
    """Whether the text, an AppSpec or the name of a target, is about the function."""
    return bool(re.search(rf"(?<![\w-]){re.escape(function)}(?![\w-])", text))


def _revision(deployment: Deployment) -> str:
    """Where in S3 the revision lies, as words to append; empty where it is not there."""
    at = (deployment.get("revision") or {}).get("s3Location")
    if not at:
        return ""
    version = f" version {at['version']}" if at.get("version") else ""
    return f", revision s3://{at.get('bucket')}/{at.get('key')}{version}"


def _words(deployment: Deployment) -> str:
    group = f"{deployment.get('applicationName')}/{deployment.get('deploymentGroupName')}"
    told = f"deployment {deployment['deploymentId']} of {group}: {deployment.get('status')}"
    return told + _revision(deployment)


def _change(resource_id: str, deployment: Deployment) -> ResourceChange:
    return ResourceChange(
        resource=resource_id,
        at=_begun(deployment),
        action="CreateDeployment",
        actor=f"CodeDeploy, started by {deployment.get('creator', 'unknown')}",
        summary=_words(deployment),
        event_id=deployment["deploymentId"],
    )
