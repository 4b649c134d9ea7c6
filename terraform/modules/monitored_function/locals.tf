locals {
  known_repairs  = sort([for file in fileset("${path.module}/../../../layers/shared/python/auto_repair/repairs", "*.py") : trimsuffix(file, ".py") if !startswith(file, "_")])
  moment_of_week = "^(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9]$"

  # Longer than AWS allows: as much as fits before a hyphen and the first 8 hex digits of the whole name's SHA-256.
  # The functions find the rule by the same sum (domain/naming.py).
  full_names = {
    rule      = "lambda-auto-repair-alarm-rule-${var.function_name}"
    errors    = "lambda-errors-alarm-${var.function_name}"
    duration  = "lambda-duration-alarm-${var.function_name}"
    throttles = "lambda-throttles-alarm-${var.function_name}"
  }
  limits = { rule = 64, errors = 255, duration = 255, throttles = 255 }
  names = {
    for key, name in local.full_names : key =>
    length(name) <= local.limits[key] ? name : "${substr(name, 0, local.limits[key] - 9)}-${substr(sha256(name), 0, 8)}"
  }

  # An alarm on metric math carries one entry per metric: it matches if one of them is this function's.
  own_alarms = {
    configuration = {
      metrics = {
        metricStat = {
          metric = {
            namespace  = ["AWS/Lambda"]
            dimensions = { FunctionName = [var.function_name] }
          }
        }
      }
    }
  }
  # As text, because the two forms differ in type.
  alarm_pattern = jsondecode(
    length(var.settings.other_alarms) == 0
    ? jsonencode(local.own_alarms)
    : jsonencode({ "$or" = [local.own_alarms, { alarmName = var.settings.other_alarms }] })
  )

  mode = coalesce(var.settings.mode, var.default_mode)

  # What the functions read: domain/policy.py, FunctionPolicy.
  policy = {
    mode                  = local.mode
    repairs               = var.settings.repairs
    limits                = var.settings.limits
    alias                 = var.settings.alias
    caller_timeout_s      = var.settings.caller_timeout_s
    freeze_windows        = var.settings.freeze_windows
    approvers             = var.settings.approvers
    contact               = var.settings.contact
    probe_payload         = var.settings.probe_payload
    min_invocations       = var.settings.min_invocations
    verification_budget_s = var.settings.verification_budget_s
    approval_expiry_s     = var.settings.approval_expiry_s
    cooldown_s            = var.settings.cooldown_s
    queues                = var.settings.queues
    buckets               = var.settings.buckets
  }
}
