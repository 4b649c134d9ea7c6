output "log_group" {
  description = "Name of the log group of CloudTrail events."
  value       = aws_cloudwatch_log_group.this.name
}

output "trail" {
  description = "Name of the trail, null without one."
  value       = one(aws_cloudtrail.this[*].name)
}

output "buckets" {
  description = "Names of the trail's bucket, if there is one."
  value       = module.bucket[*].name
}

output "role_names" {
  description = "Names of the trail's role, if there is one."
  value       = aws_iam_role.trail[*].name
}
