# Who watches the watchman. One plain metric alarm, so that `describe-alarms --alarm-names` shows it without more.
# CloudWatch allows ten metrics in one: errors of functions that the workflow runs are not among them, since after
# their retries they become a failed incident or a failed execution, which are.

locals {
  period = 300
  alone  = { for role in ["notifier", "slack_notifier"] : role => var.function_names[role] }

  signals = merge(
    {
      failed    = { namespace = "AWS/States", name = "ExecutionsFailed", stat = "Sum", dimensions = { StateMachineArn = var.state_machine_arn } }
      timed_out = { namespace = "AWS/States", name = "ExecutionsTimedOut", stat = "Sum", dimensions = { StateMachineArn = var.state_machine_arn } }
      aborted   = { namespace = "AWS/States", name = "ExecutionsAborted", stat = "Sum", dimensions = { StateMachineArn = var.state_machine_arn } }
      incidents = { namespace = "LambdaAutoRepair", name = "IncidentFailed", stat = "Sum", dimensions = { service = var.service } }
      lost      = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", stat = "Maximum", dimensions = { QueueName = var.undelivered_queue_name } }
    },
    { for role, name in local.alone : role => { namespace = "AWS/Lambda", name = "Errors", stat = "Sum", dimensions = { FunctionName = name } } },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name = "lambda-auto-repair-system-health-${var.environment}"
  alarm_description = join("\n", [
    "Lambda Auto-Repair itself is in trouble: an execution or an incident failed, or an event was not delivered.",
    "Check: dashboard lambda-auto-repair-${var.environment}; failed executions of the workflow; queue ${var.undelivered_queue_name}.",
    "Undo: disable the rules of the functions on the bus lambda-auto-repair-${var.environment} to stop all repairs.",
  ])
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]

  metric_query {
    id          = "troubles"
    label       = "Troubles"
    expression  = "SUM([${join(", ", [for id in keys(local.signals) : "FILL(${id}, 0)"])}])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.signals

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.stat
        period      = local.period
      }
    }
  }
}

resource "aws_budgets_budget" "this" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = "lambda-auto-repair-monthly-budget"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = format("%.2f", var.monthly_budget_usd)
  limit_unit   = "USD"

  # Counts only once the tag Project is activated as a cost allocation tag in the billing console.
  cost_filter {
    name   = "TagKeyValue"
    values = ["user:Project$lambda-auto-repair"]
  }

  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [var.topic_arn]
  }

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [var.topic_arn]
  }
}
