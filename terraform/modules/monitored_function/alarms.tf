# No alarm has an action: the rule starts the workflow, and the workflow tells people, once.

locals {
  alarms        = var.settings.alarms
  dimensions    = { FunctionName = var.function_name }
  duration_s    = data.aws_lambda_function.this.timeout * local.alarms.duration_share_percent / 100
  how_to_resume = "Pause repairs: aws events disable-rule --name ${local.names.rule} --event-bus-name ${var.event_bus_name}"
}

# A rate: one failed run means something else at 10 runs than at 10,000. The floor keeps rare functions quiet.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name = local.names.errors
  alarm_description = join("\n", [
    "${var.function_name}: at least ${local.alarms.error_rate_percent} % of its runs fail (${local.alarms.min_errors} or more).",
    "Check: the incident report; `[ERROR]`, `Task timed out` and `signal: killed` in /aws/lambda/${var.function_name}; what was deployed last.",
    "Undo a repair: the report and the item in lambda-auto-repair-repairs-${var.environment} name the former value.",
    local.how_to_resume,
  ])
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = local.alarms.error_rate_percent
  evaluation_periods  = local.alarms.evaluation_periods
  datapoints_to_alarm = local.alarms.datapoints_to_alarm
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "error_rate"
    label       = "Failed runs, percent"
    expression  = "IF(errors >= ${local.alarms.min_errors}, 100 * errors / invocations, 0)"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = local.dimensions
      stat        = "Sum"
      period      = local.alarms.period_s
    }
  }

  metric_query {
    id = "invocations"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = local.dimensions
      stat        = "Sum"
      period      = local.alarms.period_s
    }
  }
}

# The slowest runs against the limit that would cut them off; an average would hide them.
resource "aws_cloudwatch_metric_alarm" "duration" {
  alarm_name = local.names.duration
  alarm_description = join("\n", [
    "${var.function_name}: the slowest 1 % of its runs take ${local.duration_s} s or more, ${local.alarms.duration_share_percent} % of its timeout.",
    "Check: the incident report; how long its dependencies take; memory, since the processor's share grows with it.",
    "Undo a repair: the report and the item in lambda-auto-repair-repairs-${var.environment} name the former value.",
    local.how_to_resume,
  ])
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = local.dimensions
  extended_statistic  = "p99"
  period              = local.alarms.period_s
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = local.duration_s * 1000
  evaluation_periods  = local.alarms.evaluation_periods
  datapoints_to_alarm = local.alarms.datapoints_to_alarm
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name = local.names.throttles
  alarm_description = join("\n", [
    "${var.function_name}: runs are refused (${local.alarms.min_throttles} or more per ${local.alarms.period_s} s), its concurrency is used up.",
    "Check: the incident report; its reserved concurrency (0 stops it), the account's limit, a retry loop upstream.",
    "Undo a repair: the report and the item in lambda-auto-repair-repairs-${var.environment} name the former value.",
    local.how_to_resume,
  ])
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = local.dimensions
  statistic           = "Sum"
  period              = local.alarms.period_s
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = local.alarms.min_throttles
  evaluation_periods  = local.alarms.evaluation_periods
  datapoints_to_alarm = local.alarms.datapoints_to_alarm
  treat_missing_data  = "notBreaching"
}
