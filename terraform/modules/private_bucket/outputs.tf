output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "policy" {
  description = "Bucket policy as it is attached; wait for it before a service that it admits is told to write."
  value       = aws_s3_bucket_policy.this.policy
}
