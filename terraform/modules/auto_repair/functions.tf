locals {
  runtime = "python3.13"

  # Role in the workflow → what it does, and what it may do (permissions.tf).
  functions = {
    coordinator     = { does = "Validates the alarm, finds the function, opens or joins its incident", may = data.aws_iam_policy_document.coordinator }
    collector       = { does = "Gathers evidence: metrics, logs, configuration, changes", may = data.aws_iam_policy_document.collector }
    diagnoser       = { does = "Ranks hypotheses on the root cause", may = data.aws_iam_policy_document.diagnoser }
    planner         = { does = "Picks the repair within guardrails and the owner's policy", may = data.aws_iam_policy_document.planner }
    approver        = { does = "Asks a person, with the exact change and the way back", may = data.aws_iam_policy_document.approver }
    executor        = { does = "Applies a change or its inverse; the only one that changes a function", may = data.aws_iam_policy_document.executor }
    verifier        = { does = "Compares after with before and settles the verdict", may = data.aws_iam_policy_document.verifier }
    notifier        = { does = "Writes the report, tells people, closes the incident", may = data.aws_iam_policy_document.notifier }
    slack_notifier  = { does = "Passes messages of the topic on to Slack", may = data.aws_iam_policy_document.slack_notifier }
    change_recorder = { does = "Keeps the journal of changes", may = data.aws_iam_policy_document.change_recorder }
    findings        = { does = "Lists findings, takes what people say of them, looks again at late evidence", may = data.aws_iam_policy_document.findings }
  }

  # They wait for many sources, each with a deadline of its own; the others for a few calls.
  timeouts_s = { collector = 140, verifier = 120 }

  # What settings.py and powertools read.
  environment_variables = {
    ENVIRONMENT                  = var.environment
    REPAIRS_TABLE                = module.incident_store.repairs_table
    DIAGNOSIS_TABLE              = module.incident_store.diagnosis_table
    INCIDENTS_TABLE              = module.incident_store.incidents_table
    CHANGES_TABLE                = module.change_journal.table
    REPORTS_BUCKET               = module.incident_store.reports_bucket
    TOPIC_ARN                    = module.notifications.topic_arn
    EVENT_BUS                    = "lambda-auto-repair-${var.environment}" # by name: functions need not wait for the bus
    POLICY_PREFIX                = "/lambda-auto-repair/${var.environment}/functions"
    NOTIFICATION_TEMPLATE        = var.notification_template
    EMAIL_TEMPLATE               = var.email_template
    RETENTION_DAYS               = tostring(var.retention_days)
    LOG_LEVEL                    = var.log_level
    POWERTOOLS_SERVICE_NAME      = local.service
    POWERTOOLS_METRICS_NAMESPACE = "LambdaAutoRepair"
  }
  environment_variables_of = {
    slack_notifier = { for arn in var.slack_webhook_secret_arn[*] : "SLACK_WEBHOOK_SECRET_ARN" => arn }
    # Without a model there is no variable at all: the advisor is off.
    diagnoser = merge([
      for advisor in var.advisor[*] : {
        ADVISOR_MODEL_ID                 = advisor.model_id
        ADVISOR_MAX_SECONDS              = tostring(advisor.max_seconds)
        ADVISOR_MAX_TOKENS               = tostring(advisor.max_tokens)
        ADVISOR_MAX_USD                  = tostring(advisor.max_usd)
        ADVISOR_USD_PER_1K_INPUT_TOKENS  = tostring(advisor.usd_per_1k_input_tokens)
        ADVISOR_USD_PER_1K_OUTPUT_TOKENS = tostring(advisor.usd_per_1k_output_tokens)
        KNOWLEDGE_BASE_ID                = coalesce(advisor.knowledge_base_id, "none") == "none" ? "" : advisor.knowledge_base_id
      }
    ]...)
  }
}

module "artifacts" {
  source = "../artifacts"

  environment         = var.environment
  folder              = var.artifacts_dir
  packages            = concat(["layer.zip"], [for role in keys(local.functions) : "lambdas/${role}.zip"])
  bucket_suffix       = local.bucket_suffix
  kms_key_arn         = module.encryption.key_arn
  deletion_protection = var.deletion_protection
}

module "shared_layer" {
  source = "../shared_layer"

  environment  = var.environment
  package      = module.artifacts.packages["layer.zip"]
  runtime      = local.runtime
  architecture = var.architecture
}

module "functions" {
  source   = "../lambda_function"
  for_each = local.functions

  name                  = "lambda-auto-repair-${replace(each.key, "_", "-")}-${var.environment}"
  description           = each.value.does
  package               = module.artifacts.packages["lambdas/${each.key}.zip"]
  layer_arns            = [module.shared_layer.arn]
  runtime               = local.runtime
  architecture          = var.architecture
  timeout_s             = lookup(local.timeouts_s, each.key, 60)
  environment_variables = merge(local.environment_variables, lookup(local.environment_variables_of, each.key, {}))
  kms_key_arn           = module.encryption.key_arn
  role_name             = each.key == "executor" ? "lambda-auto-repair-execution-${var.environment}" : null
  policy_json           = each.value.may.json
  error_alarm           = var.function_alarms
}

# These are run by EventBridge, SNS and the recorder of changes, which do not wait for an answer: what fails for
# good is kept.
resource "aws_lambda_function_event_invoke_config" "alone" {
  for_each = toset(["notifier", "slack_notifier", "change_recorder", "findings"])

  function_name                = module.functions[each.key].name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = module.repair_workflow.undelivered_queue_arn
    }
  }
}

resource "aws_sns_topic_subscription" "slack" {
  count = var.slack_webhook_secret_arn == null ? 0 : 1

  topic_arn = module.notifications.topic_arn
  protocol  = "lambda"
  endpoint  = module.functions["slack_notifier"].arn
}

resource "aws_lambda_permission" "slack" {
  count = var.slack_webhook_secret_arn == null ? 0 : 1

  statement_id  = "topic"
  action        = "lambda:InvokeFunction"
  function_name = module.functions["slack_notifier"].name
  principal     = "sns.amazonaws.com"
  source_arn    = module.notifications.topic_arn
}
