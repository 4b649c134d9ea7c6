output "policies" {
  description = "Number of managed policies that the grant takes up on its role."
  value       = length(local.chunks)
}
