variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "folder" {
  description = "Folder of the built zips."
  type        = string
  nullable    = false
}

variable "packages" {
  description = "Zips in that folder to upload, such as lambdas/executor.zip."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for package in var.packages : fileexists("${var.folder}/${package}")])
    error_message = "Zips are missing in artifacts_dir = ${var.folder}. Run `make build` first."
  }
}

variable "bucket_suffix" {
  description = "What follows the name of the bucket, with its leading hyphen; empty for the bare name."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "Key that encrypts the zips."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether earlier versions of the code survive a `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
