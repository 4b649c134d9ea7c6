variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "bucket_suffix" {
  description = "What follows the name of the trail's bucket, with its leading hyphen; empty for the bare name."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the log group and the trail."
  type        = string
  nullable    = false
}

variable "trail" {
  description = "Whether to make a trail. Without one, EventBridge hears of changes only where the account has another trail, and nothing is written to the log group."
  type        = bool
  default     = true
  nullable    = false
}

variable "observed_bucket_arns" {
  description = "Buckets whose objects' reads and writes are recorded."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "retention_days" {
  description = "Days that the trail's files and the log group are kept."
  type        = number
  default     = 400
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the trail's files survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
