output "policies" {
  description = "Number of managed policies that the grant takes up on its role."
  value       = length(local.chunks)
}

output "documents" {
  description = "What is granted: the policy documents."
  value       = data.aws_iam_policy_document.this[*].minified_json
}
