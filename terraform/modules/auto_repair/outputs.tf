output "state_machine_arn" {
  description = "ARN of the repair workflow."
  value       = module.repair_workflow.state_machine_arn
}

output "event_bus" {
  description = "Bus on which the rules of the onboarded functions live."
  value       = module.repair_workflow.event_bus_name
}

output "topic_arn" {
  description = "Topic to subscribe to."
  value       = module.notifications.topic_arn
}

output "tables" {
  description = "Names of the tables."
  value       = local.tables
}

output "buckets" {
  description = "Names of the buckets."
  value = {
    reports   = module.incident_store.reports_bucket
    knowledge = module.knowledge_base.bucket
  }
}

output "functions" {
  description = "Names of our functions, by role."
  value       = { for role, function in module.functions : role => function.name }
}

output "health_alarm" {
  description = "Alarm on the system's own health."
  value       = module.system_health.alarm_name
}

output "dashboard_url" {
  description = "The dashboard in the AWS console."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards:name=${module.system_health.dashboard_name}"
}

output "kms_key_arn" {
  description = "Key that encrypts everything; further environments of the account and region may share it."
  value       = module.encryption.key_arn
}

output "key_policy" {
  description = "What the policy of a key must allow to serve as kms_key_arn."
  value       = module.encryption.policy
}

output "deployment" {
  description = "What the environment consists of, as scripts/validate_deployment.py reads it from Parameter Store."
  value       = local.deployment
}

output "monitored_functions" {
  description = "What is looked after, and how. The policy itself is stored encrypted, so a plan shows changes of the mode here."
  value = {
    for name, function in module.monitored_functions : name => {
      mode   = function.mode
      rule   = function.rule
      alarms = function.alarms
      policy = function.policy_parameter
    }
  }
}
