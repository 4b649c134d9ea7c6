output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "log_group" {
  description = "The function's log: its name, and the days that it is kept."
  value       = { name = aws_cloudwatch_log_group.this.name, days = aws_cloudwatch_log_group.this.retention_in_days }
}

output "alarms" {
  description = "Names of its alarms."
  value       = aws_cloudwatch_metric_alarm.errors[*].alarm_name
}
