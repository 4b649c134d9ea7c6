"""What may forbid a repair by now although its plan passed every guardrail: hours may lie between."""

from auto_repair.domain.evidence import Alias, FunctionConfiguration
from auto_repair.domain.guardrails import Moment, freeze, pause, splits_traffic, too_dear
from auto_repair.domain.incident import Incident
from auto_repair.domain.manual_start import start_command
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.policy import FunctionPolicy, Limits, Mode
from auto_repair.domain.repair import Change, Refusal, Setting, shown

NEWER_DEPLOYMENT = "newer deployment"


def forbidden_now(moment: Moment, plan: Plan) -> Refusal | None:
    """Why the plan's change may not begin at this time, or None. Asked again right before the first write: a
    person may have taken hours to agree, and agreed to the repair, not to lifting what the owner forbids now.
    """
    limits = moment.policy.limits
    return (
        pause(moment)
        or freeze(moment)
        or _stricter_mode(moment.policy, plan)
        or _lower_cap(limits, plan)
        or too_dear(limits, plan.extra_cost_usd_per_month)
    )


def deployed_since(incident: Incident, what: str, live: FunctionConfiguration) -> Refusal:
    """Why a repair that was planned for other code or settings may not begin."""
    told = {
        "code": "other code has been deployed to",
        "settings": "other settings (environment variables, layers, role or the like) have been deployed to",
    }
    where = (
        live.function_name if live.version == "$LATEST" else f"version {live.version} of {live.function_name}"
    )
    changed = f", last modified at {live.last_modified:%Y-%m-%d %H:%M:%S} UTC" if live.last_modified else ""
    return _out_of_date(incident, f"since the repair was planned, {told[what]} {where}{changed}")


def gone_since(incident: Incident, qualifier: str | None) -> Refusal:
    """Why a repair may not begin for callers of something that somebody has deleted."""
    what = f"{incident.function_name}:{qualifier}" if qualifier else incident.function_name
    return _out_of_date(incident, f"since the repair was planned, {what} has been deleted")


def alias_moved_since(incident: Incident, change: Change, alias: Alias) -> Refusal | None:
    """Why an alias that somebody else moves, or has moved, may not be moved by a repair."""
    if alias.weights:
        return splits_traffic(alias)
    if alias.version == change.alias_version:
        return None
    now = f"alias {alias.name} points to version {alias.version}"
    return _out_of_date(
        incident, f"{now} by now, and the repair was planned for version {change.alias_version}"
    )


def _out_of_date(incident: Incident, reason: str) -> Refusal:
    command = start_command(incident)
    again = f"start again with `{command}`" if command else "start the incident by hand"
    return Refusal(
        NEWER_DEPLOYMENT, reason, f"if it still fails, {again}: what is deployed by now is looked at anew"
    )


def _stricter_mode(policy: FunctionPolicy, plan: Plan) -> Refusal | None:
    if not policy.onboarded:
        return Refusal(
            "not onboarded",
            "since the repair was planned, the function has been taken out of monitored_functions",
            "onboard it again, and start the incident by hand",
        )
    mode = policy.mode_for(plan.repair)
    if mode is Mode.AUTO or (mode is Mode.ASK and plan.decision is Decision.ASK):
        return None
    return Refusal(
        "mode",
        f"since the repair was planned, the mode of {plan.repair} has become {mode}",
        "start the incident by hand: a person will be asked"
        if mode is Mode.ASK
        else "change the mode in the function's entry of monitored_functions, and start the incident by hand",
    )


def _lower_cap(limits: Limits, plan: Plan) -> Refusal | None:
    """The owner's caps by now. At planning, each repair keeps to them by itself."""
    caps = {
        Setting.MEMORY_MB: ("memory cap", limits.max_memory_mb, "limits.max_memory_mb"),
        Setting.TIMEOUT_S: ("timeout cap", limits.max_timeout_s, "limits.max_timeout_s"),
        Setting.RESERVED_CONCURRENCY: (
            "concurrency cap",
            limits.max_reserved_concurrency,
            "limits.max_reserved_concurrency",
        ),
    }
    for setting in plan.change.settings if plan.change else ():
        if setting.setting not in caps:
            continue
        rule, cap, name = caps[setting.setting]
        if isinstance(setting.after, int) and setting.after > cap:
            return Refusal(
                rule,
                f"{setting} was planned, and by now {name} allows no more than {shown(setting.setting, cap)}",
                f"raise {name}, or let it be and start the incident by hand: a new plan keeps to it",
            )
    return None
