# The real provider plans; what it would ask AWS is answered here.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "mock"
  secret_key                  = "mock"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_kms_key.given[0]
  values = {
    arn         = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
    enabled     = true
    key_usage   = "ENCRYPT_DECRYPT"
    key_spec    = "SYMMETRIC_DEFAULT"
    key_manager = "CUSTOMER"
  }
}

variables {
  environment = "dev"
}

run "a_key_of_its_own" {
  command = plan

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_alias.this[0].name == "alias/lambda-auto-repair-dev"
    error_message = "Nobody gave a key, and none is made."
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && jsondecode(aws_kms_key.this[0].policy) == jsondecode(output.policy)
    error_message = "Our own key does without what we ask of others."
  }

  assert {
    condition = output.services == tolist([
      "budgets.amazonaws.com",
      "cloudtrail.amazonaws.com",
      "cloudwatch.amazonaws.com",
      "events.amazonaws.com",
      "logs.us-east-1.amazonaws.com",
    ])
    error_message = "Not exactly the services that encrypt for us are let in."
  }
}

run "a_key_that_exists" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
  }

  assert {
    condition     = output.key_arn == var.kms_key_arn && length(aws_kms_key.this) + length(aws_kms_alias.this) == 0
    error_message = "A key was given, and yet one is made, or another is used."
  }
}

run "one_policy_for_all_environments_of_an_account" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = output.policy == run.a_key_of_its_own.policy
    error_message = "Environments cannot share a key if each wants another policy."
  }
}

run "refuses_an_alias" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:alias/company"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_key_of_another_region" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
  }

  expect_failures = [data.aws_kms_key.given]
}
