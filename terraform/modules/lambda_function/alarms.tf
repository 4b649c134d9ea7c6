# No action of its own: the system health alarm speaks for all functions. This one shows which of them it is.
resource "aws_cloudwatch_metric_alarm" "errors" {
  count = var.error_alarm ? 1 : 0

  alarm_name = "${var.name}-errors"
  alarm_description = join("\n", [
    "${var.name} failed.",
    "Check: its log /aws/lambda/${var.name}, then the executions of the repair workflow in the same minutes.",
    "Incidents are not lost: the workflow records the failure and tells people.",
  ])
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = var.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
}
