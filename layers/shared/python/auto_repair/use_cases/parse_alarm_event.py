"""ParseAlarmEvent: from an event to an open incident, exactly one for each alarm event."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auto_repair.contracts.alarm_events import read
from auto_repair.contracts.start_request import Request
from auto_repair.domain.errors import AutoRepairError, InvalidEvent, ResourceMissing
from auto_repair.domain.incident import LEASE, UNKNOWN_FUNCTION, Disposition, Incident, Trigger, incident_id
from auto_repair.domain.redaction import redact
from auto_repair.domain.timestamps import parse
from auto_repair.ports import Functions, IncidentStore
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_up_alarm import LookUpAlarm

if TYPE_CHECKING:  # the coordinator has none yet
    from auto_repair.domain.case import Case


@dataclass(frozen=True)
class ParseAlarmEvent:
    """Validates the event, finds the function, opens or joins its incident."""

    functions: Functions
    store: IncidentStore
    find_target: FindTarget
    look_up_alarm: LookUpAlarm

    def __call__(self, event: Any, execution_arn: str, started_at: datetime) -> Incident:
        """The incident with its disposition; a bad event is `rejected`, never an exception."""
        question = ""
        try:
            request = read(event, started_at)
            question = redact(request.question)
            problem_text = self._completed(request, execution_arn, started_at)
        except InvalidEvent as problem:
            rejected = _rejected(event, UNKNOWN_FUNCTION, execution_arn, started_at, str(problem))
            return replace(rejected, question=question)
        if problem_text:
            return _rejected(event, request.heart, execution_arn, started_at, problem_text, request.trigger)
        return self._open(_incident(request, execution_arn, started_at), started_at)

    def _completed(self, request: Request, execution_arn: str, at: datetime) -> str:
        """Completes the request. Why it is not ours to look at; empty when it is."""
        # Nothing is asked about what lives elsewhere: something of the same name may live here.
        if problem := _foreign(request, execution_arn):
            return problem
        self.look_up_alarm(request)
        if problem := _foreign(request, execution_arn):
            return problem
        self.find_target(request, at)
        return self._absent(request)

    def _absent(self, request: Request) -> str:
        """That there is no such function; empty where there is, or none is known. A resource whose function
        is gone is looked into without it: that may be what is wrong."""
        try:
            if request.function_name:
                self.functions.configuration(request.function_name)
        except ResourceMissing:
            if request.resource is not None:
                request.function_name = ""
                return ""
            return (
                f"there is no Lambda function {request.function_name!r} in this account and region; "
                f"check {request.named_in}"
            )
        return ""

    def _open(self, incident: Incident, now: datetime) -> Incident:
        opening = self.store.open(incident, lease_until=now + LEASE)
        return replace(incident, disposition=opening.disposition, joined_incident_id=opening.open_incident_id)


def incident_of(event: Any, execution_arn: str, started_at: datetime) -> Incident:
    """The incident that this input belongs to, as `ParseAlarmEvent` named it. Raises `InvalidEvent`."""
    return _incident(read(event), execution_arn, started_at)


def recognised(case: "Case", store: IncidentStore) -> "Case":
    """The case with the incident that its event belongs to, where ParseAlarmEvent could not say so itself."""
    if case.event is None:
        return case
    told = case.incident
    try:
        incident = incident_of(case.event, told.execution_arn, told.opened_at)
    except InvalidEvent:
        return case
    incident = _of_this_execution(incident, told, store)
    return replace(case, incident=replace(incident, disposition=told.disposition, problem=told.problem))


def _of_this_execution(incident: Incident, told: Incident, store: IncidentStore) -> Incident:
    """The incident, under another id where another delivery of the same event is at work on it, or may be:
    its record, report and message are not ours."""
    try:
        owner = store.owner(incident)
    except AutoRepairError:
        return replace(incident, id=told.id)  # people are told all the same
    if owner is None:
        return incident
    is_ours = owner.execution_arn == told.execution_arn
    return replace(incident, id=incident.id if is_ours else told.id, function_name=owner.function_name)


def _incident(request: Request, execution_arn: str, started_at: datetime) -> Incident:
    alarm = request.alarm
    at = alarm.changed_at if alarm else started_at
    # Every delivery of one alarm event has the same identity; a manual start is always its own.
    identity = (alarm.arn or alarm.name) if alarm else execution_arn
    return Incident(
        # Of what the event itself names: whoever reads it again arrives at the same id.
        id=incident_id(request.named or request.heart, at, identity),
        function_name=request.heart,
        opened_at=started_at,
        trigger=request.trigger,
        alias=request.alias,
        alarm=alarm,
        execution_arn=execution_arn,
        resource=request.resource.id if request.resource else "",
        since=request.since,
        question=redact(request.question),
        reading=request.reading,
    )


def _foreign(request: Request, execution_arn: str) -> str:
    """That it lives in another account or Region; empty where it does not."""
    here = tuple(execution_arn.split(":")[3:5])
    # Functions of one name live in many regions and accounts: never take one for the other.
    if not (request.home and here) or request.home == here:
        return ""
    there, ours = (" of account ".join(place) for place in (request.home, here))
    return (
        f"the event is about {_named(request)} in {there}, and this deployment serves {ours}; "
        "deploy one there"
    )


def _named(request: Request) -> str:
    if request.function_name:
        return f"function {request.function_name!r}"
    if request.resource is None and request.alarm:
        return f"alarm {request.alarm.name!r}"
    return str(request.resource)


def _rejected(
    event: Any,
    function_name: str,
    execution_arn: str,
    at: datetime,
    problem: str,
    trigger: Trigger = Trigger.ALARM,
) -> Incident:
    return Incident(
        id=incident_id(function_name, *(_sent(event) or (at, execution_arn))),
        function_name=function_name,
        opened_at=at,
        trigger=trigger,
        disposition=Disposition.REJECTED,
        execution_arn=execution_arn,
        problem=problem,
    )


def _sent(event: Any) -> tuple[datetime, str] | None:
    """When EventBridge took the event in, and what tells it from any other: equal for every delivery.

    None of anything but an event with an id, such as a start by hand, which is always its own.
    """
    known = event if isinstance(event, dict) else {}
    when = known.get("time")
    if not (known.get("id") and isinstance(when, str)):
        return None
    try:
        return parse(when), json.dumps(event, sort_keys=True)
    except ValueError:
        return None
