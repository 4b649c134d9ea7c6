output "state_machine_arn" {
  description = "ARN of the repair workflow."
  value       = aws_sfn_state_machine.this.arn
}

output "event_bus_name" {
  description = "Name of the bus on which the rules of the onboarded functions live."
  value       = aws_cloudwatch_event_bus.this.name
}

output "start_role_arn" {
  description = "Role with which rules on the bus start the workflow."
  value       = aws_iam_role.start.arn
}

output "undelivered_queue_name" {
  description = "Name of the queue of events that could not be delivered."
  value       = aws_sqs_queue.undelivered.name
}

output "undelivered_queue_arn" {
  description = "ARN of the queue of events that could not be delivered."
  value       = aws_sqs_queue.undelivered.arn
}

output "rules" {
  description = "Rules on the default bus, by name, with the ARNs of their targets."
  value = {
    (aws_cloudwatch_event_rule.alarms.name)            = [aws_cloudwatch_event_bus.this.arn]
    (aws_cloudwatch_event_rule.failed_executions.name) = [var.topic_arn, var.function_arns["notifier"]]
  }
}

output "log_group" {
  description = "The log of executions: its name, and the days that it is kept."
  value       = { name = aws_cloudwatch_log_group.executions.name, days = aws_cloudwatch_log_group.executions.retention_in_days }
}

output "role_names" {
  description = "Names of the roles of the workflow and of the rules."
  value       = [aws_iam_role.workflow.name, aws_iam_role.forward.name, aws_iam_role.start.name]
}
