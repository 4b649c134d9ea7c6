output "table" {
  description = "Name of the table of changes."
  value       = local.table
}

output "table_arn" {
  description = "ARN of the table of changes."
  value       = aws_dynamodb_table.this.arn
}

output "patterns" {
  description = "Event patterns of the rules, by group of services."
  value       = { for group, rule in aws_cloudwatch_event_rule.changes : group => rule.event_pattern }
}

output "rules" {
  description = "Rules on the default bus, by name, with the ARNs of their targets."
  value       = { for rule in concat(values(aws_cloudwatch_event_rule.changes), [aws_cloudwatch_event_rule.second_looks]) : rule.name => [var.recorder_arn] }
}
