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

    # No condition: AWS documents that EventBridge supports none in the policy of a topic, and no source in that of the
    # topic's key. Of a role for the rule instead, its guide says in one edition that it works and in another that
    # events may get lost with it: not on the one way that must work when nothing else does. What stays open: a rule
    # of another account that knows this ARN could publish here. That puts foreign words into the inbox, no more.
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
