output "packages" {
  description = "Where each zip lies, and its hash as Lambda states it."
  value = {
    for name, object in aws_s3_object.packages : name => {
      bucket  = object.bucket
      key     = object.key
      version = object.version_id
      sha256  = filebase64sha256("${var.folder}/${name}")
    }
  }
}

output "bucket_arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}
