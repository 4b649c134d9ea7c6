output "key_arn" {
  description = "ARN of the key."
  value       = var.kms_key_arn == null ? aws_kms_key.this[0].arn : data.aws_kms_key.given[0].arn
}

output "policy" {
  description = "What the key's policy must allow."
  value       = jsonencode(local.policy)
}

output "services" {
  description = "Services that the key's policy must let in."
  value       = sort(distinct(flatten([for statement in local.policy.Statement : try(statement.Principal.Service, [])])))
}
