variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "state_machine_arn" {
  description = "The repair workflow."
  type        = string
  nullable    = false
}

variable "undelivered_queue_name" {
  description = "Queue of events that could not be delivered."
  type        = string
  nullable    = false
}

variable "function_names" {
  description = "Name of each of our functions, by its role."
  type        = map(string)
  nullable    = false
}

variable "service" {
  description = "Service name under which our functions publish their own metrics."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "Topic that hears when the system's health changes and when the budget is at risk."
  type        = string
  nullable    = false
}

variable "monthly_budget_usd" {
  description = "Monthly budget of everything tagged Project=lambda-auto-repair, in USD; null for none. One per account."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd is above 0, or null for no budget."
  }
}
