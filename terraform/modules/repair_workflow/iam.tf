# The state machine: run its functions, write its log and traces.

data "aws_iam_policy_document" "workflow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arn]
    }
  }
}

data "aws_iam_policy_document" "workflow" {
  statement {
    sid       = "RunItsFunctions"
    actions   = ["lambda:InvokeFunction"]
    resources = values(var.function_arns)
  }

  statement {
    sid = "WriteItsLog"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    # CloudWatch Logs offers no resource for log deliveries and resource policies.
    resources = ["*"]
  }

  statement {
    sid = "WriteItsTraces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    # X-Ray has no resource for traces and for reading the sampling rules.
    resources = ["*"]
  }
}

resource "aws_iam_role" "workflow" {
  name               = local.name
  description        = "Role of the repair workflow"
  assume_role_policy = data.aws_iam_policy_document.workflow_trust.json
}

resource "aws_iam_role_policy" "workflow" {
  name   = "lambda-auto-repair-policy"
  role   = aws_iam_role.workflow.name
  policy = data.aws_iam_policy_document.workflow.json
}

# EventBridge: hand alarms to our bus.

data "aws_iam_policy_document" "forward_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.alarms.arn]
    }
  }
}

data "aws_iam_policy_document" "forward" {
  statement {
    sid       = "HandAlarmsToOurBus"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.this.arn]
  }
}

resource "aws_iam_role" "forward" {
  name               = "lambda-auto-repair-forward-${var.environment}"
  description        = "Hands alarms from the default bus to ours"
  assume_role_policy = data.aws_iam_policy_document.forward_trust.json
}

resource "aws_iam_role_policy" "forward" {
  name   = "lambda-auto-repair-policy"
  role   = aws_iam_role.forward.name
  policy = data.aws_iam_policy_document.forward.json
}

# EventBridge: start the workflow. One role for the rules of all functions.

data "aws_iam_policy_document" "start_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.place}:rule/${aws_cloudwatch_event_bus.this.name}/*"]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "StartTheWorkflow"
    actions   = ["states:StartExecution"]
    resources = [local.arn]
  }
}

resource "aws_iam_role" "start" {
  name               = "lambda-auto-repair-start-${var.environment}"
  description        = "Starts the repair workflow when the alarm of an onboarded function fires"
  assume_role_policy = data.aws_iam_policy_document.start_trust.json
}

resource "aws_iam_role_policy" "start" {
  name   = "lambda-auto-repair-policy"
  role   = aws_iam_role.start.name
  policy = data.aws_iam_policy_document.start.json
}
