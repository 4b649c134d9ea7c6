# The real provider writes the documents, so that their size is the real one. Nothing is asked of AWS.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "mock"
  secret_key                  = "mock"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  name      = "lambda-auto-repair-functions-dev"
  role_name = "lambda-auto-repair-execution-dev"
  sid       = "ChangeOnboardedFunctions"
  actions   = ["lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "lambda:UpdateAlias", "lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"]
}

run "without_targets_nothing_is_granted" {
  command = plan

  variables {
    targets = []
  }

  assert {
    condition     = output.policies == 0 && length(aws_iam_role_policy_attachment.this) == 0
    error_message = "A policy without resources is not a policy."
  }
}

run "exactly_the_targets_are_covered" {
  command = plan

  variables {
    targets = [for number in range(45) : ["arn:aws:lambda:us-east-1:123456789012:function:f${number}", "arn:aws:lambda:us-east-1:123456789012:function:f${number}:*"]]
  }

  assert {
    condition     = output.policies == 3
    error_message = "45 targets at 20 a policy are three policies."
  }

  assert {
    condition = (
      toset(flatten([for document in output.documents : jsondecode(document).Statement[*].Resource])) ==
      toset(flatten(var.targets))
    )
    error_message = "The policies together cover more or less than the targets."
  }
}

run "the_longest_names_fit" {
  command = plan

  variables {
    targets = [for number in range(20) : [
      "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:${format("%064d", number)}",
      "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:${format("%064d", number)}:*",
    ]]
  }

  assert {
    condition     = output.policies == 1 && length(output.documents[0]) <= 6144
    error_message = "20 functions with names of 64 characters do not fit into one policy."
  }
}

run "refuses_a_policy_that_AWS_would_refuse" {
  command = plan

  variables {
    targets_per_policy = 100
    targets            = [for number in range(100) : ["arn:aws:lambda:us-east-1:123456789012:function:${format("%064d", number)}"]]
  }

  expect_failures = [aws_iam_policy.this]
}
