module "bucket" {
  source = "../private_bucket"

  name          = "lambda-auto-repair-knowledge-bucket-${var.environment}${var.bucket_suffix}"
  kms_key_arn   = var.kms_key_arn
  is_disposable = !var.deletion_protection
}

resource "aws_s3_object" "documents" {
  for_each = fileset(var.documents, "**/*.md")

  bucket       = module.bucket.name
  key          = each.key
  source       = "${var.documents}/${each.key}"
  source_hash  = filemd5("${var.documents}/${each.key}")
  content_type = "text/markdown; charset=utf-8"
  kms_key_id   = var.kms_key_arn
}
