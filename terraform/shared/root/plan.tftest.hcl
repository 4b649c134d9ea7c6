# The environment plans from nothing, without an account. The folders of terraform/environments link here.

mock_provider "aws" {
  source = "../mocks"
}

override_module {
  target = module.auto_repair.module.artifacts
  outputs = {
    bucket_arn = "arn:aws:s3:::b"
    packages = {
      "layer.zip"                   = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/approver.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/collector.zip"       = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/coordinator.zip"     = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/diagnoser.zip"       = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/executor.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/notifier.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/planner.zip"         = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/slack_notifier.zip"  = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/change_recorder.zip" = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/findings.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
      "lambdas/verifier.zip"        = { bucket = "b", key = "k", version = "v", sha256 = "h" }
    }
  }
}

variables {
  artifacts_dir = "built-elsewhere"
}

run "plans_from_nothing" {
  command = plan

  assert {
    condition     = output.event_bus == "lambda-auto-repair-${basename(abspath("."))}" && output.tables.repairs == "lambda-auto-repair-repairs-${basename(abspath("."))}"
    error_message = "Resources carry another environment's name."
  }

  assert {
    condition     = output.buckets.reports == "lambda-auto-repair-reports-${basename(abspath("."))}-123456789012"
    error_message = "Bucket names are global: they carry the account."
  }
}

run "functions_start_in_observe" {
  command = plan

  variables {
    monitored_functions = { orders = {} }
  }

  assert {
    condition     = output.monitored_functions["orders"].mode == "observe"
    error_message = "A new function is changed before anybody has seen what would be done."
  }
}
