variable "function_name" {
  description = "Name of the Lambda function to look after. It must exist; who made it does not matter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-_]{1,64}$", var.function_name))
    error_message = "monitored_functions: '${var.function_name}' is not the name of a Lambda function. Give the bare name, no ARN; an alias goes into the entry: { alias = \"live\" }."
  }

  validation {
    condition     = !startswith(var.function_name, "lambda-auto-repair-")
    error_message = "monitored_functions: '${var.function_name}' is part of Lambda Auto-Repair, which does not repair itself."
  }
}

variable "environment" {
  description = "Name of the environment, part of the path of the policy."
  type        = string
  nullable    = false
}

variable "default_mode" {
  description = "Mode of a function whose settings name none: observe, ask or auto."
  type        = string
  default     = "observe"
  nullable    = false

  validation {
    condition     = contains(["observe", "ask", "auto"], var.default_mode)
    error_message = "default_mode is one of observe, ask or auto."
  }
}

variable "settings" {
  description = <<-EOT
    What the owner of the function wants. {} is enough.

    mode                   How far the system goes alone: observe (tells), ask (a person decides), auto.
    repairs                Mode per repair, where it differs: { raise_timeout = "ask" }.
    limits                 Absolute caps; no repair goes beyond them. Money: USD per month, added by one repair.
    alias                  Alias that callers use. It is repaired by a new version, and timeouts are read from it.
    caller_timeout_s       Seconds that callers wait, where the system cannot see it.
    freeze_windows         Weekly spans without automatic changes: { start = "fri 16:00", end = "mon 08:00", timezone = "Europe/Berlin" }.
    approvers              Who may say yes, as shown in the question.
    contact                Whom messages name as owner.
    probe_payload          A harmless event that may be sent to verify a repair. Allows the verifier to invoke the function.
    min_invocations        Runs that must be seen before a repair counts as verified.
    verification_budget_s  How long to wait for them, at most 12 hours.
    approval_expiry_s      How long a question waits, at most 24 hours; no answer means no.
    cooldown_s             Quiet time between two repairs.
    queues                 ARNs of SQS queues that feed the function: their visibility timeout may move with its timeout.
    buckets                ARNs of S3 buckets that the function uses: their former policy may be restored, once a person agrees.
    other_alarms           Names of alarms on what stands before or behind the function, such as an API's 5XX, to be looked into too. Composite ones, too; one on a metric of your own needs the tag auto-repair:target.
    alarms                 When our alarms fire; see alarms.tf. A function that runs less than once a minute needs datapoints_to_alarm = 1.
  EOT
  type = object({
    mode    = optional(string)
    repairs = optional(map(string), {})
    limits = optional(object({
      max_memory_mb                = optional(number, 3008)
      max_timeout_s                = optional(number, 300)
      max_reserved_concurrency     = optional(number, 200)
      max_extra_cost_usd_per_month = optional(number, 50)
    }), {})
    alias            = optional(string)
    caller_timeout_s = optional(number)
    freeze_windows = optional(list(object({
      start    = string
      end      = string
      timezone = optional(string, "UTC")
    })), [])
    approvers             = optional(list(string), [])
    contact               = optional(string, "")
    probe_payload         = optional(any)
    min_invocations       = optional(number, 3)
    verification_budget_s = optional(number, 1800)
    approval_expiry_s     = optional(number, 14400)
    cooldown_s            = optional(number, 600)
    queues                = optional(list(string), [])
    buckets               = optional(list(string), [])
    other_alarms          = optional(list(string), [])
    alarms = optional(object({
      error_rate_percent     = optional(number, 5)
      min_errors             = optional(number, 1)
      duration_share_percent = optional(number, 90)
      min_throttles          = optional(number, 1)
      period_s               = optional(number, 60)
      evaluation_periods     = optional(number, 3)
      datapoints_to_alarm    = optional(number, 2)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["observe", "ask", "auto"], coalesce(var.settings.mode, "observe"))
    error_message = "monitored_functions.${var.function_name}: mode is one of observe, ask or auto."
  }

  validation {
    condition     = alltrue([for mode in values(var.settings.repairs) : contains(["observe", "ask", "auto"], mode)])
    error_message = "monitored_functions.${var.function_name}: each mode in repairs is one of observe, ask or auto."
  }

  validation {
    condition     = length(setsubtract(keys(var.settings.repairs), local.known_repairs)) == 0
    error_message = "monitored_functions.${var.function_name}: repairs names something unknown. Known are: ${join(", ", local.known_repairs)}."
  }

  validation {
    condition     = var.settings.limits.max_memory_mb >= 128 && var.settings.limits.max_memory_mb <= 10240
    error_message = "monitored_functions.${var.function_name}: limits.max_memory_mb is between 128 and 10240, what AWS Lambda offers."
  }

  validation {
    condition     = var.settings.limits.max_timeout_s >= 1 && var.settings.limits.max_timeout_s <= 900
    error_message = "monitored_functions.${var.function_name}: limits.max_timeout_s is between 1 and 900, what AWS Lambda offers."
  }

  validation {
    condition     = var.settings.limits.max_reserved_concurrency >= 1
    error_message = "monitored_functions.${var.function_name}: limits.max_reserved_concurrency is 1 or more."
  }

  validation {
    condition     = var.settings.limits.max_extra_cost_usd_per_month >= 0
    error_message = "monitored_functions.${var.function_name}: limits.max_extra_cost_usd_per_month is 0 or more."
  }

  validation {
    condition     = var.settings.alias == null || can(regex("^[a-zA-Z0-9-_]*[a-zA-Z-_][a-zA-Z0-9-_]*$", var.settings.alias))
    error_message = "monitored_functions.${var.function_name}: alias is the name of an alias such as live; a version number never changes, so it cannot be repaired."
  }

  validation {
    condition     = var.settings.caller_timeout_s == null || try(var.settings.caller_timeout_s >= 1, false)
    error_message = "monitored_functions.${var.function_name}: caller_timeout_s is 1 or more seconds, or left out."
  }

  validation {
    condition = alltrue([
      for window in var.settings.freeze_windows : can(regex(local.moment_of_week, window.start)) && can(regex(local.moment_of_week, window.end))
    ])
    error_message = "monitored_functions.${var.function_name}: freeze_windows start and end with a weekday and a time, as in \"fri 16:00\"."
  }

  validation {
    condition     = alltrue([for window in var.settings.freeze_windows : can(regex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", window.timezone))])
    error_message = "monitored_functions.${var.function_name}: the timezone of a freeze window is a name such as UTC or Europe/Berlin."
  }

  validation {
    condition     = var.settings.min_invocations >= 1
    error_message = "monitored_functions.${var.function_name}: min_invocations is 1 or more: without a run nothing is proved."
  }

  validation {
    condition     = var.settings.verification_budget_s >= 60 && var.settings.verification_budget_s <= 43200
    error_message = "monitored_functions.${var.function_name}: verification_budget_s is between 60 and 43200 seconds: the history of an execution holds no more looks, with every step of an incident taking as long."
  }

  validation {
    condition     = var.settings.approval_expiry_s >= 60 && var.settings.approval_expiry_s <= 86400
    error_message = "monitored_functions.${var.function_name}: approval_expiry_s is between 60 and 86400 seconds: each step of an incident may ask anew, and all of them end within 30 days."
  }

  validation {
    condition     = var.settings.cooldown_s >= 0
    error_message = "monitored_functions.${var.function_name}: cooldown_s is 0 or more seconds."
  }

  validation {
    condition     = alltrue([for arn in var.settings.queues : can(regex("^arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9-_.]+$", arn))])
    error_message = "monitored_functions.${var.function_name}: queues are ARNs of SQS queues, without wildcards, such as arn:aws:sqs:us-east-1:123456789012:orders."
  }

  validation {
    condition     = alltrue([for arn in var.settings.buckets : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", arn))])
    error_message = "monitored_functions.${var.function_name}: buckets are ARNs of S3 buckets, without wildcards and without objects, such as arn:aws:s3:::images."
  }

  validation {
    condition     = alltrue([for name in var.settings.other_alarms : length(name) >= 1 && length(name) <= 255 && !startswith(name, "arn:")])
    error_message = "monitored_functions.${var.function_name}: other_alarms are names of CloudWatch alarms, not ARNs, such as image-api-5xx."
  }

  validation {
    condition     = var.settings.alarms.error_rate_percent > 0 && var.settings.alarms.error_rate_percent <= 100
    error_message = "monitored_functions.${var.function_name}: alarms.error_rate_percent is above 0 and at most 100."
  }

  validation {
    condition     = var.settings.alarms.duration_share_percent > 0 && var.settings.alarms.duration_share_percent <= 100
    error_message = "monitored_functions.${var.function_name}: alarms.duration_share_percent is above 0 and at most 100."
  }

  validation {
    condition     = var.settings.alarms.min_errors >= 1 && var.settings.alarms.min_throttles >= 1
    error_message = "monitored_functions.${var.function_name}: alarms.min_errors and alarms.min_throttles are 1 or more: an alarm at 0 never rests."
  }

  validation {
    condition     = var.settings.alarms.period_s % 60 == 0 && var.settings.alarms.period_s >= 60
    error_message = "monitored_functions.${var.function_name}: alarms.period_s is a multiple of 60: AWS Lambda's metrics have one point a minute."
  }

  validation {
    condition     = var.settings.alarms.datapoints_to_alarm >= 1 && var.settings.alarms.datapoints_to_alarm <= var.settings.alarms.evaluation_periods
    error_message = "monitored_functions.${var.function_name}: alarms.datapoints_to_alarm is between 1 and alarms.evaluation_periods."
  }

  validation {
    condition     = var.settings.alarms.evaluation_periods * var.settings.alarms.period_s <= 86400
    error_message = "monitored_functions.${var.function_name}: alarms.evaluation_periods times alarms.period_s is at most a day (86400 s)."
  }
}

variable "settings_as_written" {
  description = "The same settings as they stand in the operator's file. Terraform drops attributes it does not know without a word; a misspelt cap must not vanish like that."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.settings_as_written), keys(var.settings))) == 0
    error_message = "monitored_functions.${var.function_name}: there is no setting ${join(", ", setsubtract(keys(var.settings_as_written), keys(var.settings)))}. Known are: ${join(", ", keys(var.settings))}."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.settings_as_written.limits), []), keys(var.settings.limits))) == 0
    error_message = "monitored_functions.${var.function_name}: there is no such limit. Known are: ${join(", ", formatlist("limits.%s", keys(var.settings.limits)))}."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.settings_as_written.alarms), []), keys(var.settings.alarms))) == 0
    error_message = "monitored_functions.${var.function_name}: there is no such alarm setting. Known are: ${join(", ", formatlist("alarms.%s", keys(var.settings.alarms)))}."
  }
}

variable "event_bus_name" {
  description = "Bus on which the function's rule lives."
  type        = string
  nullable    = false
}

variable "state_machine_arn" {
  description = "Workflow that the rule starts."
  type        = string
  nullable    = false
}

variable "start_role_arn" {
  description = "Role with which the rule starts the workflow."
  type        = string
  nullable    = false
}

variable "undelivered_queue_arn" {
  description = "Queue for alarms that could not start the workflow."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the policy."
  type        = string
  nullable    = false
}
