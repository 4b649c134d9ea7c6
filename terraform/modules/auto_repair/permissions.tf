# What each function may do, beyond its own log and traces (module lambda_function). One statement per intent,
# written once; a function's document is the list of its intents. Only the executor changes anything that is not
# ours, and only what is onboarded (monitored_functions.tf).

locals {
  arn_of = {
    any_function  = "arn:${local.partition}:lambda:${local.place}:function:*"
    any_queue     = "arn:${local.partition}:sqs:${local.place}:*"
    function_logs = "arn:${local.partition}:logs:${local.place}:log-group:/aws/lambda/*"
    repairs       = "arn:${local.partition}:dynamodb:${local.place}:table/${module.incident_store.repairs_table}"
    diagnosis     = "arn:${local.partition}:dynamodb:${local.place}:table/${module.incident_store.diagnosis_table}"
    changes       = "arn:${local.partition}:dynamodb:${local.place}:table/lambda-auto-repair-changes-${var.environment}"
    incidents     = "arn:${local.partition}:dynamodb:${local.place}:table/${module.incident_store.incidents_table}"
    reports       = "arn:${local.partition}:s3:::${module.incident_store.reports_bucket}/*"
    policies      = "arn:${local.partition}:ssm:${local.place}:parameter/lambda-auto-repair/${var.environment}/functions/*"
    alarm_rules   = "arn:${local.partition}:events:${local.place}:rule/lambda-auto-repair-${var.environment}/lambda-auto-repair-alarm-rule-*"
    executions    = "arn:${local.partition}:states:${local.place}:execution:lambda-auto-repair-workflow-${var.environment}:*"
    stacks        = "arn:${local.partition}:cloudformation:${local.place}:stack/*"
    deployments   = "arn:${local.partition}:codedeploy:${local.place}:deploymentgroup:*"
    findings      = "arn:${local.partition}:lambda:${local.place}:function:lambda-auto-repair-findings-${var.environment}"
    undelivered   = "arn:${local.partition}:sqs:${local.place}:lambda-auto-repair-undelivered-events-${var.environment}"
  }
  # Their integrations and authorizers; not their keys, certificates or exports.
  arn_of_apis = flatten([
    for kind in ["apis", "restapis"] : [
      for path in ["", "/*", "/*/authorizers", "/*/integrations", "/*/resources"] :
      "arn:${local.partition}:apigateway:${local.region}::/${kind}${path}"
    ]
  ])
}

# Reading what is not ours.

data "aws_iam_policy_document" "find_function" {
  statement {
    sid       = "FindFunction"
    actions   = ["lambda:GetFunctionConfiguration"]
    resources = [local.arn_of.any_function]
  }
}

