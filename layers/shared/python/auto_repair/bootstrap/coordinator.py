"""ParseAlarmEvent."""

from auto_repair.bootstrap.environment import clients, settings
from auto_repair.bootstrap.parts import functions, policies, store
from auto_repair.domain.resources import Resource
from auto_repair.use_cases.find_target import FindTarget
from auto_repair.use_cases.look_around import LookAround
from auto_repair.use_cases.parse_alarm_event import ParseAlarmEvent


def parse_alarm_event() -> ParseAlarmEvent:
    """ParseAlarmEvent. An alarm of a function itself needs neither of the two that are imported late."""

    def around() -> LookAround:
        from auto_repair.bootstrap.surroundings import look_around

        return look_around(clients())

    def known() -> tuple[Resource, ...]:
        from auto_repair.adapters.known_resources import known_resources

        return known_resources(settings(), clients())

    return ParseAlarmEvent(functions(), store(), FindTarget(around, policies(), known))
