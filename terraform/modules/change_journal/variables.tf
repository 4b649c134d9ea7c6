variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the table."
  type        = string
  nullable    = false
}

variable "recorder_arn" {
  description = "Function that writes the journal."
  type        = string
  nullable    = false
}

variable "dead_letter_queue_arn" {
  description = "Queue that keeps events which could not be delivered to the recorder."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the table survives a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
