# One key for everything the system stores: one place to audit, to rotate and, if it must be, to switch off. Several
# environments of an account and region may share one.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id
  place     = "${local.region}:${local.account}"

  # The same for every environment of the account and region. Services are bound by the encryption context, which names
  # the very resource they encrypt. EventBridge is documented to ignore conditions on the source when it publishes to
  # SNS, so those would lock it out.
  policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "IamPoliciesOfThisAccountDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.${data.aws_partition.current.dns_suffix}" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.place}:log-group:*"
          }
        }
      },
      {
        Sid       = "PublishersToTheTopic"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:sns:topicArn" = "arn:${local.partition}:sns:${local.place}:lambda-auto-repair-*"
          }
        }
      },
      {
        Sid       = "UndeliveredEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:sqs:arn" = "arn:${local.partition}:sqs:${local.place}:lambda-auto-repair-*"
          }
        }
      },
      {
        Sid       = "EventsOnTheBus"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:events:event-bus:arn" = "arn:${local.partition}:events:${local.place}:event-bus/lambda-auto-repair-*"
          }
        }
      },
      {
        # EventBridge looks the key up when the bus is made; the call carries no encryption context.
        Sid       = "EventBridgeLooksTheKeyUp"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
      },
      {
        Sid       = "TrailEncryptsItsLogFiles"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:cloudtrail:${local.place}:trail/lambda-auto-repair-*"
          }
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${local.partition}:cloudtrail:*:${local.account}:trail/*"
          }
        }
      },
      {
        Sid       = "TrailLooksTheKeyUp"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Condition = {
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:cloudtrail:${local.place}:trail/lambda-auto-repair-*"
          }
        }
      },
    ]
  }
}


resource "aws_kms_key" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Encrypts what Lambda Auto-Repair stores (${var.environment})"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = jsonencode(local.policy)
}

resource "aws_kms_alias" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  name          = "alias/lambda-auto-repair-${var.environment}"
  target_key_id = aws_kms_key.this[0].key_id
}

# Terraform cannot read the policy of a key that exists; scripts/validate-deployment.sh does.
data "aws_kms_key" "given" {
  count = var.kms_key_arn == null ? 0 : 1

  key_id = var.kms_key_arn

  lifecycle {
    precondition {
      condition     = strcontains(var.kms_key_arn, ":kms:${local.place}:")
      error_message = "kms_key_arn is a key of another account or region: ${var.kms_key_arn}. This environment lives in ${local.place}, and its services need a key there."
    }

    postcondition {
      condition     = self.enabled && self.key_usage == "ENCRYPT_DECRYPT" && self.key_spec == "SYMMETRIC_DEFAULT"
      error_message = "kms_key_arn is not an enabled, symmetric key for encryption: ${var.kms_key_arn} is ${self.key_state}, ${self.key_usage}, ${self.key_spec}."
    }

    postcondition {
      condition     = self.key_manager == "CUSTOMER"
      error_message = "kms_key_arn is a key that AWS manages: ${var.kms_key_arn}. Nobody can change its policy, and CloudWatch, EventBridge and CloudTrail could not use it."
    }
  }
}
