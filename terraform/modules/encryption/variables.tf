variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "deletion_window_days" {
  description = "Days between the order to delete the key and its end. Until then it can be saved."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days is between 7 and 30: AWS allows nothing else."
  }
}
