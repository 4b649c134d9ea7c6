variable "name" {
  description = "Name of the bucket, globally unique."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 63
    error_message = "The bucket name ${var.name} has more than 63 characters: choose a shorter environment or bucket_suffix."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects."
  type        = string
  nullable    = false
}

variable "has_bucket_key" {
  description = "Whether one data key serves many objects: fewer calls to KMS, the same protection."
  type        = bool
  default     = true
  nullable    = false
}

variable "expiration_days" {
  description = "Days after which objects are removed; null keeps them."
  type        = number
  default     = null
}

variable "is_disposable" {
  description = "Whether the bucket lives for a demo or a test: it may be destroyed with its objects, and has no lifecycle rules, which take a minute to settle."
  type        = bool
  default     = false
  nullable    = false
}

variable "further_policy_json" {
  description = "Bucket policy statements beyond the refusal of plain HTTP, as a policy document."
  type        = string
  default     = null
}
