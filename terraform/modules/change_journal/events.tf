# Only AWS itself may use sources that begin with aws., so nobody can write into the journal by sending events.
resource "aws_cloudwatch_event_rule" "changes" {
  for_each = local.calls

  name        = "lambda-auto-repair-changes-${each.key}-${var.environment}"
  description = "Changes for the journal ${local.table}. Without a trail in the account there are none; changes to IAM reach EventBridge in us-east-1 only"

  event_pattern = jsonencode({
    source        = [{ prefix = "aws." }]
    "detail-type" = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]
    detail = {
      eventSource = [for service in keys(each.value) : "${service}.amazonaws.com"]
      # Lambda's names end with the version of its API.
      eventName = [for name in sort(distinct(flatten(values(each.value)))) : { prefix = name }]
      errorCode = [{ exists = false }]
    }
  })
}

resource "aws_cloudwatch_event_target" "recorder" {
  for_each = aws_cloudwatch_event_rule.changes

  rule = each.value.name
  arn  = var.recorder_arn

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }
}

resource "aws_lambda_permission" "recorder" {
  for_each = aws_cloudwatch_event_rule.changes

  statement_id  = "changes-${each.key}"
  action        = "lambda:InvokeFunction"
  function_name = var.recorder_arn
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}
