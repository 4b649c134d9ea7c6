variable "name" {
  description = "Name of the function."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What the function does, in one sentence."
  type        = string
  nullable    = false
}

variable "package" {
  description = "The zip file: where it lies in S3, and its SHA-256 in base64."
  type = object({
    bucket  = string
    key     = string
    version = string
    sha256  = string
  })
  nullable = false
}

variable "layer_arns" {
  description = "Layers, lowest first."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor: arm64 or x86_64. It must be the one the layer is built for."
  type        = string
  nullable    = false
}

variable "memory_mb" {
  description = "Memory, MB. The share of a processor grows with it."
  type        = number
  default     = 512
  nullable    = false
}

variable "timeout_s" {
  description = "Seconds before AWS cuts an invocation off. Shorter than the timeout of its state in the workflow."
  type        = number
  default     = 60
  nullable    = false
}

variable "environment_variables" {
  description = "Environment of the function."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the environment and the log."
  type        = string
  nullable    = false
}

variable "role_name" {
  description = "Name of the function's role; null for the function's own name."
  type        = string
  default     = null
}

variable "policy_json" {
  description = "What the function may do beyond writing its own log and traces, as a policy document."
  type        = string
  nullable    = false
}

variable "reserved_concurrency" {
  description = "Invocations at a time; null for no limit of its own. 0 stops the function."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 0, false)
    error_message = "reserved_concurrency is 0 or more, or null for no limit."
  }
}

variable "error_alarm" {
  description = "Whether to make an alarm on the function's errors."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 365
  nullable    = false
}
