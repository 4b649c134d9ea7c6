# The real provider plans everything and writes the policies; what it would ask AWS is answered here.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "mock"
  secret_key                  = "mock"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.encryption.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.notifications.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.repair_workflow.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.audit[0].data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.monitored_functions["orders"].data.aws_lambda_function.this
  values = { timeout = 30 }
}

override_data {
  target = module.monitored_functions["payments"].data.aws_lambda_function.this
  values = { timeout = 30 }
}

override_data {
  target = module.monitored_functions["billing"].data.aws_lambda_function.this
  values = { timeout = 30 }
}

override_module {
  target = module.artifacts
  outputs = {
    bucket_arn = "arn:aws:s3:::b"
    packages = {
      "layer.zip"                   = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/coordinator.zip"     = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/collector.zip"       = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/diagnoser.zip"       = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/planner.zip"         = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/approver.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/executor.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/verifier.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/notifier.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/slack_notifier.zip"  = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/change_recorder.zip" = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/findings.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
    }
  }
}

variables {
  environment   = "dev"
  artifacts_dir = "built-elsewhere"
}

run "a_system_without_functions" {
  command = plan

  assert {
    condition     = module.changes_to_functions.policies + module.changes_to_queues.policies + module.changes_to_buckets.policies + module.probes.policies == 0
    error_message = "Nobody onboarded a function, and yet something may be changed."
  }

  assert {
    condition     = output.functions["executor"] == "lambda-auto-repair-executor-dev" && output.functions["slack_notifier"] == "lambda-auto-repair-slack-notifier-dev"
    error_message = "A function has another name than the operations manual says."
  }

  assert {
    condition     = output.tables == { changes = "lambda-auto-repair-changes-dev", repairs = "lambda-auto-repair-repairs-dev", diagnosis = "lambda-auto-repair-diagnosis-dev", incidents = "lambda-auto-repair-incidents-dev" }
    error_message = "A table has another name than the operations manual says."
  }

  assert {
    condition     = output.buckets == { reports = "lambda-auto-repair-reports-dev-123456789012", knowledge = "lambda-auto-repair-knowledge-bucket-dev-123456789012" }
    error_message = "Bucket names are global: they carry the account unless told otherwise."
  }
}

run "secret_parameters_stay_encrypted" {
  command = plan

  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.read_parameters.json).Statement : statement if statement.Effect == "Deny"] == [{
      Sid      = "LeaveSecretParametersEncrypted"
      Effect   = "Deny"
      Action   = "kms:Decrypt"
      Resource = "*"
      Condition = {
        StringLike    = { "kms:ViaService" = "ssm.*" }
        StringNotLike = { "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:us-east-1:123456789012:parameter/lambda-auto-repair/dev/functions/*" }
      }
    }]
    error_message = "Whoever reads parameters could decrypt more of them than the owners' policies."
  }

  assert {
    condition     = strcontains(data.aws_iam_policy_document.coordinator.json, "LeaveSecretParametersEncrypted")
    error_message = "The denial does not reach the role."
  }
}

run "a_journal_of_changes" {
  command = plan

  assert {
    condition     = alltrue([for pattern in values(module.change_journal.patterns) : length(pattern) <= 2048])
    error_message = "EventBridge takes patterns of at most 2048 characters: move some services of calls.json to another group."
  }

  assert {
    condition     = module.change_journal.table == "lambda-auto-repair-changes-dev"
    error_message = "The table of changes has another name than permissions.tf says."
  }
}

run "a_system_with_functions" {
  command = plan

  variables {
    bucket_suffix  = ""
    watched_alarms = ["queue-is-stuck"]
    monitored_functions = {
      orders   = { mode = "auto" }
      payments = { mode = "ask", probe_payload = { ping = true } }
    }
    additional_monitored_functions = {
      orders  = { mode = "observe" }
      billing = { queues = ["arn:aws:sqs:us-east-1:123456789012:bills"], buckets = ["arn:aws:s3:::invoices"] }
    }
  }

  assert {
    condition     = { for name, function in output.monitored_functions : name => function.mode } == { billing = "observe", orders = "observe", payments = "ask" }
    error_message = "The maps are not merged, or the wrong entry wins."
  }

  assert {
    condition = toset(flatten([for document in module.changes_to_functions.documents : jsondecode(document).Statement[*].Resource])) == toset([
      "arn:aws:lambda:us-east-1:123456789012:function:billing",
      "arn:aws:lambda:us-east-1:123456789012:function:orders",
      "arn:aws:lambda:us-east-1:123456789012:function:payments",
    ])
    error_message = "The executor may change more or less than the onboarded functions."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.watched_alarms[0].event_pattern).detail.alarmName == ["queue-is-stuck"]
    error_message = "The rule does not carry the alarms that are to be watched."
  }

  assert {
    condition     = flatten([for document in module.changes_to_queues.documents : jsondecode(document).Statement[*].Resource]) == ["arn:aws:sqs:us-east-1:123456789012:bills"]
    error_message = "The executor may change more or less than the queues that an entry lists."
  }

  assert {
    condition     = flatten([for document in module.changes_to_buckets.documents : jsondecode(document).Statement[*].Resource]) == ["arn:aws:s3:::invoices"]
    error_message = "The executor may restore the policy of more or less than the buckets that an entry lists."
  }

  assert {
    condition = toset(flatten([for document in module.probes.documents : jsondecode(document).Statement[*].Resource])) == toset([
      "arn:aws:lambda:us-east-1:123456789012:function:payments",
      "arn:aws:lambda:us-east-1:123456789012:function:payments:*",
    ])
    error_message = "The verifier may invoke more or less than what has a probe."
  }

  assert {
    condition     = output.buckets == { reports = "lambda-auto-repair-reports-dev", knowledge = "lambda-auto-repair-knowledge-bucket-dev" }
    error_message = "An empty suffix gives the bare names."
  }
}

