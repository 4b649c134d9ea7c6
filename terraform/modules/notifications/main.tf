data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "this" {
  name              = "lambda-auto-repair-notifications-${var.environment}"
  display_name      = "Lambda Auto-Repair ${var.environment}"
  kms_master_key_id = var.kms_key_arn
}

data "aws_iam_policy_document" "publishers" {
  statement {
    sid       = "FailedExecutions"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    # No condition: EventBridge names neither rule nor account when it publishes to an encrypted topic, and AWS
    # documents conditions on the source as unsupported there. A role of the rule instead is documented both as
    # possible and as a reason for lost events, on the one way that must work when nothing else does. What is left
    # open: whoever knows this ARN could let a rule of another account publish here. A message moves nothing; the
    # worst is words of others in the inbox, and the commands in them would act with the reader's own permissions.
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  statement {
    sid       = "HealthAlarmAndBudget"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.publishers.json
}

resource "aws_sns_topic_subscription" "emails" {
  for_each = var.emails

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}
