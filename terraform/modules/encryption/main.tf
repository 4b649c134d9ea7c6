# One key for everything the system stores: one place to audit, to rotate and, if it must be, to switch off.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id
  place     = "${local.region}:${local.account}"
}

resource "aws_kms_key" "this" {
  description             = "Encrypts what Lambda Auto-Repair stores (${var.environment})"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days

  # Services are bound by the encryption context, which names the very resource they encrypt. EventBridge is
  # documented to ignore conditions on the source when it publishes to SNS, so those would lock it out.
  policy = jsonencode({
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
          StringEquals = {
            "aws:SourceArn" = "arn:${local.partition}:cloudtrail:${local.place}:trail/lambda-auto-repair-${var.environment}"
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
          StringEquals = {
            "aws:SourceArn" = "arn:${local.partition}:cloudtrail:${local.place}:trail/lambda-auto-repair-${var.environment}"
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/lambda-auto-repair-${var.environment}"
  target_key_id = aws_kms_key.this.key_id
}
