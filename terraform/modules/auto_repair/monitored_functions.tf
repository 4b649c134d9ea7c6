locals {
  monitored_functions = merge(var.monitored_functions, var.additional_monitored_functions)

  function_arns = { for name in keys(local.monitored_functions) : name => "arn:${local.partition}:lambda:${local.place}:function:${name}" }
}

module "monitored_functions" {
  source   = "../monitored_function"
  for_each = local.monitored_functions

  function_name         = each.key
  environment           = var.environment
  default_mode          = var.default_mode
  settings              = each.value
  settings_as_written   = each.value
  event_bus_name        = module.repair_workflow.event_bus_name
  state_machine_arn     = module.repair_workflow.state_machine_arn
  start_role_arn        = module.repair_workflow.start_role_arn
  undelivered_queue_arn = module.repair_workflow.undelivered_queue_arn
  kms_key_arn           = module.encryption.key_arn
}

# Who may touch which of them. These four grants and nothing else reach what belongs to other people.

module "changes_to_functions" {
  source = "../target_grant"

  name      = "lambda-auto-repair-functions-${var.environment}"
  role_name = module.functions["executor"].role_name
  sid       = "ChangeOnboardedFunctions"
  actions = [
    "lambda:DeleteFunctionConcurrency",
    "lambda:PublishVersion",
    "lambda:PutFunctionConcurrency",
    "lambda:UpdateAlias",
    "lambda:UpdateFunctionConfiguration",
  ]
  targets = [for arn in values(local.function_arns) : [arn, "${arn}:*"]]
}

module "changes_to_queues" {
  source = "../target_grant"

  name      = "lambda-auto-repair-queues-${var.environment}"
  role_name = module.functions["executor"].role_name
  sid       = "ChangeQueuesOfOnboardedFunctions"
  actions   = ["sqs:SetQueueAttributes"]
  targets   = [for arn in distinct(flatten([for entry in values(local.monitored_functions) : try(entry.queues, [])])) : [arn]]
}

module "changes_to_buckets" {
  source = "../target_grant"

  name      = "lambda-auto-repair-buckets-${var.environment}"
  role_name = module.functions["executor"].role_name
  sid       = "RestorePoliciesOfListedBuckets"
  actions   = ["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"]
  targets   = [for arn in distinct(flatten([for entry in values(local.monitored_functions) : try(entry.buckets, [])])) : [arn]]
}

module "probes" {
  source = "../target_grant"

  name      = "lambda-auto-repair-probes-${var.environment}"
  role_name = module.functions["verifier"].role_name
  sid       = "SendProbesTheOwnersAllow"
  actions   = ["lambda:InvokeFunction"]
  targets   = [for name, entry in local.monitored_functions : [local.function_arns[name], "${local.function_arns[name]}:*"] if try(entry.probe_payload, null) != null]
}

# AWS attaches ten managed policies to a role unless asked for more. Better to hear it from the plan than from the apply.
locals {
  executor_policies = module.changes_to_functions.policies + module.changes_to_queues.policies + module.changes_to_buckets.policies
}

resource "terraform_data" "attachable_policies" {
  lifecycle {
    precondition {
      condition     = local.executor_policies <= 10
      error_message = "Too many functions for one executor: ${length(local.monitored_functions)} functions, their queues and buckets need ${local.executor_policies} managed policies, and AWS attaches 10 to a role. Move some functions to an environment of their own."
    }

    precondition {
      condition     = module.probes.policies <= 10
      error_message = "Too many functions with a probe_payload: they need ${module.probes.policies} managed policies on the verifier's role, and AWS attaches 10. Move some functions to an environment of their own."
    }
  }
}
