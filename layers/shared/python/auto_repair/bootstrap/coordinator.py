"""ParseAlarmEvent."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from auto_repair.bootstrap.environment import clients, settings
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.ports import Alarms
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.look_up_alarm import LookUpAlarm
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent

if TYPE_CHECKING:
    from auto_repair.domain.question.known import Known


def parse_alarm_event() -> ParseAlarmEvent:
    """ParseAlarmEvent. An alarm of a function itself needs none of what is imported late."""

    def alarms() -> Alarms:
        from auto_repair.adapters.alarms import CloudWatchAlarms

        return CloudWatchAlarms(clients())

    def around() -> LookAround:
        from auto_repair.bootstrap.surroundings import look_around

        return look_around(clients())

    def known(services: Collection[str]) -> "Iterable[Known]":
        from auto_repair.adapters.known_resources import known_resources

        return known_resources(settings(), clients(), services)

    find_target = FindTarget(around, policies(), known)
    return ParseAlarmEvent(functions(), store(), find_target, LookUpAlarm(alarms))
