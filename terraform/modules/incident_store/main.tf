# What the system remembers. Histories (repairs, diagnosis) are read by function; the index answers "what
# happened since yesterday" without a scan. Open incidents are one item each, so claiming one is one conditional write.

resource "aws_dynamodb_table" "histories" {
  for_each = toset(["repairs", "diagnosis"])

  name                        = "lambda-auto-repair-${each.key}-${var.environment}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "functionName"
  range_key                   = "executedAt"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "functionName"
    type = "S"
  }

  attribute {
    name = "executedAt"
    type = "S"
  }

  attribute {
    name = "day"
    type = "S"
  }

  global_secondary_index {
    name            = "byDay"
    hash_key        = "day"
    range_key       = "executedAt"
    projection_type = "ALL"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  ttl {
    enabled        = true
    attribute_name = "expiresAt"
  }
}

resource "aws_dynamodb_table" "incidents" {
  name                        = "lambda-auto-repair-incidents-${var.environment}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  ttl {
    enabled        = true
    attribute_name = "expiresAt"
  }
}

module "reports" {
  source = "../private_bucket"

  name            = "lambda-auto-repair-reports-${var.environment}${var.bucket_suffix}"
  kms_key_arn     = var.kms_key_arn
  expiration_days = var.retention_days
  is_disposable   = !var.deletion_protection
}
