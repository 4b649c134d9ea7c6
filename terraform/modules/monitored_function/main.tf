data "aws_lambda_function" "this" {
  function_name = var.function_name
  qualifier     = coalesce(var.settings.alias, "$LATEST")
}

resource "aws_ssm_parameter" "policy" {
  name        = "/lambda-auto-repair/${var.environment}/functions/${var.function_name}/policy"
  description = "What Lambda Auto-Repair may do to ${var.function_name}"
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value       = jsonencode(local.policy)

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.policy)) <= 4096
      error_message = "monitored_functions.${var.function_name}: the settings have more than 4096 characters, the size of an SSM parameter. Shorten probe_payload or the lists."
    }
  }
}

# The pause switch: `aws events disable-rule` on it, and no alarm starts a repair of this function.
resource "aws_cloudwatch_event_rule" "alarms" {
  name           = local.names.rule
  event_bus_name = var.event_bus_name
  description    = "Any alarm on ${var.function_name} starts the repair workflow. Disable to pause."

  event_pattern = jsonencode({
    source        = ["aws.cloudwatch"]
    "detail-type" = ["CloudWatch Alarm State Change"]
    detail        = merge({ state = { value = ["ALARM"] } }, local.alarm_pattern)
  })

  lifecycle {
    # Who paused the function decides when it goes on; an apply must not resume it.
    ignore_changes = [state]
  }
}

resource "aws_cloudwatch_event_target" "workflow" {
  rule           = aws_cloudwatch_event_rule.alarms.name
  event_bus_name = var.event_bus_name
  arn            = var.state_machine_arn
  role_arn       = var.start_role_arn

  # An hour bridges an outage of Step Functions; an older alarm says little about now.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 100
  }

  dead_letter_config {
    arn = var.undelivered_queue_arn
  }
}
