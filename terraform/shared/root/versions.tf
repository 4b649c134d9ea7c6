terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Where the state lives is each account's own: terraform init -backend-config=file
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project     = "lambda-auto-repair"
      Environment = local.environment
      ManagedBy   = "terraform"
    }
  }
}
