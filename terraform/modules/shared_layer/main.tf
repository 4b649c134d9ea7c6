resource "aws_lambda_layer_version" "this" {
  layer_name               = "lambda-auto-repair-${var.environment}"
  description              = "Code and libraries shared by all functions of Lambda Auto-Repair"
  s3_bucket                = var.package.bucket
  s3_key                   = var.package.key
  s3_object_version        = var.package.version
  source_code_hash         = var.package.sha256
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
}
