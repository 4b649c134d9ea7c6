variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "definition" {
  description = "Path of the state machine's definition, with a placeholder such as $${executor_arn} per function."
  type        = string
  nullable    = false
}

variable "function_arns" {
  description = "ARN of each function that the definition names, by its role: coordinator, collector, …"
  type        = map(string)
  nullable    = false
}

variable "topic_arn" {
  description = "Topic that hears of executions which failed."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the bus, the queue and the log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that the log is kept."
  type        = number
  default     = 365
  nullable    = false
}