run "refuses_more_functions_than_one_bus_can_hold" {
  command = plan

  override_module {
    target  = module.monitored_functions
    outputs = { mode = "observe", rule = "", alarms = [], policy_parameter = "" }
  }

  variables {
    quotas              = { rules_per_bus = 3 }
    watched_alarms      = ["queue-is-stuck"]
    monitored_functions = { for number in range(3) : "function-${number}" => {} }
  }

  expect_failures = [terraform_data.quotas]
}

run "refuses_more_functions_than_one_executor_can_hold" {
  command = plan

  override_module {
    target  = module.monitored_functions
    outputs = { mode = "observe", rule = "", alarms = [], policy_parameter = "" }
  }

  variables {
    quotas              = { policies_per_role = 3 }
    monitored_functions = { for number in range(300) : "checkout-function-${number}" => {} }
  }

  expect_failures = [terraform_data.quotas]
}

run "takes_as_many_functions_as_aws_was_asked_for" {
  command = plan

  override_module {
    target  = module.monitored_functions
    outputs = { mode = "observe", rule = "", alarms = [], policy_parameter = "" }
  }

  variables {
    quotas              = { policies_per_role = 4 }
    monitored_functions = { for number in range(300) : "checkout-function-${number}" => {} }
  }

  assert {
    condition     = local.executor_policies == 4
    error_message = "${local.executor_policies} policies for 300 functions."
  }
}

run "another_key" {
  command = plan

  override_data {
    target = module.encryption.data.aws_kms_key.given[0]
    values = {
      arn         = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      enabled     = true
      key_usage   = "ENCRYPT_DECRYPT"
      key_spec    = "SYMMETRIC_DEFAULT"
      key_manager = "CUSTOMER"
    }
  }

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
  }

  assert {
    condition     = output.kms_key_arn == var.kms_key_arn && output.deployment.key.arn == var.kms_key_arn
    error_message = "What is given is not used."
  }

  assert {
    condition     = strcontains(data.aws_iam_policy_document.collector.json, var.kms_key_arn)
    error_message = "Our functions may not use the key."
  }
}

run "a_record_of_what_is_deployed" {
  command = plan

  variables {
    watched_alarms = ["queue-is-stuck"]
    advisor = {
      model_id                 = "some.model"
      model_arns               = ["arn:aws:bedrock:us-east-1::foundation-model/some.model"]
      usd_per_1k_input_tokens  = 0.001
      usd_per_1k_output_tokens = 0.005
    }
  }

  assert {
    condition     = length(output.deployment.functions) == 11 && length(output.deployment.log_groups) == 13
    error_message = "Each function and its log, the workflow's and the trail's: one of them is missing."
  }

  assert {
    condition = toset(keys(output.deployment.rules)) == toset([
      "lambda-auto-repair-alarms-dev",
      "lambda-auto-repair-failed-executions-dev",
      "lambda-auto-repair-watched-alarms-dev",
      "lambda-auto-repair-changes-access-dev",
      "lambda-auto-repair-changes-compute-dev",
      "lambda-auto-repair-changes-data-dev",
      "lambda-auto-repair-changes-secrets-dev",
      "lambda-auto-repair-second-looks-dev",
    ])
    error_message = "A rule is missing in the record, or there is one that is not made."
  }

  assert {
    condition     = output.deployment.alarms == ["lambda-auto-repair-system-health-dev"] && output.deployment.trail == "lambda-auto-repair-dev"
    error_message = "Alarms that cost money are made without being asked for, or the trail is missing."
  }

  assert {
    condition     = output.deployment.advisor.model_arns == tolist(["arn:aws:bedrock:us-east-1::foundation-model/some.model"])
    error_message = "The record does not know the advisor."
  }

  assert {
    condition     = toset(keys(aws_ssm_parameter.deployment)) == toset(keys(output.deployment))
    error_message = "Something of the record is not written down."
  }
}

run "refuses_a_list_of_functions" {
  command = plan

  variables {
    monitored_functions = ["orders"]
  }

  expect_failures = [var.monitored_functions]
}

run "refuses_an_environment_that_makes_names_too_long" {
  command = plan

  variables {
    environment = "production-europe"
  }

  expect_failures = [var.environment]
}

run "refuses_the_webhook_itself" {
  command = plan

  variables {
    slack_webhook_secret_arn = "https://hooks.slack.com/services/x"
  }

  expect_failures = [var.slack_webhook_secret_arn]
}

run "refuses_a_trail_without_its_log_group" {
  command = plan

  variables {
    audit_log_group = false
  }

  expect_failures = [var.audit_trail]
}
