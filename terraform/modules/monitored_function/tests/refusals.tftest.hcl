# What an operator may get wrong is refused before anything is made, naming function, field and remedy.

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

run "refuses_an_arn_for_a_name" {
  command = plan

  variables {
    function_name = "arn:aws:lambda:us-east-1:123456789012:function:orders"
  }

  expect_failures = [var.function_name]
}

run "refuses_to_look_after_itself" {
  command = plan

  variables {
    function_name = "lambda-auto-repair-executor-dev"
  }

  expect_failures = [var.function_name]
}

run "refuses_an_unknown_default_mode" {
  command = plan

  variables {
    default_mode = "automatic"
  }

  expect_failures = [var.default_mode]
}

run "refuses_an_unknown_mode" {
  command = plan

  variables {
    settings = { mode = "automatic" }
  }

  expect_failures = [var.settings]
}

run "refuses_an_unknown_mode_of_a_repair" {
  command = plan

  variables {
    settings = { repairs = { raise_memory = "yes" } }
  }

  expect_failures = [var.settings]
}

run "refuses_an_unknown_repair" {
  command = plan

  variables {
    settings = { repairs = { raise_memry = "observe" } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_memory_cap_beyond_lambda" {
  command = plan

  variables {
    settings = { limits = { max_memory_mb = 20000 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_timeout_cap_beyond_lambda" {
  command = plan

  variables {
    settings = { limits = { max_timeout_s = 901 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_concurrency_cap_of_nothing" {
  command = plan

  variables {
    settings = { limits = { max_reserved_concurrency = 0 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_negative_cost_cap" {
  command = plan

  variables {
    settings = { limits = { max_extra_cost_usd_per_month = -1 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_version_for_an_alias" {
  command = plan

  variables {
    settings = { alias = "7" }
  }

  expect_failures = [var.settings]
}

run "refuses_a_caller_that_does_not_wait" {
  command = plan

  variables {
    settings = { caller_timeout_s = 0 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_freeze_window_without_weekday" {
  command = plan

  variables {
    settings = { freeze_windows = [{ start = "16:00", end = "mon 08:00" }] }
  }

  expect_failures = [var.settings]
}

run "refuses_a_time_that_no_clock_shows" {
  command = plan

  variables {
    settings = { freeze_windows = [{ start = "fri 16:00", end = "mon 24:00" }] }
  }

  expect_failures = [var.settings]
}

run "refuses_an_offset_for_a_timezone" {
  command = plan

  variables {
    settings = { freeze_windows = [{ start = "fri 16:00", end = "mon 08:00", timezone = "+01:00" }] }
  }

  expect_failures = [var.settings]
}

run "refuses_proof_without_a_run" {
  command = plan

  variables {
    settings = { min_invocations = 0 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_verification_budget_of_seconds" {
  command = plan

  variables {
    settings = { verification_budget_s = 10 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_verification_that_outgrows_its_execution" {
  command = plan

  variables {
    settings = { verification_budget_s = 86400 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_question_that_outlives_its_incident" {
  command = plan

  variables {
    settings = { approval_expiry_s = 200000 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_negative_cooldown" {
  command = plan

  variables {
    settings = { cooldown_s = -1 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_wildcard_for_a_queue" {
  command = plan

  variables {
    settings = { queues = ["arn:aws:sqs:us-east-1:123456789012:*"] }
  }

  expect_failures = [var.settings]
}

run "refuses_a_wildcard_for_a_bucket" {
  command = plan

  variables {
    settings = { buckets = ["arn:aws:s3:::images-*"] }
  }

  expect_failures = [var.settings]
}

run "refuses_an_object_for_a_bucket" {
  command = plan

  variables {
    settings = { buckets = ["arn:aws:s3:::images/cat.png"] }
  }

  expect_failures = [var.settings]
}

run "refuses_an_alarm_at_no_errors" {
  command = plan

  variables {
    settings = { alarms = { min_errors = 0 } }
  }

  expect_failures = [var.settings]
}

run "refuses_an_error_rate_of_nothing" {
  command = plan

  variables {
    settings = { alarms = { error_rate_percent = 0 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_share_above_the_timeout" {
  command = plan

  variables {
    settings = { alarms = { duration_share_percent = 120 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_period_finer_than_the_metrics" {
  command = plan

  variables {
    settings = { alarms = { period_s = 30 } }
  }

  expect_failures = [var.settings]
}

run "refuses_more_points_than_periods" {
  command = plan

  variables {
    settings = { alarms = { datapoints_to_alarm = 4 } }
  }

  expect_failures = [var.settings]
}

run "refuses_an_alarm_that_looks_back_for_days" {
  command = plan

  variables {
    settings = { alarms = { period_s = 3600, evaluation_periods = 48 } }
  }

  expect_failures = [var.settings]
}

run "refuses_a_misspelt_setting" {
  command = plan

  variables {
    settings_as_written = { mod = "observe" }
  }

  expect_failures = [var.settings_as_written]
}

run "refuses_an_arn_for_the_name_of_an_alarm" {
  command = plan

  variables {
    settings = { other_alarms = ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:image-api-5xx"] }
  }

  expect_failures = [var.settings]
}

run "refuses_a_misspelt_limit" {
  command = plan

  variables {
    settings_as_written = { limits = { max_memory = 512 } }
  }

  expect_failures = [var.settings_as_written]
}

run "refuses_a_misspelt_alarm_setting" {
  command = plan

  variables {
    settings_as_written = { alarms = { period = 60 } }
  }

  expect_failures = [var.settings_as_written]
}

run "refuses_a_policy_that_does_not_fit" {
  command = plan

  variables {
    settings = { contact = format("%4200s", "x") }
  }

  expect_failures = [aws_ssm_parameter.policy]
}
