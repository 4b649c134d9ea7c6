module "auto_repair" {
  source = "../../modules/auto_repair"

  environment                    = "local"
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

  # Names as the operations manual writes them, and nothing worth protecting.
  bucket_suffix       = ""
  deletion_protection = false
  # Nobody audits the embedded AWS, and it answers LookupEvents without a trail.
  audit_trail        = false
  monthly_budget_usd = 100
}
