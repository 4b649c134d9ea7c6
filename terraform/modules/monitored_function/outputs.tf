output "mode" {
  description = "Mode in force."
  value       = local.mode
}

output "rule" {
  description = "Name of the rule: disable it to pause the function's repairs."
  value       = aws_cloudwatch_event_rule.alarms.name
}

output "alarms" {
  description = "Names of the alarms."
  value = [
    aws_cloudwatch_metric_alarm.errors.alarm_name,
    aws_cloudwatch_metric_alarm.duration.alarm_name,
    aws_cloudwatch_metric_alarm.throttles.alarm_name,
  ]
}

output "policy_parameter" {
  description = "Name of the SSM parameter with the function's policy."
  value       = aws_ssm_parameter.policy.name
}
