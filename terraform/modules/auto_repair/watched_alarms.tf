# Alarms that belong to no single function. They take the same way as those of onboarded functions.

resource "aws_cloudwatch_event_rule" "watched_alarms" {
  count = length(var.watched_alarms) > 0 ? 1 : 0

  name           = "lambda-auto-repair-watched-alarms-${var.environment}"
  event_bus_name = module.repair_workflow.event_bus_name
  description    = "These alarms start an investigation. Disable to pause."

  event_pattern = jsonencode({
    source        = ["aws.cloudwatch"]
    "detail-type" = ["CloudWatch Alarm State Change"]
    detail        = { state = { value = ["ALARM"] }, alarmName = var.watched_alarms }
  })

  lifecycle {
    # Who paused it decides when it goes on; an apply must not resume it.
    ignore_changes = [state]
  }
}

resource "aws_cloudwatch_event_target" "watched_alarms" {
  count = length(var.watched_alarms) > 0 ? 1 : 0

  rule           = aws_cloudwatch_event_rule.watched_alarms[0].name
  event_bus_name = module.repair_workflow.event_bus_name
  arn            = module.repair_workflow.state_machine_arn
  role_arn       = module.repair_workflow.start_role_arn

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 100
  }

  dead_letter_config {
    arn = module.repair_workflow.undelivered_queue_arn
  }
}
