# The whole system. An environment calls this module and says what differs.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition     = data.aws_partition.current.partition
  region        = data.aws_region.current.name
  account       = data.aws_caller_identity.current.account_id
  place         = "${local.region}:${local.account}"
  bucket_suffix = var.bucket_suffix == null ? "-${local.account}" : var.bucket_suffix
  service       = "lambda-auto-repair-${var.environment}" # of our functions' own metrics and logs
  repository    = "${path.module}/../../.."
}

module "encryption" {
  source = "../encryption"

  environment          = var.environment
  kms_key_arn          = var.kms_key_arn
  deletion_window_days = var.deletion_protection ? 30 : 7
}

module "incident_store" {
  source = "../incident_store"

  environment         = var.environment
  kms_key_arn         = module.encryption.key_arn
  bucket_suffix       = local.bucket_suffix
  retention_days      = var.retention_days
  deletion_protection = var.deletion_protection
}

module "change_journal" {
  source = "../change_journal"

  environment           = var.environment
  kms_key_arn           = module.encryption.key_arn
  recorder_arn          = module.functions["change_recorder"].arn
  dead_letter_queue_arn = module.repair_workflow.undelivered_queue_arn
  deletion_protection   = var.deletion_protection
}

module "notifications" {
  source = "../notifications"

  environment = var.environment
  kms_key_arn = module.encryption.key_arn
  emails      = var.notification_emails
}

module "knowledge_base" {
  source = "../knowledge_base"

  environment         = var.environment
  bucket_suffix       = local.bucket_suffix
  documents           = "${local.repository}/knowledge"
  kms_key_arn         = module.encryption.key_arn
  deletion_protection = var.deletion_protection
}

module "repair_workflow" {
  source = "../repair_workflow"

  environment   = var.environment
  definition    = "${local.repository}/asl/repair_workflow.asl.json"
  function_arns = { for role, function in module.functions : role => function.arn }
  topic_arn     = module.notifications.topic_arn
  kms_key_arn   = module.encryption.key_arn
}

module "system_health" {
  source = "../system_health"

  environment            = var.environment
  state_machine_arn      = module.repair_workflow.state_machine_arn
  undelivered_queue_name = module.repair_workflow.undelivered_queue_name
  function_names         = { for role, function in module.functions : role => function.name }
  service                = local.service
  topic_arn              = module.notifications.topic_arn
  monthly_budget_usd     = var.monthly_budget_usd
}

module "audit" {
  count  = var.audit_log_group ? 1 : 0
  source = "../audit"

  environment          = var.environment
  bucket_suffix        = local.bucket_suffix
  kms_key_arn          = module.encryption.key_arn
  trail                = var.audit_trail
  observed_bucket_arns = [module.incident_store.reports_bucket_arn, module.knowledge_base.bucket_arn, module.artifacts.bucket_arn]
  retention_days       = var.retention_days
  deletion_protection  = var.deletion_protection
}
