"""What a person should do or look at after an incident, most important first."""

from auto_repair.domain.approval import EXPIRED
from auto_repair.domain.guardrails import PAUSED
from auto_repair.domain.manual_start import start_command
from auto_repair.domain.naming import OURS, alarm_rule, duration_alarm
from auto_repair.domain.repair import DOCUMENTS, Change, Refusal, Setting, SettingChange
from auto_repair.reports.escaping import one_line
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.reports.statements import MOST_GAPS, closable_gaps, sentence
from auto_repair.reports.wording import listed

# What Terraform's AWS provider calls the settings that we change: the resource and its argument.
_TERRAFORM = {
    Setting.MEMORY_MB: ("aws_lambda_function", "memory_size"),
    Setting.TIMEOUT_S: ("aws_lambda_function", "timeout"),
    Setting.RESERVED_CONCURRENCY: ("aws_lambda_function", "reserved_concurrent_executions"),
    Setting.VISIBILITY_TIMEOUT_S: ("aws_sqs_queue", "visibility_timeout_seconds"),
    Setting.BUCKET_POLICY: ("aws_s3_bucket_policy", "policy"),
}


def nothing(_: IncidentReport) -> list[str]:
    """Nobody has to do anything."""
    return []


def keep_it(report: IncidentReport) -> list[str]:
    """A repair that lives only in AWS is undone by the next run of whatever manages the function."""
    if report.change is None:
        return []
    is_live = report.repair is not None and not report.is_overtaken
    published = report.repair.published_version if report.repair and is_live else ""
    return [_write_down(report.change, published), *_follow_timeout(report)]


def keep_what_holds(report: IncidentReport) -> list[str]:
    """An earlier incident has repaired it: what was to be done then may not have been done yet."""
    by = report.plan.settled_by if report.plan else None
    return [f"Nothing now. If it has not been done since: {_write_down(by.change)}"] if by else []


def _write_down(change: Change, published: str = "") -> str:
    lines = [_declared(setting) for setting in change.settings]
    if change.publishes and published:
        alias, number = one_line(change.alias, 140), one_line(published, 40)
        where = f"aws_lambda_alias {alias}, where a number stands there"
        lines.append(f'`function_version = "{number}"` ({where})')
    return (
        f"Write {listed(lines)} into Terraform, or the same into whatever else manages it, or its next run "
        "undoes the repair."
    )


def _declared(setting: SettingChange) -> str:
    """`memory_size = 384` with the resource that it is an argument of."""
    kind, argument = _TERRAFORM[setting.setting]
    name = one_line(setting.resource.rsplit(":", 1)[-1], 100)
    what = (
        "the policy that is live now" if setting.setting in DOCUMENTS else f"`{argument} = {setting.after}`"
    )
    return f"{what} ({kind} {name})"


def _follow_timeout(report: IncidentReport) -> list[str]:
    """The onboarding's own alarm compares with the timeout that was live when it was last applied."""
    former = report.change.before(Setting.TIMEOUT_S) if report.change else None
    if former is None:
        return []
    alarm = one_line(duration_alarm(report.subject), 120)
    return [
        f"Apply Lambda Auto-Repair's Terraform again: until then {alarm} compares with the former timeout of "
        f"{former} s. It stays in ALARM and starts nothing more, or fires again although nothing is wrong."
    ]


def find_proof(report: IncidentReport) -> list[str]:
    """The change is live and unproven."""
    checks = report.verification.checks if report.verification else ()
    still_open = [one_line(c.name, 80) for c in checks if c.passed is None]
    what = f" Still open: {listed(still_open)}." if still_open else ""
    return [
        f"Send or await traffic, then look at errors, duration and throttles since the change.{what}",
        f"If it did not help, run the rollback commands of this report.{_after_release(report)}",
        *keep_it(report),
    ]


def judge_anew(report: IncidentReport) -> list[str]:
    """Somebody deployed something else, and what was changed for the former code stays."""
    return [
        "See whether what is deployed by now still fails, and decide whether it needs the changed values.",
        f"If not, run the rollback commands of this report.{_after_release(report)}",
        *keep_it(report),
    ]


def _after_release(report: IncidentReport) -> str:
    """The commands move no alias where that would take somebody's release back, or make one."""
    change = report.change
    if not (report.is_overtaken and change and change.publishes):
        return ""
    alias = one_line(change.alias, 140)
    return f" They change $LATEST only: callers of alias {alias} see it once you release that."


