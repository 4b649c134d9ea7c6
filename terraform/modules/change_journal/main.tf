# Who changed what: CloudTrail's events of the calls in calls.json, by resource and time. What was there before a
# change is worked out by whoever reads it, so events may come late and in any order.

locals {
  table = "lambda-auto-repair-changes-${var.environment}"
  # Several rules, since a pattern may hold 2048 characters.
  calls = jsondecode(file("${path.module}/calls.json"))
}

resource "aws_dynamodb_table" "this" {
  name                        = local.table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "resource"
  range_key                   = "at"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "resource"
    type = "S"
  }

  # Time and event id: the same event is one item, however often it is delivered.
  attribute {
    name = "at"
    type = "S"
  }

  attribute {
    name = "journal"
    type = "S"
  }

  # All changes in order of time, under one value of `journal`: which resources changed is one query, whoever asks.
  # What was changed is read from the table.
  global_secondary_index {
    name            = "byTime"
    hash_key        = "journal"
    range_key       = "at"
    projection_type = "KEYS_ONLY"
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
