# Keys that would let the apply fail half-way, or messages get lost.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_region" {
    defaults = { name = "us-east-1" }
  }
}

variables {
  environment = "dev"
  kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
}

run "refuses_a_disabled_key" {
  command = plan

  override_data {
    target = data.aws_kms_key.given[0]
    values = { enabled = false, key_state = "Disabled", key_usage = "ENCRYPT_DECRYPT", key_spec = "SYMMETRIC_DEFAULT", key_manager = "CUSTOMER" }
  }

  expect_failures = [data.aws_kms_key.given]
}

run "refuses_a_key_that_signs" {
  command = plan

  override_data {
    target = data.aws_kms_key.given[0]
    values = { enabled = true, key_state = "Enabled", key_usage = "SIGN_VERIFY", key_spec = "RSA_2048", key_manager = "CUSTOMER" }
  }

  expect_failures = [data.aws_kms_key.given]
}

run "refuses_a_key_that_aws_manages" {
  command = plan

  override_data {
    target = data.aws_kms_key.given[0]
    values = { enabled = true, key_state = "Enabled", key_usage = "ENCRYPT_DECRYPT", key_spec = "SYMMETRIC_DEFAULT", key_manager = "AWS" }
  }

  expect_failures = [data.aws_kms_key.given]
}
