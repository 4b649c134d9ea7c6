# The code of our functions. From a bucket they are made side by side; from local files the provider makes one
# after the other.

module "bucket" {
  source = "../private_bucket"

  name          = "lambda-auto-repair-artifacts-${var.environment}${var.bucket_suffix}"
  kms_key_arn   = var.kms_key_arn
  is_disposable = !var.deletion_protection
}

resource "aws_s3_object" "packages" {
  for_each = var.packages

  bucket      = module.bucket.name
  key         = each.key
  source      = "${var.folder}/${each.key}"
  source_hash = filemd5("${var.folder}/${each.key}")
  kms_key_id  = var.kms_key_arn
}
