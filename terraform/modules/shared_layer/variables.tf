variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "package" {
  description = "The zip file: where it lies in S3, and its SHA-256 in base64."
  type = object({
    bucket  = string
    key     = string
    version = string
    sha256  = string
  })
  nullable = false
}

variable "runtime" {
  description = "Lambda runtime that the layer is built for."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor that the layer is built for."
  type        = string
  nullable    = false
}