data "aws_iam_policy_document" "read_functions" {
  statement {
    sid = "ReadFunctions"
    actions = [
      "lambda:GetAlias",
      "lambda:GetFunctionConcurrency",
      "lambda:GetFunctionConfiguration",
      "lambda:ListAliases",
      "lambda:ListProvisionedConcurrencyConfigs",
    ]
    resources = [local.arn_of.any_function]
  }

  statement {
    sid     = "ReadAccountLimits"
    actions = ["lambda:GetAccountSettings"]
    # GetAccountSettings is about the account.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "read_callers" {
  statement {
    sid       = "ReadCallers"
    actions   = ["lambda:GetFunctionUrlConfig", "lambda:GetPolicy"]
    resources = [local.arn_of.any_function]
  }

  statement {
    sid     = "ReadEventSources"
    actions = ["lambda:ListEventSourceMappings"]
    # ListEventSourceMappings lists for any function or source, and offers no narrower scope.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "read_queues" {
  statement {
    sid       = "ReadQueues"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = [local.arn_of.any_queue]
  }
}

data "aws_iam_policy_document" "read_signals" {
  statement {
    sid       = "ReadLogs"
    actions   = ["logs:FilterLogEvents"]
    resources = [local.arn_of.function_logs]
  }

  statement {
    sid     = "ReadMetrics"
    actions = ["cloudwatch:GetMetricData"]
    # GetMetricData offers no narrower scope.
    resources = ["*"]
  }
}

# What single requests met. Their documents hold what the traced functions wrote into them.
data "aws_iam_policy_document" "read_traces" {
  statement {
    sid     = "ReadTraces"
    actions = ["xray:BatchGetTraces", "xray:GetTraceSummaries"]
    # X-Ray offers no narrower scope for traces.
    resources = ["*"]
  }
}

# Settings that bound what metrics tell; those of queues are among read_topology.
data "aws_iam_policy_document" "read_limits" {
  statement {
    sid     = "ReadLimits"
    actions = ["kinesis:DescribeStreamSummary", "rds:DescribeDBInstances"]
    resources = [
      "arn:${local.partition}:kinesis:${local.place}:stream/*",
      "arn:${local.partition}:rds:${local.place}:db:*",
    ]
  }
}

data "aws_iam_policy_document" "read_changes" {
  statement {
    sid     = "ReadChanges"
    actions = ["cloudtrail:LookupEvents"]
    # LookupEvents offers no narrower scope.
    resources = ["*"]
  }

  statement {
    sid       = "ReadJournalOfChanges"
    actions   = ["dynamodb:Query"]
    resources = [local.arn_of.changes, "${local.arn_of.changes}/index/byTime"]
  }

  statement {
    sid     = "ReadRecordedConfigurations"
    actions = ["config:BatchGetResourceConfig", "config:GetResourceConfigHistory", "config:ListDiscoveredResources"]
    # AWS Config offers no narrower scope for what it recorded.
    resources = ["*"]
  }

  statement {
    sid     = "ReadTroubleOfAws"
    actions = ["health:DescribeEvents"]
    # DescribeEvents offers no narrower scope.
    resources = ["*"]
  }

  statement {
    sid       = "ReadWhatTroubleOfAwsConcerns"
    actions   = ["health:DescribeAffectedEntities"]
    resources = ["arn:${local.partition}:health:*::event/*/*/*"]
  }

  statement {
    sid       = "ReadStacks"
    actions   = ["cloudformation:DescribeStackResources", "cloudformation:ListStackResources"]
    resources = [local.arn_of.stacks]
  }

  statement {
    sid       = "ReadDeployments"
    actions   = ["codedeploy:BatchGetDeployments", "codedeploy:ListDeployments"]
    resources = [local.arn_of.deployments]
  }

  statement {
    sid     = "ReadTargetsOfDeployments"
    actions = ["codedeploy:ListDeploymentTargets"]
    # ListDeploymentTargets offers no narrower scope.
    resources = ["*"]
  }
}

# Who works with whom. Everything here only reads settings, of whatever an alarm may be about.
data "aws_iam_policy_document" "read_topology" {
  statement {
    sid       = "ReadFunctionsAndTheirGrants"
    actions   = ["lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:ListFunctionEventInvokeConfigs"]
    resources = [local.arn_of.any_function]
  }

  statement {
    sid       = "ReadApis"
    actions   = ["apigateway:GET"]
    resources = local.arn_of_apis
  }

  statement {
    sid       = "ReadRoles"
    actions   = ["iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/*"]
  }

  statement {
    sid       = "ReadPoliciesOfRoles"
    actions   = ["iam:GetPolicy", "iam:GetPolicyVersion"]
    resources = ["arn:${local.partition}:iam::*:policy/*"]
  }

  statement {
    sid       = "ReadRules"
    actions   = ["events:ListTargetsByRule"]
    resources = ["arn:${local.partition}:events:${local.place}:rule/*"]
  }

  statement {
    sid       = "ReadQueuesAndTopics"
    actions   = ["sns:ListSubscriptionsByTopic", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = ["arn:${local.partition}:sns:${local.place}:*", local.arn_of.any_queue]
  }

  statement {
    sid       = "ReadBuckets"
    actions   = ["s3:GetBucketNotification", "s3:GetEncryptionConfiguration"]
    resources = ["arn:${local.partition}:s3:::*"]
  }

  statement {
    sid       = "ReadKeys"
    actions   = ["kms:DescribeKey"]
    resources = ["arn:${local.partition}:kms:${local.place}:key/*"]
  }

  statement {
    sid       = "ReadTablesAndStateMachines"
    actions   = ["dynamodb:DescribeTable", "states:DescribeStateMachine"]
    resources = ["arn:${local.partition}:dynamodb:${local.place}:table/*", "arn:${local.partition}:states:${local.place}:stateMachine:*"]
  }

  statement {
    sid = "ReadWhatIsOnlyListed"
    actions = [
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "events:ListRuleNamesByTarget",
      "lambda:ListEventSourceMappings",
      "xray:GetServiceGraph",
    ]
    # None of these offers a narrower scope.
    resources = ["*"]
  }
}

# Names of resources stand in parameters: a function finds its bucket or table through one.
data "aws_iam_policy_document" "read_parameters" {
  statement {
    sid       = "ReadParametersThatNameResources"
    actions   = ["ssm:GetParameters"]
    resources = ["arn:${local.partition}:ssm:${local.place}:parameter/*"]
  }

  # The key aws/ssm lets everybody in the account decrypt who may read the parameter; a key that is shared with us, us.
  # Parameter Store asks KMS in the caller's name and names the parameter: what is denied here stays encrypted.
  statement {
    sid       = "LeaveSecretParametersEncrypted"
    effect    = "Deny"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["ssm.*"]
    }

    condition {
      test     = "StringNotLike"
      variable = "kms:EncryptionContext:PARAMETER_ARN"
      values   = [local.arn_of.policies]
    }
  }
}

# Everything around a symptom, for the first look and for a later one.
data "aws_iam_policy_document" "look_around" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_signals.json,
    data.aws_iam_policy_document.read_changes.json,
    data.aws_iam_policy_document.read_limits.json,
    data.aws_iam_policy_document.read_traces.json,
    data.aws_iam_policy_document.read_topology.json,
    data.aws_iam_policy_document.read_parameters.json,
  ]
}

