variable "region" {
  description = "Region of the environment."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "artifacts_dir" {
  description = "Folder of the built zips (make build)."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor of our functions, x86_64 or arm64; the zips must be built for it."
  type        = string
  default     = "x86_64"
  nullable    = false
}

variable "monitored_functions" {
  description = "Functions to look after: { \"my-function\" = {} }. What an entry may say: modules/monitored_function/variables.tf, settings."
  type        = any
  default     = {}
  nullable    = false
}

variable "additional_monitored_functions" {
  description = "More of them, from another file (make apply EXTRA_VARS=file)."
  type        = any
  default     = {}
  nullable    = false
}

variable "default_mode" {
  description = "Mode of functions whose entry names none: observe, ask or auto."
  type        = string
  default     = "observe"
  nullable    = false
}

variable "advisor" {
  description = "Bedrock model that may judge and word diagnoses, as modules/auto_repair says; null for none."
  type        = any
  default     = null
}

variable "watched_alarms" {
  description = "Names of alarms on anything else than an onboarded function that are to be looked into."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "notification_emails" {
  description = "Addresses that get every message."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "notification_template" {
  description = "Layout of messages: default, or custom for three lines."
  type        = string
  default     = "default"
  nullable    = false
}

variable "email_template" {
  description = "How much a message tells: detailed, or brief without evidence, steps and links."
  type        = string
  default     = "detailed"
  nullable    = false
}

variable "slack_webhook_secret_arn" {
  description = "Secrets Manager secret with the Slack webhook's URL; null for no Slack."
  type        = string
  default     = null
}

variable "log_level" {
  description = "Least important level that our functions log: DEBUG, INFO, WARNING or ERROR."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts everything; null for one of the environment's own, USD 1 a month. What its policy must allow: output key_policy."
  type        = string
  default     = null
}

variable "function_alarms" {
  description = "Whether each of our own functions gets an alarm on its errors, USD 0.10 a month each."
  type        = bool
  default     = false
  nullable    = false
}

variable "quotas" {
  description = "What AWS allows this account, where it was asked for more, as modules/auto_repair says: { rules_per_bus = 1000, policies_per_role = 20 }."
  type        = any
  default     = {}
  nullable    = false
}

variable "bucket_suffix" {
  description = "What follows the names of the buckets, with its leading hyphen; null for -ACCOUNT; empty for the bare names."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether tables, buckets and the key survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "retention_days" {
  description = "Days that incidents, reports and the audit trail are kept; 90 or more, as CloudWatch Logs counts them."
  type        = number
  default     = 400
  nullable    = false
}

variable "audit_trail" {
  description = "Whether to make a CloudTrail trail; false where the account has one."
  type        = bool
  default     = true
  nullable    = false
}

variable "audit_log_group" {
  description = "Whether to make the log group CloudTrail/lambda-auto-repair; false for the second environment in an account and region."
  type        = bool
  default     = true
  nullable    = false
}

variable "monthly_budget_usd" {
  description = "Monthly budget in USD; null for none. One environment per account has it."
  type        = number
  default     = null
}
