output "bucket" {
  description = "Name of the bucket of runbooks."
  value       = module.bucket.name
}

output "bucket_arn" {
  description = "ARN of the bucket of runbooks."
  value       = module.bucket.arn
}
