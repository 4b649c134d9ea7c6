variable "environment" {
  description = "Name of the environment, part of every name: dev, prod, prod-dr, local, …"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,12}[a-z0-9]$", var.environment))
    error_message = "environment has 2 to 14 lower-case letters, digits and hyphens, and starts with a letter: bucket names end after 63 characters."
  }
}

variable "artifacts_dir" {
  description = "Folder of the built zips: layer.zip, lambdas/<function>.zip."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor of our functions, x86_64 or arm64. The zips must be built for it."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "monitored_functions" {
  description = <<-EOT
    Functions to look after: { "my-function" = {} } is enough. What an entry may say stands in
    modules/monitored_function/variables.tf, variable settings.
  EOT
  # any, and not a map of objects: a conversion would drop misspelt settings before they can be refused.
  type     = any
  default  = {}
  nullable = false

  validation {
    condition     = can(keys(var.monitored_functions)) && alltrue([for entry in try(values(var.monitored_functions), []) : can(keys(entry))])
    error_message = "monitored_functions maps names of functions to their settings: { \"my-function\" = {} }."
  }
}

variable "additional_monitored_functions" {
  description = "More of them, from another file. An entry replaces the one of the same name in monitored_functions."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.additional_monitored_functions)) && alltrue([for entry in try(values(var.additional_monitored_functions), []) : can(keys(entry))])
    error_message = "additional_monitored_functions maps names of functions to their settings: { \"my-function\" = {} }."
  }
}

variable "default_mode" {
  description = "Mode of functions whose entry names none: observe, ask or auto."
  type        = string
  default     = "observe"
  nullable    = false

  validation {
    condition     = contains(["observe", "ask", "auto"], var.default_mode)
    error_message = "default_mode is one of observe, ask or auto."
  }
}

variable "notification_emails" {
  description = "Addresses that get every message. AWS asks each of them to confirm first."
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
  description = "Secrets Manager secret that holds the Slack webhook's URL; null for no Slack."
  type        = string
  default     = null

  validation {
    condition     = var.slack_webhook_secret_arn == null || can(regex("^arn:[a-z-]+:secretsmanager:", var.slack_webhook_secret_arn))
    error_message = "slack_webhook_secret_arn is the ARN of a Secrets Manager secret. The URL itself never goes into Terraform: it would stand in its state."
  }
}

variable "advisor" {
  description = <<-EOT
    A Bedrock model that may reorder our hypotheses within bounds and word the explanation; null for none. It sees redacted evidence.

    model_id                   Model or inference profile, as Converse takes it.
    model_arns                 What the diagnoser may invoke: the model's ARN; of an inference profile, its own and those of its models.
    max_seconds, max_tokens    Per incident.
    max_usd                    Per incident, by the two prices usd_per_1k_…, which must be given.
    knowledge_base_id          A knowledge base to search beside the built-in runbooks.
  EOT
  type = object({
    model_id                 = string
    model_arns               = list(string)
    usd_per_1k_input_tokens  = number
    usd_per_1k_output_tokens = number
    max_seconds              = optional(number, 20)
    max_tokens               = optional(number, 40000)
    max_usd                  = optional(number, 0.05)
    knowledge_base_id        = optional(string)
  })
  default = null

  validation {
    condition     = var.advisor == null || try(var.advisor.max_seconds >= 1 && var.advisor.max_seconds <= 45, false)
    error_message = "advisor.max_seconds is between 1 and 45: the diagnosis must end within its state's time."
  }

  validation {
    condition     = var.advisor == null || try(var.advisor.max_usd > 0 && var.advisor.usd_per_1k_input_tokens > 0 && var.advisor.usd_per_1k_output_tokens > 0, false)
    error_message = "advisor.max_usd and both prices are above 0: without them nobody can keep to a budget."
  }

  validation {
    condition     = var.advisor == null || try(length(var.advisor.model_arns) > 0 && alltrue([for arn in var.advisor.model_arns : can(regex("^arn:[a-z-]+:bedrock:", arn)) && !strcontains(arn, "*")]), false)
    error_message = "advisor.model_arns are ARNs of Bedrock models, without wildcards, such as arn:aws:bedrock:us-east-1::foundation-model/ID."
  }
}

variable "watched_alarms" {
  description = "Names of alarms on anything else that are to be looked into. What is found is told; of functions that are not onboarded, nothing is changed."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.watched_alarms : length(name) >= 1 && length(name) <= 255 && !startswith(name, "arn:")])
    error_message = "watched_alarms are names of CloudWatch alarms, not ARNs, such as queue-is-stuck."
  }
}

variable "quotas" {
  description = <<-EOT
    What AWS allows this account, where it was asked for more than it allows everybody.

    rules_per_bus      EventBridge, L-244521F2: one rule per onboarded function. 100 in some regions.
    policies_per_role  IAM, L-0DA4ABF3: about 70 functions with names of 25 characters fit into one policy.
  EOT
  type = object({
    rules_per_bus     = optional(number, 300)
    policies_per_role = optional(number, 10)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.quotas.rules_per_bus >= 1 && var.quotas.policies_per_role >= 3
    error_message = "quotas.rules_per_bus is 1 or more, quotas.policies_per_role 3 or more: functions, queues and buckets need a policy each."
  }
}

variable "kms_key_arn" {
  description = "Key of this account and region that encrypts everything; null for one of its own, USD 1 a month. What its policy must allow: output key_policy."
  type        = string
  default     = null
}

variable "function_alarms" {
  description = "Whether each of our own functions gets an alarm on its errors, USD 0.10 a month each. The dashboard shows the same, and the system health alarm speaks for all of them."
  type        = bool
  default     = false
  nullable    = false
}

variable "bucket_suffix" {
  description = "What follows the names of the buckets, with its leading hyphen; null for -ACCOUNT, since bucket names are global; empty for the bare names."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_suffix == null || can(regex("^(-[a-z0-9-]*[a-z0-9])?$", var.bucket_suffix))
    error_message = "bucket_suffix is empty, or a hyphen followed by lower-case letters, digits and hyphens."
  }
}

variable "retention_days" {
  description = "Days that incidents, reports and the audit trail are kept. One of the retentions that CloudWatch Logs knows."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days is a retention that CloudWatch Logs knows, 90 days or more: 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, …"
  }
}

variable "log_level" {
  description = "Least important level that our functions log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is one of DEBUG, INFO, WARNING or ERROR."
  }
}

variable "deletion_protection" {
  description = "Whether tables, buckets and the key survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "audit_log_group" {
  description = "Whether to make the log group CloudTrail/lambda-auto-repair. Its name is the same in every environment: false for the second one in an account and region."
  type        = bool
  default     = true
  nullable    = false
}

variable "audit_trail" {
  description = "Whether to make a trail that writes to that log group. Without any trail in the account, EventBridge sees no changes."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.audit_trail || var.audit_log_group
    error_message = "audit_trail needs audit_log_group: the trail writes there."
  }
}

variable "monthly_budget_usd" {
  description = "Monthly budget of everything tagged Project=lambda-auto-repair, in USD; null for none. One per account."
  type        = number
  default     = null
}
