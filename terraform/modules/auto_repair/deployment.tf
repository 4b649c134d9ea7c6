# What the environment consists of, written down where everybody who may look at the account can read it:
# scripts/validate_deployment.py checks it piece by piece. The onboarded functions are known by their policies.

locals {
  on_the_default_bus = merge(module.repair_workflow.rules, module.change_journal.rules)
  on_our_bus         = { for rule in aws_cloudwatch_event_rule.watched_alarms : rule.name => [module.repair_workflow.state_machine_arn] }

  deployment = {
    advisor = var.advisor == null ? null : { model_arns = var.advisor.model_arns, knowledge_base_id = var.advisor.knowledge_base_id }
    alarms  = concat([module.system_health.alarm_name], flatten(values(module.functions)[*].alarms))
    buckets = concat(
      [for arn in [module.artifacts.bucket_arn, module.knowledge_base.bucket_arn, module.incident_store.reports_bucket_arn] : element(split(":::", arn), 1)],
      flatten(module.audit[*].buckets),
    )
    dashboard = module.system_health.dashboard_name
    event_bus = module.repair_workflow.event_bus_name
    functions = { for role, function in module.functions : function.name => module.artifacts.packages["lambdas/${role}.zip"].sha256 }
    health    = module.system_health.alarm_name
    key       = { arn = module.encryption.key_arn, services = module.encryption.services }
    layer     = module.shared_layer.arn
    # Days that they are kept.
    log_groups = merge(
      { for group in concat(values(module.functions)[*].log_group, [module.repair_workflow.log_group]) : group.name => group.days },
      { for audit in module.audit : audit.log_group => var.retention_days },
    )
    queues = [module.repair_workflow.undelivered_queue_name]
    # How many managed policies each has beside lambda-auto-repair-policy.
    roles = merge(
      { for role, function in module.functions : function.role_name => lookup({ executor = local.executor_policies, verifier = module.probes.policies }, role, 0) },
      { for name in concat(module.repair_workflow.role_names, flatten(module.audit[*].role_names)) : name => 0 },
    )
    rules = merge(
      { for name, targets in local.on_the_default_bus : name => { bus = "default", targets = targets } },
      { for name, targets in local.on_our_bus : name => { bus = module.repair_workflow.event_bus_name, targets = targets } },
    )
    slack_secret  = var.slack_webhook_secret_arn
    state_machine = module.repair_workflow.state_machine_arn
    tables        = values(local.tables)
    topic         = module.notifications.topic_arn
    trail         = one(module.audit[*].trail)
  }
  tables = {
    changes   = module.change_journal.table
    repairs   = module.incident_store.repairs_table
    diagnosis = module.incident_store.diagnosis_table
    incidents = module.incident_store.incidents_table
  }
}

# One parameter per kind: a parameter may hold 4096 characters.
resource "aws_ssm_parameter" "deployment" {
  #checkov:skip=CKV2_AWS_34:Names of resources, no secrets; who checks a deployment need not be able to decrypt anything
  for_each = local.deployment

  name        = "/lambda-auto-repair/${var.environment}/deployment/${each.key}"
  description = "What Lambda Auto-Repair consists of: ${each.key}"
  type        = "String"
  value       = jsonencode(each.value)
}
