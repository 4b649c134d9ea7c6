# One entry becomes alarms, a rule and a policy. tests/contract reads the JSON files beside this one, so that
# Terraform and the functions cannot drift apart.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  function_name         = "orders"
  environment           = "dev"
  event_bus_name        = "lambda-auto-repair-dev"
  state_machine_arn     = "arn:aws:states:us-east-1:123456789012:stateMachine:lambda-auto-repair-workflow-dev"
  start_role_arn        = "arn:aws:iam::123456789012:role/lambda-auto-repair-start-dev"
  undelivered_queue_arn = "arn:aws:sqs:us-east-1:123456789012:lambda-auto-repair-undelivered-events-dev"
  kms_key_arn           = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "an_empty_entry_is_enough" {
  command = plan

  assert {
    condition     = jsondecode(aws_ssm_parameter.policy.value) == jsondecode(file("./tests/default_policy.json"))
    error_message = "The policy of an empty entry is not tests/default_policy.json."
  }

  assert {
    condition     = aws_ssm_parameter.policy.name == "/lambda-auto-repair/dev/functions/orders/policy" && aws_ssm_parameter.policy.type == "SecureString"
    error_message = "The functions look for the policy elsewhere."
  }

  assert {
    condition     = output.mode == "observe"
    error_message = "A function starts in observe unless somebody says otherwise."
  }
}

run "the_environment_sets_the_mode_of_entries_without_one" {
  command = plan

  variables {
    default_mode = "auto"
  }

  assert {
    condition     = output.mode == "auto" && jsondecode(aws_ssm_parameter.policy.value).mode == "auto"
    error_message = "default_mode has no effect."
  }
}

run "every_setting_arrives" {
  command = plan

  variables {
    default_mode        = "auto"
    settings            = jsondecode(file("./tests/full_policy.json"))
    settings_as_written = jsondecode(file("./tests/full_policy.json"))
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.policy.value) == jsondecode(file("./tests/full_policy.json"))
    error_message = "A setting was lost or changed on its way."
  }

  assert {
    condition     = data.aws_lambda_function.this.qualifier == "live"
    error_message = "The timeout is read from the alias that callers use."
  }
}

run "errors_alarm_is_a_rate_with_a_floor" {
  command = plan

  variables {
    settings = { alarms = { error_rate_percent = 20, min_errors = 3 } }
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.errors.metric_query : query.expression if query.return_data == true] == ["IF(errors >= 3, 100 * errors / invocations, 0)"]
    error_message = "The expression is not a rate above the floor."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.threshold == 20 && aws_cloudwatch_metric_alarm.errors.alarm_name == "lambda-errors-alarm-orders"
    error_message = "Threshold or name of the errors alarm is wrong."
  }
}

run "duration_alarm_follows_the_timeout" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.duration.threshold == 27000 && aws_cloudwatch_metric_alarm.duration.extended_statistic == "p99"
    error_message = "The threshold is 90 % of the timeout of 30 s, in milliseconds, on p99."
  }

  assert {
    condition     = data.aws_lambda_function.this.qualifier == "$LATEST"
    error_message = "Without an alias callers reach $LATEST, not the last published version."
  }
}

run "alarms_take_two_of_three_points_and_no_data_for_healthy" {
  command = plan

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.duration, aws_cloudwatch_metric_alarm.throttles] :
      alarm.datapoints_to_alarm == 2 && alarm.evaluation_periods == 3 && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "An alarm has no M of N, or does not say what missing data means."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.duration, aws_cloudwatch_metric_alarm.throttles] :
      length(coalesce(alarm.alarm_actions, [])) == 0
    ])
    error_message = "An alarm with an action of its own tells people twice."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.throttles.threshold == 1 && aws_cloudwatch_metric_alarm.throttles.metric_name == "Throttles"
    error_message = "The throttles alarm does not watch throttles."
  }
}

run "rule_matches_any_alarm_on_the_function" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern).detail == {
      state = { value = ["ALARM"] }
      configuration = {
        metrics = { metricStat = { metric = { namespace = ["AWS/Lambda"], dimensions = { FunctionName = ["orders"] } } } }
      }
    }
    error_message = "The rule's pattern is not the function's alarms."
  }

  assert {
    condition     = aws_cloudwatch_event_target.workflow.dead_letter_config[0].arn == var.undelivered_queue_arn
    error_message = "An alarm that cannot start the workflow would vanish."
  }
}

run "other_alarms_start_the_workflow_too" {
  command = plan

  variables {
    settings = { other_alarms = ["image-api-5xx", "images-denied"] }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern).detail == {
      state = { value = ["ALARM"] }
      "$or" = [
        { configuration = { metrics = { metricStat = { metric = { namespace = ["AWS/Lambda"], dimensions = { FunctionName = ["orders"] } } } } } },
        { alarmName = ["image-api-5xx", "images-denied"] },
      ]
    }
    error_message = "The rule's pattern is not the function's own alarms and the named ones."
  }
}

run "short_names_stay" {
  command = plan

  assert {
    condition     = output.rule == jsondecode(file("./tests/rule_names.json"))[var.function_name]
    error_message = "The rule's name differs from tests/rule_names.json."
  }
}

run "names_that_just_fit_stay" {
  command = plan

  variables {
    function_name = "thirty-four-characters-fit-exactly"
  }

  assert {
    condition     = output.rule == jsondecode(file("./tests/rule_names.json"))[var.function_name]
    error_message = "The rule's name differs from tests/rule_names.json."
  }
}

run "long_names_are_shortened_with_a_hash" {
  command = plan

  variables {
    function_name = "a-function-name-of-sixty-four-characters-which-is-all-aws-allows"
  }

  assert {
    condition     = output.rule == jsondecode(file("./tests/rule_names.json"))[var.function_name] && length(output.rule) == 64
    error_message = "The rule's name differs from tests/rule_names.json."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.duration.alarm_name == "lambda-duration-alarm-a-function-name-of-sixty-four-characters-which-is-all-aws-allows"
    error_message = "Alarm names have room enough: they stay whole."
  }
}