def ask_who_changed_it(_: IncidentReport) -> list[str]:
    """Somebody else changed a repaired setting before anybody could tell whether it helped."""
    return [
        "Find out who or what changed it, a person or a deployment, and whether that was meant: the failure "
        "may go on. The next repair of the same setting is asked about.",
    ]


def look_deeper(report: IncidentReport) -> list[str]:
    """The repair did not help."""
    rest = report.diagnosis.hypotheses[1:4] if report.diagnosis else ()
    others = listed([f"“{one_line(h.title, 120)}”" for h in rest])
    return [
        "The failure goes on: it has another cause than the one we held responsible, or needs another cure.",
        *([f"Look at what else was considered: {others}."] if others else []),
    ]


def after_a_no(report: IncidentReport) -> list[str]:
    """A person said no, or nobody answered."""
    if report.approval and report.approval.decision == EXPIRED["decision"]:
        again = start_command(report.incident)
        return [f"The failure goes on. To be asked again, run `{again}` or await the next alarm."]
    return ["The failure goes on until somebody acts; the plan and its evidence are in the report."]


def way_out(report: IncidentReport) -> list[str]:
    """A rule forbade the repair."""
    refusal = report.refusal
    return [sentence(_out_of(refusal, report))] if refusal and refusal.way_out else []


def _out_of(refusal: Refusal, report: IncidentReport) -> str:
    """With whole commands where the rule is a switch of ours: nobody has to look up its name and bus."""
    if refusal.rule != PAUSED:
        return refusal.way_out
    enable = (
        f"aws events enable-rule --region {report.region} --name {alarm_rule(report.incident.function_name)} "
        f"--event-bus-name {OURS}{report.environment}"
    )
    return f"enable it, then start again: `{enable}`, `{start_command(report.incident)}`"


def lift_limit(report: IncidentReport) -> list[str]:
    """A further step was wanted, and a rule forbade it."""
    plan, refusal = report.plan, report.refusal
    is_further = plan is not None and (plan.is_last_rung or report.rollback is not None)
    if refusal is None or not is_further:
        return []
    rule = one_line(refusal.rule, 80)
    why = f"A further step was wanted, but the rule “{rule}” forbids it: {sentence(refusal.reason)}"
    return [f"{why} {sentence(_out_of(refusal, report))}" if refusal.way_out else why]


def promote(_: IncidentReport) -> list[str]:
    """The mode was observe."""
    return ["If the plan is right, carry it out by hand, or onboard the function with mode ask or auto."]


def look_at_execution(_: IncidentReport) -> list[str]:
    """Our own workflow failed."""
    return [
        "Open the execution to see the failed state, its input and the whole cause.",
        "The function may still be failing: look at its alarm.",
    ]


def look_at_configuration(report: IncidentReport) -> list[str]:
    """Nobody knows what the configuration is now."""
    return [
        "Look at the live configuration now, with the check commands of this report.",
        "If it is not what you want, run the rollback commands of this report.",
        *(look_at_execution(report) if report.failure else []),
    ]


def advice(report: IncidentReport) -> list[str]:
    """Only a person can cure this."""
    cause = report.diagnosis.root_cause if report.diagnosis else None
    if cause and cause.advice:
        return [sentence(cause.advice)]
    return [sentence(reason) for reason in report.plan.reasons] if report.plan else []


def check_alarm(_: IncidentReport) -> list[str]:
    """Nothing is wrong, and yet the alarm fired."""
    return [
        "If the alarm is right, it sees something that we do not: compare it with the evidence.",
        "If it is wrong, raise its threshold or ask for more datapoints, so that it stops waking people.",
    ]


def asked_back(report: IncidentReport) -> str:
    """What must be known before a question in words can be looked into; empty where nothing was asked."""
    field, _, rest = report.incident.problem.partition(": ")
    return one_line(rest) if field == "question" and report.incident.question else ""


def check_sender(report: IncidentReport) -> list[str]:
    """The event made no sense, or is not for us to act on."""
    if asked_back(report):
        return ["Ask again, with the answer to this in the question, or name the resource as TARGET."]
    return [
        "If that is not as it should be, see what sent this event (a rule that matches too much, a manual "
        "start with a typing error), or what keeps its alarm from acting (a mute rule, a suppressor)."
    ]


def close_gaps(report: IncidentReport) -> list[str]:
    """Evidence was missing that somebody could provide."""
    missing = listed(closable_gaps(report), MOST_GAPS)
    return [f"Make readable what was missing, for a surer diagnosis next time: {missing}."] if missing else []
