variable "environment" {
  description = "Name of the environment, part of every name."
  type        = string
  nullable    = false
}

variable "package" {
  description = "Path of the layer's zip file."
  type        = string
  nullable    = false
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
