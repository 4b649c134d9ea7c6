variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "bucket_suffix" {
  description = "What follows the name of the bucket, with its leading hyphen; empty for the bare name."
  type        = string
  nullable    = false
}

variable "documents" {
  description = "Folder of the runbooks, Markdown."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the documents."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether documents that operators added survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
