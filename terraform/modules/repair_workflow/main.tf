data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  place     = "${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}"
  name      = "lambda-auto-repair-workflow-${var.environment}"
  arn       = "arn:${local.partition}:states:${local.place}:stateMachine:${local.name}"

  undelivered_queue = "lambda-auto-repair-undelivered-events-${var.environment}"
}

resource "aws_cloudwatch_log_group" "executions" {
  # The prefix keeps CloudWatch's resource policy for log delivery within its size limit.
  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:Every event is logged, but not its data: that holds the task tokens with which a repair is approved
  depends_on = [aws_iam_role_policy.workflow]

  name       = local.name
  role_arn   = aws_iam_role.workflow.arn
  definition = templatefile(var.definition, { for role, arn in var.function_arns : "${role}_arn" => arn })

  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.executions.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }
}
