variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts tables and reports."
  type        = string
  nullable    = false
}

variable "bucket_suffix" {
  description = "What follows the name of the reports bucket, with its leading hyphen; empty for the bare name."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that reports and evidence are kept. Table items carry their own expiry."
  type        = number
  default     = 400
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether tables and reports survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
