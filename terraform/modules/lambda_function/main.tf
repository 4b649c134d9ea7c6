resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:Calls AWS APIs only; inside a VPC it would depend on the networks it may have to diagnose
  #checkov:skip=CKV_AWS_116:Mostly run by the state machine, whose Catch holds the event; those run asynchronously have an on-failure destination (auto_repair/functions.tf)
  #checkov:skip=CKV_AWS_115:A reservation would throttle incident handling in an alarm storm; reserved_concurrency sets one where wanted
  #checkov:skip=CKV_AWS_272:The zip is built reproducibly from this repository and pinned by its hash; signing needs a profile of the account owner

  # The role must be able to write the log before the first invocation.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]

  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = var.runtime
  architectures                  = [var.architecture]
  handler                        = "handler.handler"
  s3_bucket                      = var.package.bucket
  s3_key                         = var.package.key
  s3_object_version              = var.package.version
  source_code_hash               = var.package.sha256
  layers                         = var.layer_arns
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_s
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = var.environment_variables
  }

  tracing_config {
    mode = "Active"
  }
}
