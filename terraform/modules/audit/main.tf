data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  name      = "lambda-auto-repair-${var.environment}"
  trail_arn = "arn:${local.partition}:cloudtrail:${data.aws_region.current.name}:${local.account}:trail/${local.name}"
  bucket    = "lambda-auto-repair-audit-${var.environment}${var.bucket_suffix}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "CloudTrail/lambda-auto-repair"
  retention_in_days = var.retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:Nobody needs a message per log file: the events themselves are in the log group and on EventBridge
  count = var.trail ? 1 : 0

  name                          = local.name
  s3_bucket_name                = module.bucket[0].name
  kms_key_id                    = var.kms_key_arn
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.this.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail[0].arn
  enable_log_file_validation    = true
  is_multi_region_trail         = true
  include_global_service_events = true

  # Reads are left out: they explain no incident and are most of the volume.
  advanced_event_selector {
    name = "changes"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }

    field_selector {
      field  = "readOnly"
      equals = ["false"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = length(var.observed_bucket_arns) > 0 ? ["objects"] : []

    content {
      name = advanced_event_selector.value

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }

      field_selector {
        field       = "resources.ARN"
        starts_with = [for arn in var.observed_bucket_arns : "${arn}/"]
      }
    }
  }

  depends_on = [module.bucket, aws_iam_role_policy.trail]
}

module "bucket" {
  count  = var.trail ? 1 : 0
  source = "../private_bucket"

  name                = local.bucket
  kms_key_arn         = var.kms_key_arn
  has_bucket_key      = false # with one, CloudTrail would have to be allowed to decrypt what it writes
  expiration_days     = var.retention_days
  is_disposable       = !var.deletion_protection
  further_policy_json = data.aws_iam_policy_document.bucket.json
}
