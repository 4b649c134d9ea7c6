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
    targets = [for number in range(200) : ["arn:aws:lambda:us-east-1:123456789012:function:f${number}", "arn:aws:lambda:us-east-1:123456789012:function:f${number}:*"]]
  }

  assert {
    condition     = sort(flatten([for document in output.documents : jsondecode(document).Statement[*].Resource])) == sort(flatten(var.targets))
    error_message = "The policies together cover more or less than the targets, or one of them twice."
  }

  assert {
    condition     = alltrue([for document in output.documents : length(document) <= 6144])
    error_message = "AWS refuses a policy of more than 6,144 characters."
  }

  assert {
    condition     = output.policies == 4
    error_message = "200 short targets of about 110 characters fit into four policies; more of them waste what can be attached to a role."
  }
}

run "names_of_any_length_fit" {
  command = plan

  variables {
    # Short ones in front of the longest that AWS allows.
    targets = [for number in range(150) : [
      "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:${number < 75 ? number : format("%064d", number)}",
    ]]
  }

  assert {
    condition     = alltrue([for document in output.documents : length(document) <= 6144])
    error_message = "AWS refuses a policy of more than 6,144 characters."
  }

  assert {
    condition     = length(flatten([for document in output.documents : jsondecode(document).Statement[*].Resource])) == 150
    error_message = "A target was lost."
  }
}

run "a_thousand_functions_with_usual_names" {
  command = plan

  variables {
    targets = [for number in range(1000) : ["arn:aws:lambda:eu-central-1:123456789012:function:${format("checkout-orders-prod-%04d", number)}"]]
  }

  assert {
    condition     = output.policies <= 20
    error_message = "${output.policies} policies: AWS attaches 20 to a role where it was asked for that."
  }

  assert {
    condition     = alltrue([for document in output.documents : length(document) <= 6144])
    error_message = "AWS refuses a policy of more than 6,144 characters."
  }
}
