# The way of an alarm: default bus → our bus → the function's own rule (module monitored_function) → state machine.

resource "aws_cloudwatch_event_bus" "this" {
  name               = "lambda-auto-repair-${var.environment}"
  description        = "Alarms on their way to the repair workflow. Disable a function's rule to pause its repairs."
  kms_key_identifier = var.kms_key_arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_cloudwatch_event_rule" "alarms" {
  name        = "lambda-auto-repair-alarms-${var.environment}"
  description = "Alarms that fired, whoever made them, go to the bus lambda-auto-repair-${var.environment}"

  event_pattern = jsonencode({
    source        = ["aws.cloudwatch"]
    "detail-type" = ["CloudWatch Alarm State Change"]
    detail        = { state = { value = ["ALARM"] } }
  })
}

resource "aws_cloudwatch_event_target" "bus" {
  rule     = aws_cloudwatch_event_rule.alarms.name
  arn      = aws_cloudwatch_event_bus.this.arn
  role_arn = aws_iam_role.forward.arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

# Where no Catch can help: the execution itself failed, timed out or was aborted. People hear of it on a path
# that shares nothing with the workflow, and the notifier closes the incident so that the function is free again.
resource "aws_cloudwatch_event_rule" "failed_executions" {
  name        = "lambda-auto-repair-failed-executions-${var.environment}"
  description = "Executions of ${local.name} that ended without a result"

  event_pattern = jsonencode({
    source        = ["aws.states"]
    "detail-type" = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [aws_sfn_state_machine.this.arn]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "people" {
  rule = aws_cloudwatch_event_rule.failed_executions.name
  arn  = var.topic_arn

  input_transformer {
    input_paths = {
      execution = "$.detail.executionArn"
      name      = "$.detail.name"
      region    = "$.region"
      status    = "$.detail.status"
    }
    # Each line is a quoted string of its own: this is how EventBridge writes text.
    input_template = join("\n", [
      "\"Lambda Auto-Repair (${var.environment}): the repair workflow itself ended as <status>.\"",
      "\"This execution changes nothing more, but its incident may be unfinished: look at the function by hand.\"",
      "\"Execution: <name>\"",
      "\"What started it: aws stepfunctions describe-execution --query input --output text --region <region> --execution-arn <execution>\"",
      "\"What failed: aws stepfunctions get-execution-history --reverse-order --max-items 5 --region <region> --execution-arn <execution>\"",
    ])
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_cloudwatch_event_target" "notifier" {
  rule = aws_cloudwatch_event_rule.failed_executions.name
  arn  = var.function_arns["notifier"]

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }
}

resource "aws_lambda_permission" "notifier" {
  statement_id  = "failed-executions"
  action        = "lambda:InvokeFunction"
  function_name = var.function_arns["notifier"]
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.failed_executions.arn
}

# What could not be delivered waits here; the system health alarm counts it.
resource "aws_sqs_queue" "undelivered" {
  name                      = local.undelivered_queue
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.kms_key_arn
  policy                    = data.aws_iam_policy_document.undelivered.json
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid       = "OurRulesAndBus"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.place}:${local.undelivered_queue}"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values = [
        "arn:${local.partition}:events:${local.place}:rule/lambda-auto-repair-*",
        "arn:${local.partition}:events:${local.place}:event-bus/lambda-auto-repair-${var.environment}",
      ]
    }
  }
}