# Composite alarms name others, and an alarm's owner may say with a tag what it is about.
data "aws_iam_policy_document" "read_alarms" {
  #checkov:skip=CKV_AWS_356:AWS tells of composite alarms only who may DescribeAlarms on *; it reads settings and states of alarms, nothing else
  statement {
    sid     = "ReadAlarms"
    actions = ["cloudwatch:DescribeAlarms"]
    # DescribeAlarms tells of composite alarms only who may read all alarms.
    resources = ["*"]
  }

  statement {
    sid       = "ReadTagsOfAlarms"
    actions   = ["cloudwatch:ListTagsForResource"]
    resources = ["arn:${local.partition}:cloudwatch:${local.place}:alarm:*"]
  }
}

# What a question in words may be about.
data "aws_iam_policy_document" "know_resources" {
  statement {
    sid     = "ListOnboardedFunctions"
    actions = ["ssm:DescribeParameters"]
    # DescribeParameters lists names of any parameter, and offers no narrower scope.
    resources = ["*"]
  }

  statement {
    sid     = "ListWhatIsMeasured"
    actions = ["cloudwatch:ListMetrics"]
    # ListMetrics tells names of any metric, and offers no narrower scope.
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "read_policies" {
  statement {
    sid       = "ReadOwnersPolicies"
    actions   = ["ssm:GetParameter"]
    resources = [local.arn_of.policies]
  }
}

data "aws_iam_policy_document" "read_pause_switches" {
  statement {
    sid       = "ReadPauseSwitches"
    actions   = ["events:DescribeRule"]
    resources = [local.arn_of.alarm_rules]
  }
}

# Memory.

data "aws_iam_policy_document" "open_incidents" {
  statement {
    sid       = "OpenIncidents"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.arn_of.incidents]
  }

  # An incident whose execution has ended holds its function no longer.
  statement {
    sid       = "SeeWhetherIncidentsAreWorkedOn"
    actions   = ["states:DescribeExecution"]
    resources = [local.arn_of.executions]
  }
}

# Who is about to change a function makes sure that it is still his.
data "aws_iam_policy_document" "hold_functions" {
  statement {
    sid       = "HoldFunctions"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.arn_of.incidents]
  }
}

