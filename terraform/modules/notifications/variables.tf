variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the topic."
  type        = string
  nullable    = false
}

variable "emails" {
  description = "Addresses that get every message. AWS asks each of them to confirm first."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "notification_emails are addresses such as ops-team@example.com."
  }
}
