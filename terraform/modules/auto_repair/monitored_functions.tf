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
  # Lambda checks all of these against the function itself, also where an alias is moved.
  targets = [for arn in values(local.function_arns) : [arn]]
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

# Better to hear of AWS's limits from the plan than in the middle of an apply.
locals {
  executor_policies = module.changes_to_functions.policies + module.changes_to_queues.policies + module.changes_to_buckets.policies
  rules_on_the_bus  = length(local.monitored_functions) + length(aws_cloudwatch_event_rule.watched_alarms)
  way_out           = "or move some functions to an environment of their own (docs/cost-and-limits.md, How many functions)"
}

resource "terraform_data" "quotas" {
  lifecycle {
    precondition {
      condition     = local.rules_on_the_bus <= var.quotas.rules_per_bus
      error_message = "Too many functions for one event bus: ${length(local.monitored_functions)} functions need ${local.rules_on_the_bus} rules on lambda-auto-repair-${var.environment}, and quotas.rules_per_bus is ${var.quotas.rules_per_bus}. Ask AWS for more (Service Quotas, EventBridge, L-244521F2) and say so in quotas, ${local.way_out}."
    }

    precondition {
      condition     = local.executor_policies <= var.quotas.policies_per_role
      error_message = "Too many functions for one executor: ${length(local.monitored_functions)} functions, their queues and buckets need ${local.executor_policies} managed policies on its role, and quotas.policies_per_role is ${var.quotas.policies_per_role}. Ask AWS for more (Service Quotas in us-east-1, IAM, L-0DA4ABF3) and say so in quotas, ${local.way_out}."
    }

    precondition {
      condition     = module.probes.policies <= var.quotas.policies_per_role
      error_message = "Too many functions with a probe_payload: they need ${module.probes.policies} managed policies on the verifier's role, and quotas.policies_per_role is ${var.quotas.policies_per_role}. Ask AWS for more (Service Quotas in us-east-1, IAM, L-0DA4ABF3) and say so in quotas, ${local.way_out}."
    }
  }
}