data "aws_iam_policy_document" "close_incidents" {
  statement {
    sid       = "CloseIncidents"
    actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [local.arn_of.incidents]
  }
}

data "aws_iam_policy_document" "read_repairs" {
  statement {
    sid       = "ReadRepairs"
    actions   = ["dynamodb:Query"]
    resources = [local.arn_of.repairs]
  }
}

data "aws_iam_policy_document" "record_repairs" {
  statement {
    sid       = "RecordRepairs"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.arn_of.repairs]
  }
}

data "aws_iam_policy_document" "read_answers" {
  statement {
    sid       = "ReadAnswersOfPeople"
    actions   = ["dynamodb:GetItem"]
    resources = [local.arn_of.diagnosis]
  }
}

data "aws_iam_policy_document" "list_diagnoses" {
  statement {
    sid       = "ListDiagnosesOfFunctions"
    actions   = ["dynamodb:Query"]
    resources = [local.arn_of.diagnosis]
  }
}

data "aws_iam_policy_document" "find_incidents" {
  statement {
    sid       = "FindIncidentsByTime"
    actions   = ["dynamodb:Query"]
    resources = ["${local.arn_of.diagnosis}/index/byDay"]
  }
}

data "aws_iam_policy_document" "ask_findings" {
  statement {
    sid       = "AskForAnotherLook"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.arn_of.findings]
  }
}

# What similar incidents of the past turned out to be: their own key of the diagnosis table, and no other.
data "aws_iam_policy_document" "remember_incidents" {
  statement {
    sid       = "RememberIncidents"
    actions   = ["dynamodb:Query"]
    resources = [local.arn_of.diagnosis]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["#incidents"]
    }
  }
}

data "aws_iam_policy_document" "record_diagnoses" {
  statement {
    sid       = "RecordDiagnoses"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.arn_of.diagnosis]
  }
}

data "aws_iam_policy_document" "read_evidence" {
  statement {
    sid       = "ReadEvidence"
    actions   = ["s3:GetObject"]
    resources = [local.arn_of.reports]
  }
}

# Without it, S3 says of a file that is not there that it is forbidden.
data "aws_iam_policy_document" "tell_missing_files" {
  statement {
    sid       = "TellMissingFiles"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${module.incident_store.reports_bucket}"]
  }
}

data "aws_iam_policy_document" "write_evidence" {
  statement {
    sid       = "WriteEvidence"
    actions   = ["s3:PutObject"]
    resources = [local.arn_of.reports]
  }
}

data "aws_iam_policy_document" "record_changes" {
  statement {
    sid       = "RecordChanges"
    actions   = ["dynamodb:PutItem"]
    resources = [local.arn_of.changes]
  }
}

# Telling people.

data "aws_iam_policy_document" "tell_people" {
  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [module.notifications.topic_arn]
  }

  # What was sent is remembered beside the incidents, so that nothing is sent twice.
  statement {
    sid       = "RememberWhatWasSent"
    actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [local.arn_of.incidents]
  }
}

data "aws_iam_policy_document" "encrypt" {
  statement {
    sid       = "EncryptWhatIsWritten"
    actions   = ["kms:GenerateDataKey"]
    resources = [module.encryption.key_arn]
  }
}

data "aws_iam_policy_document" "keep_failed_events" {
  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn_of.undelivered]
  }
}

