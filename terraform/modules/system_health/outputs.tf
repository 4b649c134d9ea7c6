output "alarm_name" {
  description = "Name of the alarm on the system's own health."
  value       = aws_cloudwatch_metric_alarm.this.alarm_name
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
