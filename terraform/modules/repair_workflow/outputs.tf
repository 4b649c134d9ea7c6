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