data "aws_iam_policy_document" "read_slack_webhook" {
  dynamic "statement" {
    for_each = var.slack_webhook_secret_arn[*]

    content {
      sid       = "ReadSlackWebhook"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }
}

# The model that may judge and word what we found; it reads what it is given, and changes nothing.
data "aws_iam_policy_document" "ask_model" {
  dynamic "statement" {
    for_each = var.advisor[*]

    content {
      sid       = "AskModel"
      actions   = ["bedrock:InvokeModel"]
      resources = statement.value.model_arns
    }
  }

  dynamic "statement" {
    for_each = [for advisor in var.advisor[*] : advisor.knowledge_base_id if advisor.knowledge_base_id != null]

    content {
      sid       = "SearchKnowledgeBase"
      actions   = ["bedrock:Retrieve"]
      resources = ["arn:${local.partition}:bedrock:${local.place}:knowledge-base/${statement.value}"]
    }
  }
}

# The functions.

data "aws_iam_policy_document" "coordinator" {
  source_policy_documents = [
    data.aws_iam_policy_document.find_function.json,
    data.aws_iam_policy_document.read_alarms.json,
    data.aws_iam_policy_document.read_topology.json,
    data.aws_iam_policy_document.read_parameters.json,
    data.aws_iam_policy_document.read_policies.json,
    data.aws_iam_policy_document.know_resources.json,
    data.aws_iam_policy_document.open_incidents.json,
  ]
}

data "aws_iam_policy_document" "collector" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_functions.json,
    data.aws_iam_policy_document.read_callers.json,
    data.aws_iam_policy_document.read_queues.json,
    data.aws_iam_policy_document.look_around.json,
    data.aws_iam_policy_document.read_policies.json,
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.write_evidence.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "diagnoser" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.remember_incidents.json,
    data.aws_iam_policy_document.record_diagnoses.json,
    data.aws_iam_policy_document.ask_model.json,
  ]
}

data "aws_iam_policy_document" "planner" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.read_policies.json,
    data.aws_iam_policy_document.read_pause_switches.json,
    data.aws_iam_policy_document.read_repairs.json,
    data.aws_iam_policy_document.record_repairs.json,
  ]
}

data "aws_iam_policy_document" "approver" {
  source_policy_documents = [
    data.aws_iam_policy_document.record_repairs.json,
    data.aws_iam_policy_document.tell_people.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "executor" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_functions.json,
    data.aws_iam_policy_document.read_queues.json,
    data.aws_iam_policy_document.read_policies.json,
    data.aws_iam_policy_document.read_pause_switches.json,
    data.aws_iam_policy_document.hold_functions.json,
    data.aws_iam_policy_document.read_repairs.json,
    data.aws_iam_policy_document.record_repairs.json,
  ]
}

data "aws_iam_policy_document" "verifier" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_functions.json,
    data.aws_iam_policy_document.read_signals.json,
    data.aws_iam_policy_document.read_policies.json,
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.write_evidence.json,
    data.aws_iam_policy_document.read_repairs.json,
    data.aws_iam_policy_document.record_repairs.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "notifier" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.write_evidence.json,
    data.aws_iam_policy_document.read_repairs.json,
    data.aws_iam_policy_document.record_repairs.json,
    data.aws_iam_policy_document.read_answers.json,
    data.aws_iam_policy_document.remember_incidents.json,
    data.aws_iam_policy_document.record_diagnoses.json,
    data.aws_iam_policy_document.close_incidents.json,
    data.aws_iam_policy_document.tell_people.json,
    data.aws_iam_policy_document.keep_failed_events.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "slack_notifier" {
  source_policy_documents = [
    data.aws_iam_policy_document.read_slack_webhook.json,
    data.aws_iam_policy_document.keep_failed_events.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "findings" {
  source_policy_documents = [
    data.aws_iam_policy_document.look_around.json,
    data.aws_iam_policy_document.read_evidence.json,
    data.aws_iam_policy_document.write_evidence.json,
    data.aws_iam_policy_document.tell_missing_files.json,
    data.aws_iam_policy_document.read_repairs.json,
    data.aws_iam_policy_document.read_answers.json,
    data.aws_iam_policy_document.list_diagnoses.json,
    data.aws_iam_policy_document.remember_incidents.json,
    data.aws_iam_policy_document.record_diagnoses.json,
    data.aws_iam_policy_document.tell_people.json,
    data.aws_iam_policy_document.keep_failed_events.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}

data "aws_iam_policy_document" "change_recorder" {
  source_policy_documents = [
    data.aws_iam_policy_document.find_incidents.json,
    data.aws_iam_policy_document.ask_findings.json,
    data.aws_iam_policy_document.record_changes.json,
    data.aws_iam_policy_document.keep_failed_events.json,
    data.aws_iam_policy_document.encrypt.json,
  ]
}
