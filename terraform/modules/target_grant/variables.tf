variable "name" {
  description = "Start of the policies' names, such as lambda-auto-repair-functions-dev."
  type        = string
  nullable    = false
}

variable "role_name" {
  description = "Role that gets the permissions."
  type        = string
  nullable    = false
}

variable "sid" {
  description = "What the permissions are for, as a statement id."
  type        = string
  nullable    = false
}

variable "actions" {
  description = "What may be done."
  type        = list(string)
  nullable    = false
}

variable "targets" {
  description = "Per target the ARNs that stand for it. Exactly these are covered, nothing else."
  type        = list(list(string))
  nullable    = false
}
