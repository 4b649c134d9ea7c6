# Changes come in crowds, and to incidents that are still being worked on: what could not be looked at when it
# became known is taken up by this schedule. It runs a short query, and nothing else where nothing is wanted.
resource "aws_cloudwatch_event_rule" "second_looks" {
  name                = "lambda-auto-repair-second-looks-${var.environment}"
  description         = "Takes up incidents that a late change concerns and that could not be looked at again at once"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "second_looks" {
  rule = aws_cloudwatch_event_rule.second_looks.name
  arn  = var.recorder_arn

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }
}

resource "aws_lambda_permission" "second_looks" {
  statement_id  = "second-looks"
  action        = "lambda:InvokeFunction"
  function_name = var.recorder_arn
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.second_looks.arn
}
