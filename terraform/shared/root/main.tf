# The root module of every environment; the folders of terraform/environments link here. Their name is the environment's,
# and what differs between them stands in ENV.tfvars.

locals {
  environment = basename(abspath(path.root))
}

module "auto_repair" {
  source = "../../modules/auto_repair"

  environment                    = local.environment
  artifacts_dir                  = var.artifacts_dir
  architecture                   = var.architecture
  monitored_functions            = var.monitored_functions
  additional_monitored_functions = var.additional_monitored_functions
  default_mode                   = var.default_mode
  watched_alarms                 = var.watched_alarms
  advisor                        = var.advisor
  notification_emails            = var.notification_emails
  notification_template          = var.notification_template
  email_template                 = var.email_template
  slack_webhook_secret_arn       = var.slack_webhook_secret_arn
  log_level                      = var.log_level
  kms_key_arn                    = var.kms_key_arn
  function_alarms                = var.function_alarms
  quotas                         = var.quotas
  bucket_suffix                  = var.bucket_suffix
  deletion_protection            = var.deletion_protection
  retention_days                 = var.retention_days
  audit_trail                    = var.audit_trail
  audit_log_group                = var.audit_log_group
  monthly_budget_usd             = var.monthly_budget_usd
}
