output "state_machine_arn" {
  description = "ARN of the repair workflow."
  value       = module.auto_repair.state_machine_arn
}

output "event_bus" {
  description = "Bus on which the rules of the onboarded functions live."
  value       = module.auto_repair.event_bus
}

output "topic_arn" {
  description = "Topic to subscribe to."
  value       = module.auto_repair.topic_arn
}

output "tables" {
  description = "Names of the tables."
  value       = module.auto_repair.tables
}

output "buckets" {
  description = "Names of the buckets."
  value       = module.auto_repair.buckets
}

output "functions" {
  description = "Names of our functions, by role."
  value       = module.auto_repair.functions
}

output "health_alarm" {
  description = "Alarm on the system's own health."
  value       = module.auto_repair.health_alarm
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = module.auto_repair.dashboard_url
}

output "monitored_functions" {
  description = "What is looked after, and how."
  value       = module.auto_repair.monitored_functions
}

output "kms_key_arn" {
  description = "Key that encrypts everything. Further environments of the account and region may share it: their kms_key_arn."
  value       = module.auto_repair.kms_key_arn
}

output "key_policy" {
  description = "What the policy of a key must allow to serve as kms_key_arn."
  value       = module.auto_repair.key_policy
}

output "deployment" {
  description = "What the environment consists of; scripts/validate-deployment.sh checks it."
  value       = module.auto_repair.deployment
}
